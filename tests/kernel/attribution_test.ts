/**
 * The attribution scorecard as tests: one for each scenario. Needs root. All scenarios run once, beside one culprit,
 * before the first test is registered: what a machine cannot run is known only then, and shows up as ignored.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SCENARIOS } from "../scenarios/catalog.ts";
import { isAcceptable, NOTHING_ELSE, runScenarios } from "../scenarios/runner.ts";

if (Deno.uid() !== 0) {
  Deno.test({ name: "attribution: needs root", ignore: true, fn: () => {} });
} else {
  const { verdicts, problems } = await runScenarios();

  Deno.test("attribution: the run as a whole loses nothing and ends cleanly", () => {
    assert.deepEqual(problems, []);
  });

  for (const name of [...SCENARIOS.map((scenario) => scenario.name), NOTHING_ELSE]) {
    const outcome = verdicts[name] ?? { verdict: "broken" as const, details: ["it has no verdict"] };
    const reason = outcome.verdict === "not run" ? `: not run: ${outcome.details.join("; ").slice(0, 120)}` : "";
    Deno.test({
      name: `attribution: ${name}${reason}`,
      ignore: outcome.verdict === "not run",
      fn: () => {
        assert.ok(isAcceptable(outcome), `${outcome.verdict}\n  ${outcome.details.join("\n  ")}`);
      },
    });
  }
}
