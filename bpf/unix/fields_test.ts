import assert from "node:assert/strict";
import type { UnixEvent } from "../../src/events.ts";
import { unknownProcess } from "../../src/process_table.ts";
import { TextFormatter } from "../../src/output/text.ts";
import { CONNECTION_COLUMNS } from "../conn/fields.ts";
import { UNIX_COLUMNS, UNIX_EVENT } from "./fields.ts";

const OPEN = UNIX_EVENT.example;
const { peer_process: _peer, peer_attribution: _by, direction: _direction, ...ALONE } = OPEN;

/** Columns from that of the process on, without padding. */
function shown(event: UnixEvent): string {
  return UNIX_COLUMNS.slice(4).map((column) => column.value(event)).join(" | ");
}

Deno.test("UNIX_COLUMNS show both ends and how the other one is known", () => {
  const long = "/run/user/1000/a/long/path/agent.sock";
  const cases: [string, UnixEvent, string][] = [
    ["accepted", OPEN, "unix | - | /run/docker.sock | to dockerd[612]"],
    [
      "who listens",
      { ...OPEN, peer_attribution: "listener" },
      "unix | - | /run/docker.sock | to dockerd[612] (listener)",
    ],
    [
      "unknown",
      { ...OPEN, peer_process: unknownProcess("it ended"), peer_attribution: "unknown" },
      "unix | - | /run/docker.sock | to unknown: it ended",
    ],
    ["accept", { ...OPEN, event: "accept" }, "unix | /run/docker.sock | - | from dockerd[612]"],
    ["a long name is told in full", { ...ALONE, event: "listen", path: long }, `unix | ${long} | - | at ${long}`],
    [
      "failed datagram",
      { ...ALONE, event: "fail", socket_type: "datagram", error: "ENOENT" },
      "unix | - | /run/docker.sock | ENOENT datagram",
    ],
    ["close of the client", { ...ALONE, event: "close", direction: "outbound" }, "unix | - | /run/docker.sock | "],
    ["close of the server", { ...ALONE, event: "close", direction: "inbound" }, "unix | /run/docker.sock | - | "],
  ];
  for (const [name, event, expected] of cases) assert.equal(shown(event), expected, name);
});

Deno.test("UNIX_COLUMNS stand under the headings of connections", () => {
  for (const terminalWidth of [80, 132]) {
    const options = { terminalWidth, colours: false };
    assert.equal(
      new TextFormatter(UNIX_COLUMNS, options).header(),
      new TextFormatter(CONNECTION_COLUMNS, options).header(),
    );
  }
});
