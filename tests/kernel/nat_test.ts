import assert from "node:assert/strict";
import { encodeMessage } from "../../src/dns/mod.ts";
import type { DnsEvent } from "../../src/events.ts";
import { parseLines, ROOT, RunningCulprit } from "./culprit.ts";

/** What clients ask, and where a rule sends it. */
const ADDRESSED = { ip: "10.77.9.9", port: 53 };
const REAL = { ip: "10.77.0.53", port: 5399 };

/** A query in hexadecimal. */
function hexQuery(name: string): string {
  return encodeMessage({ id: 77, flags: 0x0100, questions: [{ name, type: 1 }] }).toHex();
}

const RULES = `table ip t {
  chain o {
    type nat hook output priority -100
    ip daddr ${ADDRESSED.ip} udp dport ${ADDRESSED.port} dnat to ${REAL.ip}:${REAL.port}
  }
}`;

/** Asks through a socket that is not connected. */
const UNCONNECTED = `
  import { createSocket } from "node:dgram";
  const socket = createSocket("udp4");
  socket.on("message", () => socket.close());
  const query = Uint8Array.fromHex("${hexQuery("unconnected.test")}");
  socket.send(query, ${ADDRESSED.port}, "${ADDRESSED.ip}");
`;

/** Asks through a connected socket, which bash opens, and one that is not. */
const SCRIPT = `
  [[ -e /dev/net/tun ]] || modprobe tun
  coproc server { exec "$@"; }
  read -r word <&"\${server[0]}"
  ip address add 10.77.0.1/24 dev remote && ip link set remote up && ip link set lo up
  ip route add default dev remote
  nft -f - <<<"$rules"
  exec 3<>/dev/udp/${ADDRESSED.ip}/${ADDRESSED.port}
  printf "$query" >&3
  head -c 12 <&3 >/dev/null
  "$1" eval --quiet "$unconnected"
  # The server ends with this shell, which must not become the last command.
  :
`;

Deno.test("culprit dns joins what a nat rule sends to a server elsewhere, at a connected socket", async () => {
  await using culprit = await RunningCulprit.start(["dns", "--json", "--name", "*connected.test"]);
  const server = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", "--config", `${ROOT}/deno.json`];
  const { success, stderr } = await new Deno.Command("unshare", {
    args: ["--net", "bash", "-ec", SCRIPT, "bash", ...server, `${ROOT}/tests/kernel/remote_dns.ts`],
    env: { rules: RULES, query: hexQuery("connected.test").replace(/../g, "\\x$&"), unconnected: UNCONNECTED },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const events = parseLines((await culprit.stop()).stdout).filter((event): event is DnsEvent => event.type === "dns");
  const of = (name: string): DnsEvent[] => events.filter(({ dns }) => dns.question?.name === name);

  const [joined, ...others] = of("connected.test");
  assert.deepEqual(others, []);
  assert.equal(joined?.status, "answered");
  assert.deepEqual([joined.network.destination, joined.network.translated], [ADDRESSED, REAL]);
  assert.equal(joined.process?.name, "bash");
  assert.deepEqual(joined.dns.answers.map(({ data }) => data), ["192.0.2.80"]);

  // Anybody can send to a socket that is not connected: the two are linked, and not joined.
  const parted = of("unconnected.test");
  assert.deepEqual(parted.map(({ status }) => status).toSorted(), ["timeout", "unsolicited"]);
  for (const { status_reason, process } of parted) {
    assert.match(status_reason ?? "", /different servers/);
    assert.equal(process?.name, "deno");
  }
});
