import assert from "node:assert/strict";
import { runInside } from "./_run.ts";

/** What is advised about lists. */
const ONE_COMMA = "remove the comma that is too many";
const LEAVE_OUT = "leave the option out where it should not matter";

/** Command lines that are wrong, what is said and what is advised. */
const CASES: readonly (readonly [args: string, message: string, hint?: string])[] = [
  ["dnz", 'unknown command "dnz"', "did you mean dns"],
  ["dn\ns", 'unknown command "dn\\x0as"', "did you mean dns"],
  ["frobnicate", 'unknown command "frobnicate"', 'run "culprit --help"'],
  ["--jsn", 'unknown option "--jsn"', 'run "culprit --help"'],
  ["dns --jsn", 'unknown option "--jsn"', "did you mean --json"],
  ["dns --durations 5s", 'unknown option "--durations"', "did you mean --duration"],
  ["dns --zebra", 'unknown option "--zebra"', 'run "culprit dns --help"'],
  [
    "dns example.com",
    'too many arguments for "dns". Expected 0 arguments but got 1: example.com.',
    'run "culprit dns --help"',
  ],
  ["dns --duration", 'option "--duration <time>" argument missing', 'run "culprit dns --help"'],
  [
    "dns --duration 5x",
    'option --duration: found "5x", wanted a number with a unit: ms, s, m or h',
    "for example 500ms, 30s, 5m or 1h",
  ],
  [
    "dns --duration 5",
    'option --duration: found "5", wanted a number with a unit: ms, s, m or h',
    "for example 500ms, 30s, 5m or 1h",
  ],
  [
    "dns --duration -5s",
    'option --duration: found "-5s", wanted a number with a unit: ms, s, m or h',
    "for example 500ms, 30s, 5m or 1h",
  ],
  ["dns --duration 0s", 'option --duration: found "0s", wanted at least 1ms'],
  ["dns --duration 600h", 'option --duration: found "600h", wanted at most 596h'],
  ["dns --timeout 0.1ms", 'option --timeout: found "0.1ms", wanted at least 1ms'],
  ["dns --count 0", 'option --count: found "0", wanted a number from 1 to 9007199254740991'],
  ["dns --count 1e3", 'option --count: found "1e3", wanted a number from 1 to 9007199254740991'],
  ["dns --pid -3", 'option --pid: found "-3", wanted a process id from 1 to 4194304'],
  ["dns --pid 0", 'option --pid: found "0", wanted a process id from 1 to 4194304'],
  ["dns --pid 1,,2", 'option --pid: found nothing beside a comma in "1,,2", wanted a value', ONE_COMMA],
  [
    "conns --addr 10.0.0.0/8,",
    'option --addr: found nothing beside a comma in "10.0.0.0/8,", wanted a value',
    ONE_COMMA,
  ],
  ["conns --event ,open", 'option --event: found nothing beside a comma in ",open", wanted a value', ONE_COMMA],
  ["dns --type A,", 'option --type: found nothing beside a comma in "A,", wanted a value', ONE_COMMA],
  ["dns --uid=", 'option --uid: found "", wanted values separated by commas', LEAVE_OUT],
  ["conns --proto=", 'option --proto: found "", wanted values separated by commas', LEAVE_OUT],
  ["procs --pid 4194305", 'option --pid: found "4194305", wanted a process id from 1 to 4194304'],
  ["dns --uid root", 'option --uid: found "root", wanted a user id from 0 to 4294967294'],
  ["dns --ports 53,70000", 'option --ports: found "70000", wanted a port from 1 to 65535'],
  ["dns --type A,QUUX", 'option --type: found "QUUX", wanted a record type such as A, AAAA, HTTPS or TYPE65280'],
  [
    "dns --type TYPE65536",
    'option --type: found "TYPE65536", wanted a record type such as A, AAAA, HTTPS or TYPE65280',
  ],
  [
    "dns --rcode NXDOMAINS",
    'option --rcode: found "NXDOMAINS", wanted a response code such as NOERROR, NXDOMAIN, SERVFAIL or RCODE24',
  ],
  [
    "dns --rcode 4096",
    'option --rcode: found "4096", wanted a response code such as NOERROR, NXDOMAIN, SERVFAIL or RCODE24',
  ],
  ["dns --name [a", 'option --name: glob "[a": found "[" without "]"', 'write "[[]" to match an opening bracket'],
  [
    "dns --comm=a,,b",
    'option --comm: found nothing beside a comma in "a,,b", wanted a value',
    `${ONE_COMMA}, or write "[,]" to match one`,
  ],
  [
    "conns --path ,",
    'option --path: found nothing beside a comma in ",", wanted a value',
    `${ONE_COMMA}, or write "[,]" to match one`,
  ],
  ["dns --container=", 'option --container: found "", wanted values separated by commas', LEAVE_OUT],
  ["dns --exe [z-a]", 'option --exe: glob "[z-a]": found the empty range "z-a"', "write the smaller character first"],
  ["dns --format xml", 'option --format: found "xml", wanted one of text, json, kv'],
  ["dns --json --format kv", "option --json: found --format kv beside it, wanted one of them"],
  ["dns --output=", 'option --output: found "", wanted the path of a file'],
  ["dns --ring-size 3M", 'option --ring-size: found "3M", wanted a power of two from 64K to 1G', "for example 16M"],
  ["dns --ring-size 32K", 'option --ring-size: found "32K", wanted a power of two from 64K to 1G', "for example 16M"],
  ["dns --ring-size 2G", 'option --ring-size: found "2G", wanted a power of two from 64K to 1G', "for example 16M"],
  ["dns --ring-size 16T", 'option --ring-size: found "16T", wanted a power of two from 64K to 1G', "for example 16M"],
  ["procs --event exec,spawn", 'option --event: found "spawn", wanted one of exec, fork, exit'],
  ["who :80 --format kv", 'option --format: found "kv", wanted one of text, json'],
  ["conns --proto tcp,packet", "option --proto: found packet without --once, wanted both"],
  ["conns --state time_wait", "option --state: found time_wait without --once, wanted both"],
  ["map --json --format dot", "option --json: found --format dot beside it, wanted one of them"],
  ["map --policy nft --json", "option --policy: found --json beside it, wanted one of them"],
  ["map --policy nft --format dot", "option --policy: found --format beside it, wanted one of them"],
  ["map --min-count 3", "option --min-count: found without --policy, wanted both"],
  [
    "map --policy nft --exe curl",
    "option --policy: found --exe beside it, which would leave out what has to be allowed",
  ],
  [
    "map --policy nft --container 9f2c",
    "option --policy: found --container beside it, which would leave out what has to be allowed",
  ],
  ["conns --path /run/x --port 3", "option --port: found --path beside it, which only Unix sockets have"],
  ["conns --once --path /run/x --proto tcp", "option --proto: found --path beside it, which only Unix sockets have"],
  ["conns --once --duration 5s", "option --duration: found --once beside it, wanted one of them"],
  ["conns --once --keep 5m", "option --keep: found --once beside it, wanted one of them"],
  ["conns --once --idle 3s", "option --idle: found --once beside it, wanted one of them"],
  ["conns --once --ready-file f", "option --ready-file: found --once beside it, wanted one of them"],
  ["conns --once --event open", "option --event: found --once beside it, wanted one of them"],
  ["help frobnicate", 'unknown command "frobnicate"', 'run "culprit --help"'],
  ["doctor --duration 5s", 'unknown option "--duration"', 'run "culprit doctor --help"'],
];

for (const [args, message, hint] of CASES) {
  Deno.test(`culprit ${args} is refused`, async () => {
    const { code, out, err } = await runInside(args.split(" "));
    assert.equal(err, `culprit: ${message}\n${hint === undefined ? "" : `hint: ${hint}\n`}`);
    assert.equal(out, "");
    assert.equal(code, 2);
  });
}

Deno.test("what is found on the command line cannot steer the terminal", async () => {
  const { err } = await runInside(["dns", "--format", "\x1b[2J"]);
  assert.equal(err, 'culprit: option --format: found "\\x1b[2J", wanted one of text, json, kv\n');
});
