import assert from "node:assert/strict";
import { displayWidth } from "../output/width.ts";
import { CALM, modelOf, processNamed, put, S, STATE } from "./_testing.ts";
import { HELP_LINES } from "./help.ts";
import { TopModel } from "./model.ts";
import { pageRows, renderFrame } from "./render.ts";
import type { TopState } from "./state.ts";
import type { Frame, Surroundings } from "./types.ts";

/** Rows of all views, with names that are wide, hostile or long. */
function hostileFrame(): Frame {
  const model = new TopModel(0);
  const names = [
    "curl",
    "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
    "\x1b[2J\x1b]0;owned\x07\r\n\t\0",
    "\u202eevil\u2066\u200b\ud800",
    "e\u0301".repeat(40),
    "x".repeat(5000),
    "🦖🦖🦖🦖🦖🦖🦖🦖",
    "",
    "\x9b31m\x85\u2028",
  ];
  names.forEach((name, index) => {
    const process = processNamed(index + 1, name, { cmdline: [name, name], user: name });
    const rows = [
      model.tables.process.at(`${index}`, () => ({ view: "process", process, ended: index === 1 }), 0),
      model.tables.destination.at(`${index}`, () => ({
        view: "destination",
        address: `[2001:db8:1111:2222:3333:4444:5555:${index}]:65535`,
        transport: "tcp",
        inbound: index % 2 === 0,
        name,
      }), 0),
      model.tables.name.at(`${index}`, () => ({ view: "name", name }), 0),
    ];
    for (const row of rows) {
      row.addProcess(name);
      put(row, 10 ** index);
      row.total.received = 5 * 10 ** index;
      row.total.connections = row.open = 10 ** index;
      row.total.lookups = 10 ** index;
    }
  });
  return model.frame(S);
}

const LOSS: Surroundings = {
  ...CALM,
  lost: { connection_ring_full: 12, nothing: 0 },
  notObserved: ["\x1b[31mIPv6 binds are not seen"],
};

/** What remains of a line when our own colours are taken away. */
function plain(line: string): string {
  // deno-lint-ignore no-control-regex -- our own colours
  return line.replace(/\x1b\[(?:0|1|2|7|1;31|33)m/g, "");
}

/** Every control, bidirectional and invisible character. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const STATES: readonly Partial<TopState>[] = [
  {},
  { view: "destination", sort: "connections", byTotal: true, reversed: true, paused: true },
  { view: "name", sort: "lookups", filter: "\x1b[2J漢" },
  { view: "name", editing: true, filter: "漢".repeat(100) },
  { help: true },
  { offset: 5 },
];

for (const [columns, rows] of [[80, 24], [40, 10], [200, 60], [10, 3], [1, 1], [2, 2], [1000, 5], [20, 8]] as const) {
  Deno.test(`renderFrame() fits ${columns}x${rows} and steers nothing`, () => {
    const frame = hostileFrame();
    for (const change of STATES) {
      for (const surroundings of [CALM, LOSS]) {
        for (const colours of [true, false]) {
          const lines = renderFrame(frame, { ...STATE, ...change }, surroundings, { columns, rows, colours });
          assert.ok(lines.length <= rows, `${lines.length} lines`);
          assert.ok(lines.length >= 1);
          for (const line of lines) {
            const text = colours ? plain(line) : line;
            assert.ok(!UNSAFE.test(text), JSON.stringify(line));
            assert.ok(displayWidth(text) <= columns, `${displayWidth(text)} columns: ${JSON.stringify(line)}`);
          }
        }
      }
    }
  });
}

Deno.test("renderFrame() shows time, sums, losses and rows on 80x24", () => {
  const frame = modelOf([["curl", 2_000_000], ["dig", 100], ["nginx", 5_000_000]]).frame(S);
  const lines = renderFrame(frame, STATE, CALM, { columns: 80, rows: 24, colours: false });
  assert.deepEqual(lines.slice(0, 7), [
    "culprit top  10:00:00 to 10:00:01 UTC (1s, last 1.0s)  by process, bytes now",
    "sent 7.00MB/s  recv -/s  open -  conns -/s  lookups -/s  all: sent 7.00MB  recv…",
    "nothing lost",
    "    PID PROCESS           USER     SENT/S RECV/S  SENT  RECV  OPEN CONNS LOOKUPS",
    "      3 nginx             root      5.00M      - 5.00M     -     -     -       -",
    "      1 curl              root      2.00M      - 2.00M     -     -     -       -",
    "      2 dig               root        100      -   100     -     -     -       -",
  ]);
  assert.equal(lines.length, 24);
  assert.match(lines[23] ?? "", /^\? help {2}q quit {2}p\/d\/n view/);
});

for (
  const [columns, rows, expected] of [
    [40, 10, [/^culprit top/, /^sent /, /^nothing lost$/, /PROCESS +SENT\/S RECV\/S$/, /curl/]],
    [10, 3, [/^PROCESS$/, /^curl$/, /^dig$/]],
    [10, 4, [/^nothing l…$/, /^PROCESS$/, /^curl$/, /^dig$/]],
    [30, 1, [/^ *PID PROCESS|PROCESS/]],
  ] as const
) {
  Deno.test(`renderFrame() shows what matters most on ${columns}x${rows}`, () => {
    const frame = modelOf([["curl", 2000], ["dig", 100]]).frame(S);
    const lines = renderFrame(frame, STATE, CALM, { columns, rows, colours: false });
    expected.forEach((pattern, index) => assert.match(lines[index]?.trimEnd() ?? "", pattern));
  });
}

Deno.test("renderFrame() tells the protocol of destinations on 80 columns", () => {
  const frame = modelOf([["curl", 2000]]).frame(S);
  const heading = (sort: TopState["sort"]): string | undefined =>
    renderFrame(frame, { ...STATE, view: "destination", sort }, CALM, { columns: 80, rows: 24, colours: false })[3];
  assert.match(heading("bytes") ?? "", /^DESTINATION +PROTO +SENT\/S RECV\/S +OPEN .*PROCESS +NAME/);
  assert.match(heading("lookups") ?? "", /LOOKUPS/);
});

Deno.test("renderFrame() never leaves a loss out, however small the terminal", () => {
  const frame = modelOf([["curl", 2000]]).frame(S);
  for (let rows = 2; rows < 30; rows++) {
    const lines = renderFrame(frame, STATE, LOSS, { columns: 80, rows, colours: false });
    assert.ok(lines.some((line) => line.startsWith("LOST: 12 connection_ring_full")), `${rows} rows`);
  }
});

Deno.test("renderFrame() has no colours where none are wanted", () => {
  const lines = renderFrame(hostileFrame(), STATE, LOSS, { columns: 80, rows: 24, colours: false });
  assert.ok(lines.every((line) => !line.includes("\x1b")));
  const coloured = renderFrame(hostileFrame(), STATE, LOSS, { columns: 80, rows: 24, colours: true });
  assert.ok(coloured.some((line) => line.startsWith("\x1b[1;31mLOST") && line.endsWith("\x1b[0m")));
});

for (
  const [what, change, expected] of [
    ["bytes of the last interval", {}, ["b", "a", "c"]],
    ["all bytes", { byTotal: true }, ["a", "b", "c"]],
    ["bytes, reversed", { reversed: true }, ["c", "a", "b"]],
    ["open connections", { sort: "connections" }, ["c", "b", "a"]],
    ["all connections", { sort: "connections", byTotal: true }, ["b", "c", "a"]],
    ["lookups of the last interval, then by name", { sort: "lookups" }, ["a", "b", "c"]],
    ["a filter in any case", { filter: "B -X" }, ["b"]],
    ["a filter by pid", { filter: "3" }, ["c"]],
    ["a filter nothing has", { filter: "zzz" }, []],
  ] as const
) {
  Deno.test(`renderFrame() orders by ${what}`, () => {
    const model = modelOf([["a", 1000], ["b", 100], ["c", 10]]);
    model.frame(S);
    const [a, b, c] = [...model.tables.process.rows()];
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    put(b, 500);
    c.open = 2;
    c.total.connections = 2;
    b.open = 1;
    b.total.connections = 9;
    a.total.lookups = 1;
    const frame = model.frame(2 * S);
    const lines = renderFrame(frame, { ...STATE, ...change }, CALM, { columns: 80, rows: 24, colours: false });
    const found = lines.slice(4, -1).filter((line) => line !== "").map((line) => line.slice(8).split(" ")[0]);
    assert.deepEqual(found, [...expected]);
  });
}

Deno.test("renderFrame() of thousands of rows shows one page, and others last", () => {
  const rows = Array.from({ length: 9000 }, (_, index) => [`p${index}`, index] as const);
  const frame = modelOf(rows, { maxRows: 4000 }).frame(S);
  const count = frame.rows.process.length;
  assert.ok(count > 2900 && count <= 4001);
  const page = pageRows(24, CALM);
  assert.equal(page, 19);
  for (const reversed of [false, true]) {
    const state = { ...STATE, reversed, offset: count - page };
    const lines = renderFrame(frame, state, CALM, { columns: 80, rows: 24, colours: false });
    assert.match(lines[22] ?? "", /^ +\(\d+ others\)/);
  }
  const batch = renderFrame(frame, STATE, CALM, { columns: undefined, rows: undefined, colours: false });
  assert.equal(batch.length, count + 4);
});

Deno.test("renderFrame() cuts nothing where there is no width", () => {
  const command = ["curl", "https://example.com/" + "x".repeat(500)];
  const model = new TopModel(0);
  const process = processNamed(1, "curl", { cmdline: command });
  model.tables.process.at("1", () => ({ view: "process", process, ended: false }), 0);
  const lines = renderFrame(model.frame(S), STATE, CALM, { columns: undefined, rows: undefined, colours: false });
  assert.ok(lines[4]?.endsWith(command.join(" ")));
});

Deno.test("help fits 80 columns, and is shown with what surrounds it", () => {
  for (const line of HELP_LINES) assert.ok(displayWidth(line) <= 80, line);
  const frame = modelOf([["curl", 1]]).frame(S);
  const lines = renderFrame(frame, { ...STATE, help: true }, LOSS, { columns: 80, rows: 24, colours: false });
  assert.ok(lines.some((line) => line.startsWith("LOST")));
  for (const line of HELP_LINES) assert.ok(lines.includes(line), line);
});
