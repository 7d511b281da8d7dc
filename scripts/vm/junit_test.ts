import assert from "node:assert/strict";
import { parseJunit } from "./junit.ts";

/** As Deno 2.9.6 writes it, with one test of every outcome and one step. */
const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.288">
    <testsuite name="./bpf/x/kernel_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="reads &lt;&amp;&gt; &quot;q&quot;" classname="./bpf/x/kernel_test.ts" time="0.001" line="2" col="6">
            <failure message="Uncaught AssertionError: unequal:

1 !== 2
">AssertionError: unequal:

1 !== 2

Deno.test(&quot;x&quot;, () =&gt; {});</failure>
        </testcase>
        <testcase name="whole" classname="./bpf/x/kernel_test.ts" time="0.000" line="3" col="6">
        </testcase>
        <testcase name="left out" classname="./bpf/x/kernel_test.ts" time="0.000" line="4" col="6">
            <skipped/>
        </testcase>
        <testcase name="whole &gt; inner" classname="./bpf/x/kernel_test.ts" time="0.000" line="3" col="47"/>
    </testsuite>
</testsuites>`;

Deno.test("parseJunit() reads names, outcomes and reasons", () => {
  assert.deepEqual(parseJunit(REPORT), [
    {
      name: 'reads <&> "q"',
      outcome: "fail",
      detail: 'AssertionError: unequal:\n\n1 !== 2\n\nDeno.test("x", () => {});',
    },
    { name: "whole", outcome: "pass", detail: "" },
    { name: "left out", outcome: "skip", detail: "" },
    { name: "whole > inner", outcome: "pass", detail: "" },
  ]);
});

Deno.test("parseJunit() finds nothing in a report that was cut off before its first test", () => {
  assert.deepEqual(parseJunit(REPORT.slice(0, 200)), []);
});
