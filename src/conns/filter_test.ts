import assert from "node:assert/strict";
import { UsageError } from "../errors.ts";
import { networkHolds, parseAddress, parseNetwork } from "./filter.ts";

const ADDRESSES = [
  { text: "192.0.2.7", octets: [192, 0, 2, 7] },
  { text: "::", octets: new Array(16).fill(0) },
  { text: "2001:db8::1", octets: [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
  { text: "::ffff:192.0.2.7", octets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7] },
  { text: "1:2:3:4:5:6:7:8", octets: [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8] },
  { text: "256.0.0.1", octets: undefined },
  { text: "1.2.3", octets: undefined },
  { text: "01.2.3.4", octets: undefined },
  { text: "1::2::3", octets: undefined },
  { text: "1:2:3:4:5:6:7:8::", octets: undefined },
  { text: "12345::", octets: undefined },
  { text: "", octets: undefined },
] as const;

for (const { text, octets } of ADDRESSES) {
  Deno.test(`parseAddress() of "${text}" is ${octets === undefined ? "refused" : "read"}`, () => {
    assert.deepEqual(parseAddress(text), octets);
  });
}

const NETWORKS = [
  { network: "10.0.0.0/8", inside: "10.255.255.255", outside: "11.0.0.0" },
  { network: "192.0.2.128/25", inside: "192.0.2.200", outside: "192.0.2.127" },
  { network: "192.0.2.7", inside: "192.0.2.7", outside: "192.0.2.6" },
  { network: "2001:db8::/33", inside: "2001:db8:7fff::1", outside: "2001:db8:8000::1" },
  { network: "0.0.0.0/0", inside: "255.255.255.255", outside: "::1" },
];

for (const { network, inside, outside } of NETWORKS) {
  Deno.test(`networkHolds() ${network} holds ${inside} and not ${outside}`, () => {
    const parsed = parseNetwork(network, "--addr");
    assert.equal(networkHolds(parsed, parseAddress(inside) ?? []), true);
    assert.equal(networkHolds(parsed, parseAddress(outside) ?? []), false);
  });
}

for (const text of ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "example.com", "10.0.0.0/", "::/129"]) {
  Deno.test(`parseNetwork() refuses "${text}"`, () => {
    assert.throws(() => parseNetwork(text, "--addr"), UsageError);
  });
}
