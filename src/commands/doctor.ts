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
import { writeStdout } from "../output/stdio.ts";
import { type Check, type CheckStatus, diagnose, type Diagnosis, type HookCheck } from "./doctor/checks.ts";
import { LiveHost } from "./doctor/host.ts";
import type { DoctorOptions } from "./options.ts";

/** How each outcome is shown. */
const MARKS: Readonly<Record<CheckStatus, string>> = { pass: "ok  ", fail: "FAIL", unknown: "?   " };

/** Lines of one check: outcome, what it is, what was found; then how to mend it. */
function checkLines(check: Check, label: string): string[] {
  const optional = check.required || check.status === "pass" ? "" : " (not required)";
  const lines = [`${MARKS[check.status]}  ${label}${check.probed}${optional}`];
  if (check.mend !== undefined) lines.push(`      mend: ${check.mend}`);
  return lines;
}

/**
 * The diagnosis as text.
 *
 * @param diagnosis what was found
 * @returns lines, each with its newline, safe for a terminal
 */
export function renderText(diagnosis: Diagnosis): string {
  const { checks, hooks } = diagnosis;
  const nameWidth = Math.max(...checks.map(({ name }) => name.length)) + 2;
  const sensorWidth = Math.max(...hooks.map(({ sensor }) => sensor.length)) + 2;
  // Several programs of a sensor may share a hook.
  const isShared = (check: HookCheck): boolean =>
    hooks.some(({ sensor, hook, name }) => sensor === check.sensor && hook === check.hook && name !== check.name);
  const labels = hooks.map((check) => isShared(check) ? `${check.hook} (${check.name})` : check.hook);
  const hookWidth = Math.max(...labels.map((label) => label.length)) + 2;
  const lines = ["Requirements"];
  for (const check of checks) lines.push(...checkLines(check, check.name.padEnd(nameWidth)));
  lines.push("", "Hooks");
  for (const [index, check] of hooks.entries()) {
    lines.push(...checkLines(check, check.sensor.padEnd(sensorWidth) + (labels[index] ?? "").padEnd(hookWidth)));
    if (check.status === "fail" && check.without !== undefined) lines.push(`      without it: ${check.without}`);
    const standIns = labels.filter((_, other) => check.replacedBy?.includes(hooks[other]?.name ?? "") === true);
    if (standIns.length > 0) lines.push(`      in its place: ${standIns.join(", ")}`);
    if (check.status === "pass" && check.misses !== undefined) lines.push(`      does not tell: ${check.misses}`);
  }
  lines.push("", verdictLine(diagnosis));
  return lines.map((line) => `${escapeTerminal(line)}\n`).join("");
}

/** The last line: whether the command people came for will work. */
function verdictLine({ ready, checks, hooks }: Diagnosis): string {
  if (ready) return "culprit dns can run on this host";
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
  writeStdout(options.json ? renderJson(diagnosis, new LiveClock().toRfc3339(bootTimeNs())) : renderText(diagnosis));
  return Promise.resolve(diagnosis.ready ? EXIT_CODE.ok : EXIT_CODE.incomplete);
}
