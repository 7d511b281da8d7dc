/**
 * `culprit doctor`: what this host lets culprit observe, found out by trying.
 *
 * @module
 */

import { EXIT_CODE, type ExitCode } from "../errors.ts";
import { SCHEMA } from "../events.ts";
import { bootTimeNs, LiveClock } from "../host/clock.ts";
import { counted } from "../output/count.ts";
import { escapeTerminal } from "../output/escape.ts";
import { stringifySafe } from "../output/json.ts";
import { stdoutColumns, writeStdout } from "../output/stdio.ts";
import { wrapText } from "../output/wrap.ts";
import { type Check, diagnose, type Diagnosis, type HookCheck, NO_CONNECTIONS } from "./doctor/checks.ts";
import { LiveHost } from "./doctor/host.ts";
import type { DoctorOptions } from "./options.ts";

/** How an outcome is shown. What can be spared does not look like a failure, and is worth a word where it can be mended. */
function mark({ status, required, mend }: Check): string {
  if (status === "pass") return "ok";
  if (status === "unknown") return "?";
  if (required) return "FAIL";
  return mend === undefined ? "-" : "warn";
}

/** A line that belongs to the one above it. */
function detail(what: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`      ${what}: ${text}`];
}

/** Lines of a requirement: outcome, what it is, what was found; then how to mend it. */
function checkLines(check: Check, nameWidth: number): string[] {
  return [`${mark(check).padEnd(6)}${check.name.padEnd(nameWidth)}${check.probed}`, ...detail("mend", check.mend)];
}

/** What hooks are called: several programs of a sensor may share one. */
function hookLabels(hooks: readonly HookCheck[]): Map<string, string> {
  const isShared = (check: HookCheck): boolean =>
    hooks.some(({ sensor, hook, name }) => sensor === check.sensor && hook === check.hook && name !== check.name);
  return new Map(hooks.map((check) => [check.name, isShared(check) ? `${check.hook} (${check.name})` : check.hook]));
}

/**
 * The diagnosis as text.
 *
 * @param diagnosis what was found
 * @param columns of the terminal; undefined where there is none
 * @returns lines, each with its newline, safe for a terminal
 */
export function renderText(diagnosis: Diagnosis, columns?: number): string {
  const { checks, hooks } = diagnosis;
  const nameWidth = Math.max(...checks.map(({ name }) => name.length)) + 2;
  const sensorWidth = Math.max(...hooks.map(({ sensor }) => sensor.length)) + 2;
  const labels = hookLabels(hooks);
  const lines = ["Requirements", ...checks.flatMap((check) => checkLines(check, nameWidth))];
  lines.push("", "Hooks (ok: loaded and attached)");
  for (const check of hooks) {
    const passes = check.status === "pass";
    const standIns = check.replacedBy?.map((name) => labels.get(name) ?? name).join(", ");
    lines.push(
      `${mark(check).padEnd(6)}${check.sensor.padEnd(sensorWidth)}${labels.get(check.name)}`,
      ...detail("why", passes ? undefined : check.probed),
      ...detail("mend", check.mend),
      ...detail("without it", check.status === "fail" ? check.without : undefined),
      ...detail("in its place", standIns),
      ...detail("does not tell", passes ? check.misses : undefined),
    );
  }
  lines.push("", verdictLine(diagnosis));
  return wrapText(lines.map((line) => `${escapeTerminal(line)}\n`).join(""), columns);
}

/** The last line: which commands will work. */
function verdictLine({ ready, checks, hooks }: Diagnosis): string {
  if (ready) {
    const lacking = hooks.some(({ status, without }) => status !== "pass" && without === NO_CONNECTIONS);
    return lacking
      ? `culprit dns and procs can run on this host; ${NO_CONNECTIONS}`
      : "culprit dns, procs, conns, map and top can run on this host";
  }
  const required = [...checks, ...hooks].filter((check) => check.required);
  const failed = required.filter(({ status }) => status === "fail").map(({ name }) => name);
  const unknown = required.filter(({ status }) => status === "unknown").length;
  if (failed.length === 0) {
    return `culprit dns may not run on this host: ${counted(unknown, "checks")} could not be made`;
  }
  const rest = unknown === 0 ? "" : `; ${counted(unknown, "more checks")} could not be made`;
  return `culprit dns cannot run on this host: ${failed.join(", ")} failed${rest}`;
}

/**
 * The diagnosis as one JSON line.
 *
 * @param diagnosis what was found
 * @param time RFC 3339
 * @returns the line with its newline
 */
export function renderJson(diagnosis: Diagnosis, time: string): string {
  const { kernel, ready, checks, hooks } = diagnosis;
  return `${
    stringifySafe({
      schema: SCHEMA,
      type: "doctor",
      time,
      kernel,
      ready,
      checks: checks.map(({ name, status, required, probed, mend }) => ({ name, status, required, probed, mend })),
      hooks: hooks.map(({ sensor, name, hook, status, required, probed, mend, without, replacedBy, misses }) => ({
        sensor,
        program: name,
        hook,
        status,
        required,
        probed,
        mend,
        without,
        replaced_by: replacedBy,
        misses,
      })),
    })
  }\n`;
}

/**
 * Runs `culprit doctor`.
 *
 * @param options values of the command line
 * @returns 0 when everything `culprit dns` needs is there, else 3
 * @throws {OutputError} when standard output cannot be written
 */
export function runDoctor(options: DoctorOptions): Promise<ExitCode> {
  using host = new LiveHost();
  const diagnosis = diagnose(host, options.libbpf);
  writeStdout(
    options.json
      ? renderJson(diagnosis, new LiveClock().toRfc3339(bootTimeNs()))
      : renderText(diagnosis, stdoutColumns()),
  );
  return Promise.resolve(diagnosis.ready ? EXIT_CODE.ok : EXIT_CODE.incomplete);
}
