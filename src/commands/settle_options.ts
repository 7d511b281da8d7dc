/**
 * What the tables of options alone cannot say: which options go together.
 *
 * @module
 */

import { UsageError } from "../errors.ts";
import type { OutputFormat } from "../output/writer.ts";
import type { OptionValues } from "./option_spec.ts";
import { CONNS_OPTIONS, MAP_OPTIONS, SOCKET_PROTOCOLS, SOCKET_STATES } from "./options.ts";

/**
 * Settles what the tables alone cannot say: `--json` and `--format` are one choice.
 *
 * @param raw values of a live command's table
 * @returns the same with one `format`
 * @throws {UsageError} when both name different formats
 */
export function settleFormat<Raw extends { readonly json: boolean; readonly format: OutputFormat | undefined }>(
  raw: Raw,
): Omit<Raw, "json" | "format"> & { readonly format: OutputFormat } {
  refuseTwoFormats(raw);
  const { json, format, ...rest } = raw;
  return { ...rest, format: format ?? (json ? "json" : "text") };
}

function refuseTwoFormats({ json, format }: { readonly json: boolean; readonly format: string | undefined }): void {
  if (json && format !== undefined && format !== "json") {
    throw new UsageError(`option --json: found --format ${format} beside it, wanted one of them`);
  }
}

/**
 * The first of several options that was given.
 *
 * @param flags each with whether it was given
 * @returns its flag; undefined where none was
 */
export function firstGiven(flags: readonly (readonly [flag: string, isGiven: boolean])[]): string | undefined {
  return flags.find(([, isGiven]) => isGiven)?.[0];
}

/**
 * Refuses what only a snapshot shows, which would wait for what never comes, and with `--once` what only a live run does.
 *
 * @param options values of `culprit conns`
 * @returns the same
 * @throws {UsageError} when one of them does not go with `--once`, or needs it
 */
export function settleOnce<Options extends Omit<OptionValues<typeof CONNS_OPTIONS>, "json" | "format">>(
  options: Options,
): Options {
  if (options.unix && options.protocols.length > 0 && !options.protocols.includes("unix")) {
    return settleOnce({ ...options, protocols: [...options.protocols, "unix"] });
  }
  if (options.paths.length > 0) {
    const flag = firstGiven([
      ["--proto", options.protocols.length > 0 && !options.protocols.includes("unix")],
      ["--port", options.connectionPorts.length > 0],
      ["--addr", options.networks.length > 0],
    ]);
    if (flag !== undefined) {
      throw new UsageError(`option ${flag}: found --path beside it, which only Unix sockets have`);
    }
  }
  if (options.once) {
    const flag = firstGiven([
      ["--duration", options.durationMs !== undefined],
      ["--keep", options.keepMs > 0],
      ["--event", options.events.length > 0],
      ["--direction", options.directions.length > 0],
      ["--idle", options.idleMs !== CONNS_OPTIONS.idleMs.initial],
      ["--ready-file", options.readyFile !== undefined],
      ["--ring-size", options.ringSizeBytes !== CONNS_OPTIONS.ringSizeBytes.initial],
      ["--retain", options.retainMs !== CONNS_OPTIONS.retainMs.initial],
    ]);
    if (flag !== undefined) throw new UsageError(`option ${flag}: found --once beside it, wanted one of them`);
    return options;
  }
  const protocol = options.protocols.find((name) => SOCKET_PROTOCOLS.some((other) => other === name));
  const state = options.states.find((name) => SOCKET_STATES.some((other) => other === name));
  const found = protocol !== undefined
    ? `--proto: found ${protocol}`
    : state !== undefined
    ? `--state: found ${state}`
    : undefined;
  if (found !== undefined) throw new UsageError(`option ${found} without --once, wanted both`);
  return options;
}

/**
 * Refuses what does not go together in `culprit map`.
 *
 * @param options values of `culprit map`
 * @returns the same
 * @throws {UsageError} for two formats, for a policy of a part of the connections, and for what only a policy has
 */
export function settleMap<Options extends OptionValues<typeof MAP_OPTIONS>>(options: Options): Options {
  refuseTwoFormats(options);
  const { json, format, policy } = options;
  if (policy === undefined) {
    if (options.minCount !== MAP_OPTIONS.minCount.initial) {
      throw new UsageError("option --min-count: found without --policy, wanted both");
    }
    return options;
  }
  const other = firstGiven([["--json", json], ["--format", format !== undefined]]);
  if (other !== undefined) throw new UsageError(`option --policy: found ${other} beside it, wanted one of them`);
  const filter = firstGiven([
    ["--pid", options.pids.length > 0],
    ["--comm", options.comms.length > 0],
    ["--exe", options.exes.length > 0],
    ["--uid", options.uids.length > 0],
    ["--container", options.containers.length > 0],
    ["--port", options.connectionPorts.length > 0],
    ["--addr", options.networks.length > 0],
    ["--proto", options.protocols.length > 0],
  ]);
  if (filter === undefined) return options;
  throw new UsageError(`option --policy: found ${filter} beside it, which would leave out what has to be allowed`);
}
