/**
 * Data of the types that are about addresses: WKS, A6, APL, IPSECKEY, AMTRELAY, HIP.
 *
 * @module
 */

import { Fault, Reader } from "../reader.ts";
import { base64Octets, hexOctets, ipv4Octets, ipv6Octets, nameLabels, type Words } from "../words.ts";
import type { Writer } from "../writer.ts";
import { type Field, field, readPlainName } from "./field.ts";

/** Ports of a WKS record: one bit each, up to the end (RFC 1035 section 3.4.2). */
export const PORT_BITMAP: Field = field(
  (reader) => {
    const ports: number[] = [];
    if (reader.left > 8192) throw new Fault("bitmap-length", reader.offset);
    for (let port = 0; reader.left > 0; port += 8) {
      const octet = reader.u8();
      for (let bit = 0; bit < 8; bit++) {
        if ((octet & 0x80 >> bit) !== 0) ports.push(port + bit);
      }
    }
    return ports;
  },
  (words, writer) => {
    const bits: number[] = [];
    while (words.left > 0) {
      const port = words.number(0xffff);
      while (bits.length <= port >> 3) bits.push(0);
      bits[port >> 3] = (bits[port >> 3] ?? 0) | 0x80 >> (port & 7);
    }
    writer.octets(bits);
  },
  (ports) => ports.join(" "),
);

/** Octets of an address that was sent without its last zero octets, or with only its last ones. */
function paddedAddress(reader: Reader, octets: number, size: number, atEnd: boolean): string {
  const digits = reader.hex(octets);
  const whole = atEnd ? digits.padStart(size * 2, "0") : digits.padEnd(size * 2, "0");
  return addressOf(hexOctets(whole));
}

/**
 * @param octets 4 or 16 of them
 * @returns the address
 */
export function addressOf(octets: readonly number[]): string {
  const reader = new Reader(Uint8Array.from(octets), true, false);
  return octets.length === 4 ? reader.ipv4() : reader.ipv6();
}

/** Prefix length, address suffix and prefix name of an A6 record (RFC 2874 section 3.1). */
export const A6: Field = {
  read(reader, fields): string {
    const offset = reader.offset;
    const prefixLength = reader.u8();
    if (prefixLength > 128) throw new Fault("a6-prefix", offset);
    const octets = Math.ceil((128 - prefixLength) / 8);
    const address = paddedAddress(reader, octets, 16, true);
    Object.assign(fields, { prefixLength, address });
    if (prefixLength === 0) return `0 ${address}`;
    const prefixName = readPlainName(reader);
    fields["prefixName"] = prefixName;
    return prefixLength === 128 ? `128 ${prefixName}` : `${prefixLength} ${address} ${prefixName}`;
  },
  write(words, writer): void {
    const prefixLength = words.number(128);
    writer.u8(prefixLength);
    if (prefixLength < 128) writer.octets(ipv6Octets(words.next()).slice(16 - Math.ceil((128 - prefixLength) / 8)));
    if (prefixLength > 0) writer.name(nameLabels(words.next()), false);
  },
};

/** Address prefixes of an APL record (RFC 3123 section 4). */
export const PREFIX_LIST: Field = field(
  (reader) => {
    const items: string[] = [];
    while (reader.left > 0) {
      const offset = reader.offset;
      const family = reader.u16();
      const prefix = reader.u8();
      const lengthOctet = reader.u8();
      const negated = lengthOctet >= 0x80 ? "!" : "";
      const octets = lengthOctet & 0x7f;
      const size = family === 1 ? 4 : family === 2 ? 16 : 0;
      if (size > 0 && (octets > size || prefix > size * 8)) throw new Fault("apl-prefix", offset);
      const address = size === 0 ? reader.hex(octets) : paddedAddress(reader, octets, size, false);
      items.push(`${negated}${family}:${address}/${prefix}`);
    }
    return items;
  },
  (words, writer) => words.rest().forEach((item) => writePrefix(item, writer)),
  (items) => items.join(" "),
);

/** Writes one prefix, without its last zero octets. */
function writePrefix(item: string, writer: Writer): void {
  const [, negated, family, address, prefix] = /^(!?)([0-9]+):(.*)\/([0-9]+)$/.exec(item) ?? [];
  if (address === undefined) throw new RangeError(`Cannot encode "${item}": no address prefix`);
  const known = family === "1" ? ipv4Octets(address) : family === "2" ? ipv6Octets(address) : undefined;
  const octets = known ?? hexOctets(address);
  while (known !== undefined && octets.at(-1) === 0) octets.pop();
  writer.u16(Number(family));
  writer.u8(Number(prefix));
  writer.u8(octets.length | (negated === "!" ? 0x80 : 0));
  writer.octets(octets);
}

/** Reads a gateway or relay of one of four types (RFC 4025 section 2.3, RFC 8777 section 4.2.3). */
function readGateway(reader: Reader, type: number): string {
  switch (type) {
    case 0:
      return ".";
    case 1:
      return reader.ipv4();
    case 2:
      return reader.ipv6();
    case 3:
      return readPlainName(reader);
    default:
      throw new Fault("gateway-type", reader.offset);
  }
}

/** Writes a gateway or relay. */
function writeGateway(type: number, words: Words, writer: Writer): void {
  const text = words.next();
  if (type === 1) writer.octets(ipv4Octets(text));
  else if (type === 2) writer.octets(ipv6Octets(text));
  else if (type === 3) writer.name(nameLabels(text), false);
  else if (type !== 0) throw new RangeError(`Cannot encode gateway type ${type}`);
}

/** All of an IPSECKEY record (RFC 4025 section 2.1). */
export const IPSECKEY: Field = {
  read(reader, fields): string {
    const precedence = reader.u8();
    const gatewayType = reader.u8();
    const algorithm = reader.u8();
    const gateway = readGateway(reader, gatewayType);
    const publicKey = reader.base64(reader.left);
    Object.assign(fields, { precedence, gatewayType, algorithm, gateway, publicKey });
    return `${precedence} ${gatewayType} ${algorithm} ${gateway}${publicKey === "" ? "" : ` ${publicKey}`}`;
  },
  write(words, writer): void {
    writer.u8(words.number(0xff));
    const gatewayType = words.number(0xff);
    writer.u8(gatewayType);
    writer.u8(words.number(0xff));
    writeGateway(gatewayType, words, writer);
    writer.octets(base64Octets(words.rest().join("")));
  },
};

/** All of an AMTRELAY record (RFC 8777 section 4.2). */
export const AMTRELAY: Field = {
  read(reader, fields): string {
    const precedence = reader.u8();
    const typeOctet = reader.u8();
    const discoveryOptional = typeOctet >= 0x80;
    const relayType = typeOctet & 0x7f;
    const relay = readGateway(reader, relayType);
    Object.assign(fields, { precedence, discoveryOptional, relayType, relay });
    return `${precedence} ${discoveryOptional ? 1 : 0} ${relayType} ${relay}`;
  },
  write(words, writer): void {
    writer.u8(words.number(0xff));
    const discoveryOptional = words.number(1);
    const relayType = words.number(0x7f);
    writer.u8(discoveryOptional << 7 | relayType);
    writeGateway(relayType, words, writer);
  },
};

/** All of a HIP record (RFC 8005 section 5). */
export const HIP: Field = {
  read(reader, fields): string {
    const tagSize = reader.u8();
    const algorithm = reader.u8();
    const keySize = reader.u16();
    const tag = reader.hex(tagSize);
    const publicKey = reader.base64(keySize);
    const servers: string[] = [];
    while (reader.left > 0) servers.push(readPlainName(reader));
    Object.assign(fields, { algorithm, tag, publicKey, servers });
    return [algorithm, tag === "" ? '""' : tag, publicKey === "" ? '""' : publicKey, ...servers].join(" ");
  },
  write(words, writer): void {
    const algorithm = words.number(0xff);
    const tag = hexOctets(words.next());
    const publicKey = base64Octets(words.next());
    writer.u8(tag.length);
    writer.u8(algorithm);
    writer.u16(publicKey.length);
    writer.octets([...tag, ...publicKey]);
    for (const server of words.rest()) writer.name(nameLabels(server), false);
  },
};
