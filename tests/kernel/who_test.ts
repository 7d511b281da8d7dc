import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { SocketEvent, WhoEvent } from "../../src/events.ts";
import { makeRpmDatabase } from "../../src/snapshot/_rpm_testing.ts";
import { parseLines, runCulprit, RunningCulprit, summaryOf } from "./culprit.ts";

/** First of the ports these tests use. */
const PORT = 21761;

/** SHA-256 of what this process runs. */
function ownHash(): string {
  return createHash("sha256").update(Deno.readFileSync("/proc/self/exe")).digest("hex");
}

/** Processes named in the answers of a run. */
function answers(stdout: string): WhoEvent[] {
  return parseLines(stdout).filter((event) => event.type === "who");
}

Deno.test("culprit conns --once lists a listener with its process, and what it shows is filtered", async () => {
  using _listener = Deno.listen({ hostname: "127.0.0.1", port: PORT });
  const { code, stdout } = await runCulprit(["conns", "--once", "--json", "--port", String(PORT), "--state", "listen"]);
  assert.equal(code, 0);
  const events = parseLines(stdout);
  const [socket, summary, ...more] = events;
  assert.deepEqual(more, []);
  assert.equal(summaryOf(events), summary);
  assert.equal(socket?.type, "socket");
  const { local, state, owners, ownership } = socket as SocketEvent;
  assert.deepEqual([local, state, ownership], [{ ip: "127.0.0.1", port: PORT }, "listen", "holder"]);
  assert.deepEqual(owners.map(({ process, fds }) => [process.pid, fds.length]), [[Deno.pid, 1]]);
  assert.equal(owners[0]?.process.exe, Deno.readLinkSync("/proc/self/exe"));
  for (const wrong of [["--port", String(PORT + 1)], ["--proto", "udp"], ["--addr", "192.0.2.0/24"], ["--pid", "1"]]) {
    const none = await runCulprit(["conns", "--once", "--json", "--port", String(PORT), ...wrong, "--state", "listen"]);
    // Two ports are alternatives, every other filter must agree.
    assert.equal(parseLines(none.stdout).length, wrong[0] === "--port" ? 2 : 1, wrong.join(" "));
  }
});

Deno.test("culprit who names both ends of a connection with executable and descriptors", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: PORT + 1 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: PORT + 1 });
  using _accepted = await listener.accept();
  const port = (client.localAddr as Deno.NetAddr).port;
  const { code, stdout } = await runCulprit(["who", "--json", `127.0.0.1:${PORT + 1}`, `127.0.0.1:${port}`]);
  assert.equal(code, 0);
  const [answer, ...more] = answers(stdout);
  assert.deepEqual(more, []);
  assert.equal(answer?.process.pid, Deno.pid);
  assert.equal(answer?.exe_sha256, ownHash());
  assert.equal(answer?.evidence, "socket");
  const ends = answer?.sockets.map(({ end, local, fds }) => `${end} ${local.port} ${fds.length}`).sort();
  assert.deepEqual(ends, [`local ${PORT + 1} 1`, `remote ${port} 1`]);
  const text = await runCulprit(["who", `:${PORT + 1}`]);
  assert.equal(text.code, 0);
  assert.match(text.stdout, new RegExp(`pid ${Deno.pid}\\)`));
});

Deno.test("culprit who ends with 1 when nobody is there and with 2 for what is no target", async () => {
  const nobody = await runCulprit(["who", "--json", `192.0.2.77:${PORT + 2}`]);
  assert.equal(nobody.code, 1);
  assert.deepEqual([answers(nobody.stdout), nobody.stderr], [[], ""]);
  assert.equal((await runCulprit(["who", "300.1.1.1"])).code, 2);
  const named = await runCulprit(["who", `localhost:${PORT}`]);
  assert.equal(named.code, 2);
  assert.match(named.stderr, /found "localhost:\d+", a name with a port/);
  assert.equal((await runCulprit(["who", "--format", "kv", ":1"])).code, 2);
});

Deno.test("culprit who that finds nobody says where it looked, and what to do", async () => {
  const target = `192.0.2.77:${PORT + 2}`;
  for (
    const [args, line] of [
      // Where a culprit conns --keep runs, what it remembers is a place to look as well.
      [[target], `"${target}" among \\d+ sockets?(?: and .*)?`],
      [[target, "--pid", "1"], `"${target}" that the filters let pass among \\d+ sockets?(?: and .*)?`],
      [["none.who-test.example"], `"none.who-test.example"(?: among .*)?`],
    ] as const
  ) {
    const { code, stdout, stderr } = await runCulprit(["who", ...args]);
    assert.deepEqual([code, stdout], [args[0] === target ? 1 : 3, ""]);
    assert.match(
      stderr,
      new RegExp(`^culprit: found no process for ${line}\nhint: --wait 1m waits for the next one$`, "m"),
    );
    assert.equal((await runCulprit(["who", ...args, "--quiet"])).stderr, "");
  }
  const waited = await runCulprit(["who", target, "--wait", "1ms"]);
  assert.match(
    waited.stderr,
    new RegExp(`^culprit: found no process for "${target}", and none came while it waited$`, "m"),
  );
  assert.equal(waited.code, 1);
});

Deno.test("culprit who --wait that finds nobody says what the first look could not observe", async () => {
  const path = `/run/culprit/conns-test-${Deno.pid}.sock`;
  await Deno.mkdir("/run/culprit", { recursive: true, mode: 0o700 });
  const listener = Deno.listen({ transport: "unix", path });
  const silent = (async () => {
    for await (const client of listener) client.close();
  })();
  try {
    const { code, stdout } = await runCulprit(["who", `192.0.2.77:${PORT + 2}`, "--wait", "1ms", "--json"]);
    assert.match(summaryOf(parseLines(stdout)).not_observed.join(), /culprit conns keeps: it ended before/);
    assert.equal(code, 3);
  } finally {
    listener.close();
    await silent;
  }
});

Deno.test("culprit who --wait tells the next who connects", async () => {
  const target = `127.0.0.1:${PORT + 3}`;
  await using culprit = await RunningCulprit.start(["who", target, "--wait", "60s", "--json"]);
  // Nobody listens: the attempt is an answer too.
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: PORT + 3 }), Deno.errors.ConnectionRefused);
  const { code, stdout } = await culprit.ended();
  assert.equal(code, 0);
  const [answer] = answers(stdout);
  assert.equal(answer?.evidence, "connection");
  assert.equal(answer?.process.pid, Deno.pid);
  assert.equal(answer?.exe_sha256, ownHash());
  assert.deepEqual(answer?.sockets.map(({ end, remote }) => [end, remote]), [
    ["remote", { ip: "127.0.0.1", port: PORT + 3 }],
  ]);
});

Deno.test("culprit who --wait --count waits for so many processes, whatever each of them does", async () => {
  const port = PORT + 8;
  await using culprit = await RunningCulprit.start(["who", `:${port}`, "--wait", "60s", "--count", "2", "--json"]);
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  for (let index = 0; index < 2; index++) {
    using _client = await Deno.connect({ hostname: "127.0.0.1", port });
    (await listener.accept()).close();
  }
  const child = new Deno.Command("/bin/bash", { args: ["-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`] }).spawn();
  (await listener.accept()).close();
  assert.ok((await child.status).success);
  const { code, stdout } = await culprit.ended();
  assert.equal(code, 0);
  assert.deepEqual(answers(stdout).map(({ process }) => process.pid), [Deno.pid, child.pid]);
});

Deno.test("culprit who --wait tells the next who asks for a name", async () => {
  await using culprit = await RunningCulprit.start(["who", "Who-Test.example", "--wait", "60s", "--json"]);
  const port = PORT + 4;
  const server = { ipAddr: "127.0.0.1", port };
  // Nobody answers: who waits for the end of its patience waits for a quarter of a minute.
  const asked = new AbortController();
  const nothing = assert.rejects(
    Deno.resolveDns("who-test.example", "A", { nameServer: server, signal: asked.signal }),
  );
  const { code, stdout } = await culprit.ended();
  asked.abort();
  await nothing;
  assert.equal(code, 0);
  const [answer] = answers(stdout);
  assert.equal(answer?.evidence, "lookup");
  assert.equal(answer?.process.pid, Deno.pid);
  assert.deepEqual([answer?.lookup?.name, answer?.lookup?.server.port], ["who-test.example", port]);
});

Deno.test("culprit conns --once without privilege shows what it can and says what it cannot", async () => {
  using _listener = Deno.listen({ hostname: "127.0.0.1", port: PORT + 5 });
  const { code, stdout } = await runCulprit(["conns", "--once", "--json", "--listen"], {
    wrapper: ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
  });
  assert.equal(code, 3);
  const events = parseLines(stdout);
  const socket = events.find((event) => event.type === "socket" && event.local?.port === PORT + 5) as SocketEvent;
  assert.equal(socket.state, "listen");
  assert.notEqual(socket.owners.length === 0, socket.unknown_reason === undefined);
  const { not_observed: missing } = summaryOf(events);
  assert.ok(missing.some((what) => what.includes("CAP_BPF")), missing.join("\n"));
});

/** A program that listens at a port until its input ends. */
const LISTENING = `#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char octet;

	address.sin_port = htons(atoi(argv[1]));
	if (bind(fd, (void *)&address, sizeof(address)) || listen(fd, 1) || write(1, "!", 1) != 1)
		return 1;
	return read(0, &octet, 1) < 0;
}
`;

for (
  const { name, start, port } of [
    { name: "a changed root", start: 'exec chroot "$0" /usr/bin/listening "$1"', port: PORT + 6 },
    {
      name: "a mount namespace, as of containers",
      start: 'mount --bind "$0" "$0"; cd "$0"; mkdir old; pivot_root . old; exec /usr/bin/listening "$1"',
      port: PORT + 7,
    },
  ]
) {
  Deno.test(`culprit who finds the package of a program in the database of its own root: ${name}`, async () => {
    await using stack = new AsyncDisposableStack();
    const root = await Deno.makeTempDir();
    stack.defer(() => Deno.remove(root, { recursive: true }));
    makeRpmDatabase(root, [{ name: "there", epoch: 2, files: ["/usr/bin/listening"] }]);
    await Deno.mkdir(`${root}/usr/bin`, { recursive: true });
    const flags = ["-static", "-x", "c", "-o", `${root}/usr/bin/listening`, "-"];
    const compiler = new Deno.Command("gcc", { args: flags, stdin: "piped" }).spawn();
    const source = compiler.stdin.getWriter();
    await source.write(new TextEncoder().encode(LISTENING));
    await source.close();
    assert.equal((await compiler.status).code, 0);
    const args = ["--mount", "--propagation", "private", "sh", "-ec", start, root, `${port}`];
    const there = new Deno.Command("unshare", { args, stdin: "piped", stdout: "piped" }).spawn();
    stack.defer(async () => {
      await there.stdin.close();
      await there.stdout.cancel();
      await there.status;
    });
    const reader = there.stdout.getReader();
    assert.equal((await reader.read()).done, false, "it does not listen");
    reader.releaseLock();
    const { code, stdout } = await runCulprit(["who", "--json", `:${port}`]);
    assert.equal(code, 0);
    const [answer] = answers(stdout);
    assert.equal(answer?.process.pid, there.pid);
    assert.deepEqual([answer?.package, answer?.package_version], ["there", "2:1.2-3"]);
  });
}

/** Words that run the next ones as the first process of a pid namespace with a /proc of its own. */
const PID_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];

Deno.test("culprit who and conns --once in a pid namespace name no process of another number, and say why", async () => {
  using _listener = Deno.listen({ hostname: "127.0.0.1", port: PORT + 8 });
  const ports = [`${PORT + 8}`, `${PORT + 9}`];
  // A listener inside, too: its number outside is that of nobody, or of somebody else, in here.
  const script = `import socket, time
inner = socket.create_server(("127.0.0.1", ${ports[1]}))
print(flush=True)
time.sleep(60)`;
  const inside = 'coproc L { exec python3 -c "$0"; }; read -ru "${L[0]}"; "$@"';
  const options = { wrapper: [...PID_NAMESPACE, "bash", "-ec", inside, script] };
  const once = await runCulprit(
    ["conns", "--once", "--json", "--listen", ...ports.flatMap((port) => ["--port", port])],
    options,
  );
  assert.equal(once.code, 3, once.stderr);
  const events = parseLines(once.stdout);
  assert.match(summaryOf(events).not_observed.join("\n"), /pid namespace, not those of the host.*--pid=host/);
  const sockets = events.filter((event) => event.type === "socket");
  const [outer, inner] = ports.map((port) => sockets.find(({ local }) => local?.port === Number(port)));
  assert.deepEqual(outer?.owners, []);
  assert.match(outer?.unknown_reason ?? "", /outside the pid namespace/);
  const process = inner?.owners[0]?.process;
  assert.deepEqual([process?.comm, process?.exe], ["python3", "unknown"]);
  assert.match(process?.unknown_reason ?? "", /pid namespace/);
  const { stdout } = await runCulprit(["who", "--json", `:${ports[1]}`], options);
  const [answer] = answers(stdout);
  assert.deepEqual([answer?.process.exe, answer?.exe_sha256, answer?.package], ["unknown", "unknown", "unknown"]);
  assert.match(answer?.unknown_reason ?? "", /pid namespace/);
});

Deno.test("culprit who --wait in a pid namespace tells the program and no package of another root", async () => {
  const target = `127.0.0.1:${PORT + 10}`;
  await using culprit = await RunningCulprit.start(["who", target, "--wait", "60s", "--json"], {
    wrapper: PID_NAMESPACE,
  });
  const script = `exec 3<>/dev/tcp/127.0.0.1/${PORT + 10}`;
  await new Deno.Command("bash", { args: ["-c", script], stderr: "null" }).output();
  const { stdout } = await culprit.ended();
  const [answer] = answers(stdout);
  assert.equal(answer?.process.comm, "bash");
  assert.deepEqual([answer?.exe_sha256, answer?.package], ["unknown", "unknown"]);
  assert.match(answer?.unknown_reason ?? "", /pid namespace/);
});

Deno.test("culprit conns --keep lets who and conns --once answer about connections that have ended", async () => {
  const port = PORT + 40;
  const asked = ["who", "--json", `127.0.0.1:${port}`];
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  {
    await using culprit = await RunningCulprit.start(["conns", "--json", "--keep", "5m"]);
    const child = new Deno.Command("/bin/bash", { args: ["-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`] }).spawn();
    (await listener.accept()).close();
    assert.ok((await child.status).success);
    const once = ["conns", "--once", "--json", "--port", `${port}`, "--state", "ended"];
    let ended: SocketEvent[] = [];
    // Both ends; the run tells of them within its next turns.
    while (ended.length < 2) {
      const { code, stdout, stderr } = await runCulprit(once);
      assert.equal(code, 0, stderr);
      ended = parseLines(stdout).filter((event) => event.type === "socket");
    }
    assert.deepEqual(
      ended.map(({ owners }) => owners.map(({ process }) => process.pid)).sort(),
      [
        [child.pid],
        [Deno.pid],
      ].sort(),
    );
    assert.ok(ended.every(({ state, ownership }) => state === "ended" && ownership === "past"));
    const { code, stdout } = await runCulprit(asked);
    assert.equal(code, 0);
    const answer = answers(stdout).find(({ process }) => process.pid === child.pid);
    assert.equal(answer?.evidence, "connection");
    assert.equal(answer.process.exe, Deno.realPathSync("/bin/bash"));
    assert.deepEqual(answer.sockets.map(({ end, state }) => [end, state]), [["remote", "close"]]);
    // What is left of it in the kernel, in TIME_WAIT and without a process, is not told besides. Of earlier runs there may be more.
    const client = ended.find(({ remote }) => remote?.port === port)?.local?.port;
    const isOurs = ({ local, remote }: Pick<SocketEvent, "local" | "remote">): boolean =>
      local?.port === client || remote?.port === client;
    const nobodys = answers(stdout).filter(({ process }) => process.pid === 0).flatMap(({ sockets }) => sockets);
    assert.deepEqual(nobodys.filter(isOurs), []);
    const all = await runCulprit(["conns", "--once", "--json", "--port", `${port}`]);
    const ours = parseLines(all.stdout).filter((event) => event.type === "socket").filter(isOurs);
    assert.deepEqual(ours.map(({ state }) => state), ["ended", "ended"]);
    const refused = new Deno.Command("/bin/bash", {
      args: ["-c", `exec 3<>/dev/tcp/127.0.0.1/${port + 1}`],
      stderr: "null",
    }).spawn();
    assert.ok(!(await refused.status).success);
    let failed: SocketEvent[] = [];
    while (failed.length === 0) {
      const { stdout } = await runCulprit(["conns", "--once", "--json", "--port", `${port + 1}`, "--state", "failed"]);
      failed = parseLines(stdout).filter((event) => event.type === "socket");
    }
    assert.deepEqual(failed.map(({ state, owners }) => [state, owners[0]?.process.pid]), [["failed", refused.pid]]);
    await culprit.stop();
  }
  // Only who listens is left when the run has ended, and maybe a TIME_WAIT that has no process.
  const { stdout } = await runCulprit(asked);
  assert.deepEqual(answers(stdout).map(({ process }) => process.pid).filter((pid) => pid !== 0), [Deno.pid]);
});
