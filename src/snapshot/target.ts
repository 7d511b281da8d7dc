/**
 * What `culprit who` is asked for: an address, a port, both, or a name.
 *
 * @module
 */

import { parseAddress } from "../conns/filter.ts";
import { UsageError } from "../errors.ts";
import type { Endpoint } from "../events.ts";
import { formatAddress } from "../net/address.ts";

/** One end, or a name. */
export interface Target {
  /** As it was written. */
  readonly text: string;
  /** Address in its usual text; undefined for any, and for names. */
  readonly ip: string | undefined;
  /** Port; undefined for any. */
  readonly port: number | undefined;
  /** DNS name in lower case without final dot; undefined for addresses. */
  readonly name: string | undefined;
}

/** The error for what is none. */
function unwanted(text: string): UsageError {
  return new UsageError(
    `argument <target>: found "${text.replaceAll("\n", "\\n")}", wanted an address with port or a name`,
    {
      hint: "for example 192.0.2.7:443, [2001:db8::1]:53, 10.0.0.1, :8080 or example.com",
    },
  );
}

/** The usual text of an address, IPv4-mapped ones as IPv4; undefined when it is none. */
function normalAddress(text: string): string | undefined {
  const octets = parseAddress(text);
  if (octets === undefined) return undefined;
  const shown = formatAddress(Uint8Array.from(octets));
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/.test(shown) ? shown.slice(7) : shown;
}

/** Labels of letters, digits, hyphens and underscores (RFC 1123 section 2.1, RFC 2782), or an internationalised name. */
const NAME = /^(?=.{1,253}$)[\p{L}\p{N}_-]{1,63}(?:\.[\p{L}\p{N}_-]{1,63})*\.?$/u;

/**
 * Reads a target.
 *
 * @param text `IP`, `IP:PORT`, `[IPv6]:PORT`, `:PORT` or `NAME`
 * @returns the target
 * @throws {UsageError} for anything else
 */
export function parseTarget(text: string): Target {
  const whole = normalAddress(text);
  if (whole !== undefined) return { text, ip: whole, port: undefined, name: undefined };
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\[\]:]*))(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) throw unwanted(text);
  const [, bracketed, plain = "", digits] = match;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65535)) throw unwanted(text);
  if (bracketed === undefined && plain === "" && port !== undefined) {
    return { text, ip: undefined, port, name: undefined };
  }
  const ip = normalAddress(bracketed ?? plain);
  if (ip !== undefined) return { text, ip, port, name: undefined };
  // What looks like an address and is none is a mistake, not a name.
  if (bracketed !== undefined || /^[\d.]+$/.test(plain) || !NAME.test(plain)) throw unwanted(text);
  if (port !== undefined) {
    throw new UsageError(`argument <target>: found "${text}", a name with a port, wanted a name alone or an address`, {
      hint: `sockets know no names: take the address in place of "${plain}", or ask who looks "${plain}" up`,
    });
  }
  return { text, ip: undefined, port: undefined, name: plain.toLowerCase().replace(/\.$/, "") };
}

/**
 * What an IPv6 address may have been meant for whose end could be a port.
 *
 * @param target any target
 * @returns `[IPv6]:PORT`; undefined where there is no such reading
 */
export function portMeant({ text, ip, port }: Target): string | undefined {
  if (ip === undefined || port !== undefined) return undefined;
  const [, address = "", digits] = /^(.*:.*):(\d{1,5})$/.exec(text) ?? [];
  return normalAddress(address) === undefined ? undefined : `[${address}]:${digits}`;
}

/**
 * Whether an end of a socket is the target.
 *
 * @param target an address, a port or both; never a name
 * @param end the end
 * @param isOwn whether an address is one of this host, for ends on all addresses
 * @returns whether it matches
 */
export function matchesEnd(target: Target, end: Endpoint | undefined, isOwn: (ip: string) => boolean): boolean {
  if (end === undefined || (target.port !== undefined && end.port !== target.port)) return false;
  if (target.ip === undefined || target.ip === end.ip) return true;
  const isWildcard = end.ip === "::" || (end.ip === "0.0.0.0" && !target.ip.includes(":"));
  return isWildcard && target.port !== undefined && isOwn(target.ip);
}
