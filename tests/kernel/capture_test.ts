import assert from "node:assert/strict";
import { parseLines, runCulprit, RunningCulprit, summaryOf } from "./culprit.ts";

/** Runs a program; it must succeed. */
async function run(program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, `${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

Deno.test("culprit dns --write keeps what it shows, readable by tshark, and --read shows the same", async () => {
  const directory = await Deno.makeTempDir();
  const file = `${directory}/names.pcapng`;
  const server = new Deno.Command("dnsmasq", {
    args: [
      "--port=25396",
      "--no-resolv",
      "--no-hosts",
      "--no-daemon",
      "--bind-interfaces",
      "--listen-address=127.0.0.1",
      "--user=root",
      "--pid-file=",
      "--address=/capture.test/192.0.2.7",
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    // dnsmasq says on standard error that it is started.
    const started = server.stderr.getReader();
    await started.read();
    started.releaseLock();
    await using culprit = await RunningCulprit.start(["dns", "--json", "--name", "*.capture.test", "--write", file]);
    for (const options of [["+notcp"], ["+tcp"]]) {
      await run("dig", ["@127.0.0.1", "-p", "25396", "a.capture.test", "+tries=3", ...options]);
    }
    const live = parseLines((await culprit.stop()).stdout).filter((event) => event.type === "dns");
    assert.deepEqual(live.map((event) => event.network.transport), ["udp", "tcp"]);
    const again = await runCulprit(["dns", "--json", "--name", "*.capture.test", "--read", file]);
    assert.equal(again.code, 0, again.stderr);
    const read = parseLines(again.stdout);
    assert.deepEqual(summaryOf(read).lost, {});
    assert.deepEqual(
      read.filter((event) => event.type === "dns").map((
        { time, status, latency_us, dns },
      ) => [time, status, latency_us, dns]),
      live.map(({ time, status, latency_us, dns }) => [time, status, latency_us, dns]),
    );
    const named = [live, read.filter((event) => event.type === "dns")].map((events) =>
      events.map(({ role, process, server_process }) => [
        role,
        ...[process, server_process].map((one) => [one?.pid, one?.tid, one?.comm, one?.exe, one?.cmdline, one?.uid]),
      ])
    );
    assert.deepEqual(named[1], named[0]);
    const fields = ["-T", "fields", "-e", "frame.comment", "-e", "dns.qry.name"];
    const shown = await run("tshark", [
      "-r",
      file,
      "-d",
      "udp.port==25396,dns",
      "-Y",
      "dns.flags.response==0",
      ...fields,
    ]);
    assert.match(shown, new RegExp(`pid=${live[0]?.process?.pid}\\b.*exe=/usr/bin/dig.*\\ta\\.capture\\.test`));
  } finally {
    server.kill("SIGTERM");
    await server.status;
    await server.stderr.cancel();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("culprit dns --read of a file that is cut off shows what can be read and ends with 3", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/cut.pcap`;
    // A pcap head (RFC draft pcap, little-endian, raw IP) and one record header that promises more than there is.
    const octets = Uint8Array.fromHex(
      "d4c3b2a1020004000000000000000000ffff0000650000000000000000000000ff000000ff00000045",
    );
    await Deno.writeFile(file, octets);
    const ended = await runCulprit(["dns", "--read", file]);
    assert.equal(ended.code, 3);
    assert.match(ended.stderr, /cut off/);
    const nothing = await runCulprit(["dns", "--read", `${directory}/none.pcap`]);
    assert.equal(nothing.code, 3);
    assert.match(nothing.stderr, /No such file/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
