import assert from "node:assert/strict";
import type { UnixEvent } from "../events.ts";
import { unknownProcess } from "../process_table.ts";
import { type ConnectionFilterOptions, NO_FILTER } from "./filter.ts";
import { compileUnixFilter } from "./unix_filter.ts";

function event(name: UnixEvent["event"], direction?: UnixEvent["direction"]): UnixEvent {
  return {
    schema: "culprit/1",
    type: "unix",
    time: "2026-11-21T00:12:04.000000000Z",
    event: name,
    process: unknownProcess("test"),
    protocol: "unix",
    family: "unix",
    socket_type: "stream",
    netns: 1,
    ...(direction === undefined ? {} : { direction }),
  };
}

Deno.test("compileUnixFilter() filters as for connections", () => {
  const everything: [UnixEvent, boolean][] = [
    [{ ...event("open", "outbound"), path: "/run/docker.sock" }, false],
    [{ ...event("accept", "inbound"), path: "@bus" }, false],
    [{ ...event("listen"), path: "/run/docker.sock" }, true],
    [event("bind"), false],
    [event("fail", "outbound"), false],
    [event("close"), true],
    [event("close", "inbound"), false],
  ];
  const cases: [string, Partial<ConnectionFilterOptions>, string][] = [
    ["nothing asked", {}, "open accept listen bind fail close close"],
    ["events", { events: ["open", "fail"] }, "open fail"],
    ["listeners", { listen: true }, "listen close"],
    ["established", { states: ["established"] }, "open accept"],
    ["closed or bound", { states: ["closed", "bound"] }, "bind fail close close"],
    ["inbound", { directions: ["inbound"] }, "accept close"],
    ["nobody began", { directions: ["none"] }, "listen bind close"],
    ["unix asked for", { protocols: ["tcp", "unix"] }, "open accept listen bind fail close close"],
    ["others asked for", { protocols: ["tcp"] }, ""],
    ["a port, of which there is none", { connectionPorts: [80] }, ""],
    ["an address, of which there is none", { networks: [{ octets: [0, 0, 0, 0], bits: 0 }] }, ""],
    ["a name", { paths: ["/run/*"] }, "open listen"],
    ["an abstract name", { paths: ["@b*", "none"] }, "accept"],
    ["both must hold", { events: ["open"], directions: ["inbound"] }, ""],
  ];
  for (const [name, options, expected] of cases) {
    const passes = compileUnixFilter({ ...NO_FILTER, ...options });
    const passed = everything.filter(([one, isListener]) => passes(one, isListener)).map(([one]) => one.event);
    assert.equal(passed.join(" "), expected, name);
  }
});
