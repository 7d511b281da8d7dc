import assert from "node:assert/strict";
import { ACTORS, buildActors } from "../conns/build.ts";
import { score, type Truth } from "../conns/score.ts";
import { type Ended, parseLines, RunningCulprit, summaryOf } from "./culprit.ts";

/** Every way to make a connection that needs nothing but loopback. */
const CASES = [
  "plain4",
  "plain6",
  "mapped",
  "mapped-client",
  "accept-in-child",
  "inherited",
  "exec",
  "pass",
  "share",
  "half-close",
  "reset",
  "refused",
  "timed-out",
  "thread",
  "reuse-port",
  "uring",
  "udp4",
  "udp6",
  "udp-connected",
];

/** Runs the program and reads the truth. */
async function act(args: readonly string[], wrapper: readonly string[] = []): Promise<Truth[]> {
  const [program = "", ...rest] = [...wrapper, ACTORS, ...args];
  const { code, stdout, stderr } = await new Deno.Command(program, { args: rest, stderr: "piped" }).output();
  assert.equal(code, 0, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Judges a run that must have lost nothing and said nothing wrong. */
function assertRight(truths: readonly Truth[], ended: Ended): void {
  const events = parseLines(ended.stdout);
  const bad = score(truths, events).filter(({ verdict }) => verdict !== "right");
  const lines = bad.slice(0, 20).map(({ truth, verdict, details }) =>
    `${verdict}: ${truth.case} ${truth.event} ${truth.local} -> ${truth.remote}: ${details.join("; ")}`
  );
  assert.equal(bad.length, 0, `${bad.length} of ${truths.length} are not right\n${lines.join("\n")}`);
  const { lost, not_observed: notObserved } = summaryOf(events);
  assert.deepEqual(lost, {});
  assert.deepEqual(notObserved, []);
  assert.equal(ended.code, 0, ended.stderr);
}

Deno.test("culprit conns is right about every kind of connection", async (test) => {
  await buildActors();
  await using culprit = await RunningCulprit.start(["conns", "--json"]);
  const truths = new Map<string, Truth[]>();
  for (const name of CASES) truths.set(name, await act([name]));
  const ended = await culprit.stop();
  for (const [name, expected] of truths) {
    await test.step(name, () => {
      assert.ok(expected.length > 0);
      assertRight(expected, ended);
    });
  }
});

Deno.test("culprit conns tells why a connect failed before a packet was sent", async () => {
  await buildActors();
  await using culprit = await RunningCulprit.start(["conns", "--json"]);
  // In a network namespace without any route.
  const truths = await act(["unreachable"], ["unshare", "--net"]);
  assert.equal(truths[0]?.error, "ENETUNREACH");
  assertRight(truths, await culprit.stop());
});

Deno.test("culprit conns sees 10,000 connections of one request each end, octet for octet", async () => {
  await buildActors();
  await using culprit = await RunningCulprit.start(["conns", "--json"]);
  const truths = await act(["churn", "10000"]);
  assert.equal(truths.length, 20_000);
  assertRight(truths, await culprit.stop());
});

Deno.test("culprit conns names 1,000 processes that end within a millisecond of their connect", async () => {
  await buildActors();
  await using culprit = await RunningCulprit.start(["conns", "--json"]);
  const truths = await act(["brief", "1000"]);
  assert.equal(truths.length, 1000);
  assertRight(truths, await culprit.stop());
});
