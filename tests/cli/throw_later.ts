/**
 * Loaded before cli.ts: gives `culprit dns` an error that nobody awaits, from what KIND names: `timer` or `promise`.
 *
 * @module
 */

import { RUNNERS } from "../../src/commands/program.ts";

// The real entry point, with a command that leaves an error behind and never ends.
RUNNERS.dns = (): Promise<never> => {
  const fail = (): never => {
    throw new TypeError("stray");
  };
  if (Deno.env.get("KIND") === "timer") setTimeout(fail, 0);
  else Promise.resolve().then(fail);
  return new Promise(() => {});
};
