/**
 * Every cause of loss that a summary or a `loss` line may name: what is missing then, and what helps.
 *
 * @module
 */

/** A cause, explained. */
export interface LossDescription {
  /** What one of its count is, and what is missing. */
  readonly text: string;
  /** What to do for less of it; absent where nothing helps. */
  readonly remedy?: string;
}

const RING = "a larger `--ring-size` (to 1G) for bursts; where the load lasts, filters, and a reader that keeps up";
const LINUX_7 = "Linux 6.2 and newer leave out a run of a program that is running already on that CPU";

/** By name. Names are stable. */
export const LOSS_CAUSES = {
  ring_full: { text: "DNS packets that the ring between kernel and culprit had no room for", remedy: RING },
  process_ring_full: {
    text: "starts, forks and ends of processes that the ring had no room for: facts of some processes may be unknown",
    remedy: RING,
  },
  processes_missed: {
    text:
      `starts, forks, ends and moves of processes: ${LINUX_7}; a process may be shown with the program it ran before`,
  },
  connection_ring_full: {
    text: "records of connections that the ring had no room for: events, or details of them, are missing",
    remedy: RING,
  },
  resolve_ring_full: {
    text:
      "calls of glibc's resolver functions that the ring had no room for: clients of nscd and nss-resolve may be unknown",
    remedy: RING,
  },
  unix_ring_full: { text: "records of Unix sockets that the ring had no room for", remedy: RING },
  packet_unreadable: { text: "DNS packets whose octets the kernel would not give" },
  segment_cut_bytes: { text: "octets of DNS packets past the 65,536 that are copied (9,216 of AF_PACKET frames)" },
  owner_memory: {
    text: "packets of sockets whose process could not be remembered: the kernel had no memory for it",
    remedy: "free memory, or a larger limit of the cgroup",
  },
  transactions_evicted: {
    text: "DNS queries given up before their time, because too many waited for an answer",
    remedy: "a shorter `--timeout`, or `--messages`",
  },
  tcp_messages: { text: "DNS messages in TCP streams of which octets are missing" },
  tcp_bytes: { text: "octets of TCP streams with DNS that were not seen" },
  tcp_streams_evicted: { text: "TCP streams with DNS given up because there were too many" },
  datagrams_incomplete: { text: "datagrams in a capture file of which a fragment is missing" },
  datagrams_contradictory: { text: "datagrams in a capture file whose fragments contradict each other" },
  connection_sockets_full: {
    text: "sockets the kernel side had no room for: it remembers 262,144",
  },
  connection_users_full: {
    text: "sends and receives of processes it had no room for: 131,072 beyond two of each socket; totals are right",
  },
  connection_flows_full: {
    text: "packets of UDP, raw or ICMP flows it had no room for: it remembers 131,072",
  },
  connection_states_missed: {
    text: `changes of state of TCP connections that neither of the two programs for them saw: ${LINUX_7}`,
  },
  connection_usage_missed: {
    text: `sends and receives: ${LINUX_7}; octets by process are too few, totals are right`,
  },
  connection_opens_missed: {
    text: "TCP connections whose opening went unseen, or whose record was lost; their end was told",
  },
  connection_ends_missed: {
    text: "TCP connections whose end went unseen, or whose record was lost: no event tells it",
  },
  connection_accepts_missed: {
    text: "connections that were closed in order by a process that nobody saw accept them",
  },
  connection_sockets_forgotten: {
    text: "sockets forgotten for newer ones, because 262,144 seemed to live: no event tells their end",
  },
  connection_users_unlisted: { text: "processes of a socket past the 1,024 that an event lists" },
  unix_calls_missed: {
    text: `system calls of any kind: ${LINUX_7}; few of them are about Unix sockets`,
  },
  unix_datagrams_missed: { text: `datagrams of Unix sockets: ${LINUX_7}` },
  unix_ends_missed: { text: `ends of Unix sockets: ${LINUX_7}` },
  edge_ends_joined: {
    text: "connections that `culprit map` counts in an edge with ends joined into one, because there were too many",
    remedy: "filters, or a shorter `--duration`",
  },
  namespaces_refused: {
    text: "network namespaces whose open connections could not be counted",
    remedy: "CAP_SYS_ADMIN",
  },
} as const satisfies Readonly<Record<string, LossDescription>>;

/** Name of a cause. */
export type LossCause = keyof typeof LOSS_CAUSES;

/** Counts by cause; absent for none. */
export type LossCounts = Readonly<Partial<Record<LossCause, number>>>;

/**
 * Leaves out what was not lost.
 *
 * @param counts by cause
 * @returns those that are not 0
 */
export function lossesOf(counts: LossCounts): LossCounts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
