/**
 * What a packet source (the kernel sensor, a capture file) hands to the correlation: one datagram or one TCP segment
 * as seen at one socket, and who owns that socket.
 *
 * @module
 */

/** How the kernel learned the owner of a socket, weakest first. */
export const OWNER_KIND = {
  /** Nobody is known. */
  none: 0,
  /** Held the socket when culprit started. */
  holder: 1,
  /** Opened, bound or connected the socket; or accepted it from a listener it opened. */
  opener: 2,
  /** Was the last task to send through the socket. */
  user: 3,
  /** Was the task that sent this very packet. */
  sender: 4,
} as const;

/** One of the numbers in {@linkcode OWNER_KIND}. */
export type OwnerKind = typeof OWNER_KIND[keyof typeof OWNER_KIND];

/** The task that owns a packet. (tgid, startTimeNs) identifies its process for ever. */
export interface PacketOwner {
  tgid: number;
  tid: number;
  /** Start of the thread group's leader, CLOCK_BOOTTIME, ns. */
  startTimeNs: number;
  uid: number;
  gid: number;
  /** Comm of the thread, lossy UTF-8. */
  comm: string;
  kind: OwnerKind;
}

/** One datagram or TCP segment at one socket. */
export interface CapturedPacket {
  /** Live: CLOCK_BOOTTIME ns. File: ns since the first packet. A {@linkcode Clock} turns it into wall time. */
  tsNs: number;
  /** `packet`: sent through AF_PACKET, carrying a UDP datagram. */
  transport: "udp" | "tcp" | "packet";
  family: 4 | 6;
  /** Address octets: 4 for IPv4, 16 for IPv6. Valid only until the next packet is read; copy to keep. */
  sourceAddress: Uint8Array;
  destinationAddress: Uint8Array;
  sourcePort: number;
  destinationPort: number;
  direction: "egress" | "ingress";
  /** Identifies the socket for ever (kernel socket cookie); 0 where there is none (capture files, AF_PACKET). */
  socketCookie: number;
  /** Inode number of the network namespace; 0 in capture files. */
  netns: number;
  /** Device name; empty where unknown. */
  interfaceName: string;
  /** Of a capture file: who it says it is. */
  owner?: PacketOwner | undefined;
  /** Datagrams, live: the socket is connected, and the kernel hands it what comes from the peer it addressed only. */
  isConnected?: boolean;
  /** TCP only: sequence number of the first payload octet. */
  tcpSequence?: number;
  /** TCP only: the flags octet (FIN 1, SYN 2, RST 4, PSH 8, ACK 16). */
  tcpFlags?: number;
  /** TCP only, live: this is the first data of this direction, of a connection seen from its start. */
  tcpStreamStart?: true;
  /** Octets after the UDP or TCP header. Valid only until the next packet is read; copy to keep. */
  payload: Uint8Array;
  /** Octets that were there; more than `payload.length` where the capture was cut. */
  payloadSize: number;
}

/** Turns the `tsNs` of a source into wall time. */
export interface Clock {
  /**
   * @param tsNs time of the source
   * @returns RFC 3339 in UTC with nine digits of seconds, for example `2026-11-21T00:12:03.123456789Z`
   */
  toRfc3339(tsNs: number): string;
}
