/**
 * Scores culprit and other tools against the same ground truth:
 * tests/conns/peers.ts [--tools NAME,...] [--save] [--guest KERNEL]
 *
 * All tools watch the same connections at the same time. `--guest` runs it in a guest of scripts/vm, where tools that
 * need kprobes work; tcpaccept compiles itself there, with Debian's linux-headers of that kernel, to be installed on the
 * host. `--save` keeps the outcome in tests/conns/results and writes the part on connections of docs/ATTRIBUTION.md from
 * all that is kept there. Exit code 1 when culprit is wrong about anything.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeStderr, writeStdout } from "../../src/output/stdio.ts";
import { parseLines, ROOT, RunningCulprit } from "../kernel/culprit.ts";
import { ACTORS, buildActors } from "./build.ts";
import { type Claim, PEER_TOOLS, RunningTool } from "./peer_tools.ts";
import { type Count, type Outcome, RESULTS, writeSection } from "./peer_report.ts";
import { score, type Truth } from "./score.ts";

/** Cases of the program; the last two with how often. */
const CASES = [
  ["plain4"],
  ["plain6"],
  ["mapped"],
  ["mapped-client"],
  ["accept-in-child"],
  ["inherited"],
  ["exec"],
  ["pass"],
  ["share"],
  ["half-close"],
  ["reset"],
  ["refused"],
  ["timed-out"],
  ["thread"],
  ["reuse-port"],
  ["uring"],
  ["udp4"],
  ["udp6"],
  ["udp-connected"],
  ["namespaces"],
  ["nat"],
  ["churn", "300"],
  ["brief", "200"],
] as const;

const { values } = parseArgs({
  options: {
    tools: { type: "string", default: "ss -tunap,lsof -nP -i" },
    save: { type: "boolean", default: false },
    guest: { type: "string" },
  },
});

/** Makes a connection within this process. */
async function probe(): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using _client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using _accepted = await listener.accept();
  return listener.addr.port;
}

/** How long connections stay open for tools that look now and then, ms: longer than one look takes. */
const HOLD_MS = 400;
/** Cases about speed or of many connections one after the other, where nothing is held. */
const FAST: ReadonlySet<string> = new Set(["reuse-port", "churn", "brief"]);

/** Runs a case of the program and reads the truth. */
async function act(args: readonly string[], isHeld: boolean): Promise<Truth[]> {
  const env: Record<string, string> = isHeld && !FAST.has(args[0] ?? "") ? { ACTORS_HOLD_MS: `${HOLD_MS}` } : {};
  const { code, stdout, stderr } = await new Deno.Command(ACTORS, { args: [...args], env, stderr: "piped" }).output();
  if (code !== 0) throw new Error(`${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/**
 * Judges what a tool claimed about one truth, by processes, addresses and ports alone. Any process that had to do with
 * the socket will do.
 */
function judge(truth: Truth, claims: readonly Claim[]): keyof Count {
  const pids = new Set(
    claims.filter(({ event, local, remote }) =>
      event === truth.event && remote === truth.remote &&
      (local === undefined || truth.local === "" || local === truth.local)
    ).map(({ pid }) => pid),
  );
  if (pids.size === 0) return "missed";
  return [truth.owner, ...Object.keys(truth.users ?? {}).map(Number)].some((pid) => pids.has(pid)) ? "right" : "wrong";
}

/** Runs all cases under all tools. */
async function measure(names: readonly string[]): Promise<{ outcome: Outcome; wrong: string[] }> {
  const tools = PEER_TOOLS.filter(({ name }) => names.includes(name));
  await using culprit = await RunningCulprit.start(["conns", "--json"]);
  const running = tools.map((tool) => new RunningTool(tool));
  for (const tool of running) await tool.ready(probe);
  const truths: Truth[] = [];
  for (const args of CASES) truths.push(...await act(args, tools.some(({ isSnapshot }) => isSnapshot)));
  const claims = new Map<string, readonly Claim[]>();
  for (const tool of running) claims.set(tool.tool.name, await tool.stop());
  const ended = await culprit.stop();

  const outcome: Outcome = { kernel: Deno.osRelease(), cases: {} };
  const count = (truth: Truth, tool: string, verdict: keyof Count): void => {
    const counts = (outcome.cases[truth.case] ??= {})[tool] ??= { right: 0, wrong: 0, missed: 0 };
    counts[verdict]++;
  };
  const wrong: string[] = [];
  for (const { truth, verdict, details } of score(truths, parseLines(ended.stdout))) {
    count(truth, "culprit", verdict);
    if (verdict !== "right") wrong.push(`${verdict}: ${truth.case} ${truth.event}: ${details.join("; ")}`);
    for (const { name, events, transports } of tools) {
      if (!events.includes(truth.event) || !transports.includes(truth.proto)) continue;
      count(truth, name, judge(truth, claims.get(name) ?? []));
    }
  }
  return { outcome, wrong };
}

/** Runs this program in a guest; its outcome comes back in a file. */
async function inGuest(kernel: string): Promise<boolean> {
  const out = await Deno.makeTempDir({ prefix: "culprit-peers-" });
  try {
    const tools = values.tools.startsWith("ss") ? "tcptracer,tcpaccept,tcplife,tcpconnect" : values.tools;
    const { code } = await new Deno.Command(`${ROOT}/scripts/vm/run`, {
      args: ["--kernel", kernel, "--timeout", "580", "--out", out, "--", Deno.execPath(), "run", "--allow-all"]
        .concat(["--no-check", "--cached-only", import.meta.filename ?? "", "--tools", tools, "--save"]),
      stdin: "null",
    }).spawn().status;
    if (values.save) await Deno.copyFile(`${out}/outcome.json`, `${RESULTS}/${kernel}.json`);
    return code === 0;
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

/** Shows the headers of the running kernel, as Debian installs them, where bcc looks for them. */
async function linkHeaders(): Promise<void> {
  const release = Deno.osRelease();
  const headers = `/usr/src/linux-headers-${release}`;
  await Deno.stat(headers);
  await Deno.symlink(headers, `/lib/modules/${release}/build`);
  await Deno.symlink(headers.replace(/-[^-]*$/, "-common"), `/lib/modules/${release}/source`);
}

async function onHost(): Promise<boolean> {
  if (Deno.env.has("CULPRIT_GUEST") && values.tools.includes("tcpaccept")) await linkHeaders();
  const { outcome, wrong } = await measure(values.tools.split(","));
  for (const line of wrong) writeStderr(`${line}\n`);
  writeStdout(`${JSON.stringify(outcome)}\n`);
  const out = Deno.env.get("CULPRIT_GUEST_OUT");
  if (values.save) {
    const path = out === undefined ? `${RESULTS}/host.json` : `${out}/outcome.json`;
    await Deno.writeTextFile(path, `${JSON.stringify(outcome, undefined, 2)}\n`);
  }
  return !wrong.some((line) => line.startsWith("wrong"));
}

await buildActors();
await Deno.mkdir(RESULTS, { recursive: true }).catch((error: unknown) => {
  // The guest's file system takes no changes.
  if (!Deno.env.has("CULPRIT_GUEST")) throw error;
});
const isRight = values.guest === undefined ? await onHost() : await inGuest(values.guest);
if (values.save && !Deno.env.has("CULPRIT_GUEST")) await writeSection();
Deno.exitCode = isRight ? 0 : 1;
