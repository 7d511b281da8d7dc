import assert from "node:assert/strict";
import { CMDLINE_MAX_BYTES, parseCgroup, parseCmdline, parseInode, parseStat, parseStatus } from "./proc_format.ts";

const encoder = new TextEncoder();

/** Bytes of a text; `\xNN` above 7f are put in as they are, not as UTF-8. */
function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What follows the comm in a real stat file, with start 123456. */
function statTail(flags: number, state = "S", parent = 812): string {
  return ` ${state} ${parent} 877 812 34816 877 ${flags} 120 0 0 0 1 2 0 0 20 0 1 0 123456 5001216 300 18446744073709551615 0\n`;
}

const COMMS: readonly (readonly [name: string, raw: string, comm: string])[] = [
  ["a plain comm", "ping", "ping"],
  ["an empty comm", "", ""],
  ["blanks", "tmux: server", "tmux: server"],
  ["parentheses", "a) (b", "a) (b"],
  ["a comm that imitates fields", "x) S 1 2 3 (", "x) S 1 2 3 ("],
  ["a newline", "a\nb", "a\nb"],
  ["an escape sequence", "\x1b[2J", "\x1b[2J"],
  ["bytes that are no UTF-8", "a\xff\xfeb", "a\ufffd\ufffdb"],
  ["a UTF-8 sequence cut by the kernel at 15 octets", "abcdefghijklmn\xc3", "abcdefghijklmn\ufffd"],
];
for (const [name, raw, comm] of COMMS) {
  Deno.test(`parseStat() reads ${name}`, () => {
    assert.deepEqual(parseStat(bytes(`877 (${raw})${statTail(4194304)}`)), {
      comm,
      state: "S",
      parentTgid: 812,
      isKernelThread: false,
      startTicks: 123456,
    });
  });
}

Deno.test("parseStat() knows kernel threads and zombies", () => {
  assert.equal(parseStat(bytes(`2 (kthreadd)${statTail(2129984, "S", 0)}`))?.isKernelThread, true);
  assert.equal(parseStat(bytes(`9 (sh)${statTail(4228108, "Z")}`))?.state, "Z");
});

for (const text of ["", "877", "877 (ping", "877 (ping) S 1 2", "877 )ping( S"]) {
  Deno.test(`parseStat() refuses ${JSON.stringify(text)}`, () => {
    assert.equal(parseStat(bytes(text)), undefined);
  });
}

Deno.test("parseStatus() reads the real ids, whatever the name imitates", () => {
  const text = "Name:\ta\\nUid:\t7\t7\\nGid:\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t877\nNgid:\t0\nPid:\t878\n" +
    "PPid:\t812\nTracerPid:\t0\nUid:\t1000\t0\t0\t0\nGid:\t1001\t5\t5\t5\nFDSize:\t64\n";
  assert.deepEqual(parseStatus(bytes(text)), { tgid: 877, uid: 1000, gid: 1001 });
  assert.equal(parseStatus(bytes("Name:\tx\nTgid:\t1\nUid:\t0\n")), undefined);
  assert.equal(parseStatus(bytes("")), undefined);
});

const CMDLINES: readonly (readonly [name: string, raw: string, expected: string[]])[] = [
  ["nothing", "", []],
  ["one argument", "ls\0", ["ls"]],
  ["an empty last argument", "printf\0a\0\0", ["printf", "a", ""]],
  ["two empty arguments among others", "x\0\0y\0\0", ["x", "", "y", ""]],
  ["no closing NUL", "nginx: master process", ["nginx: master process"]],
  ["padding of setproctitle", "sshd: root@pts/0\0\0\0\0\0\0", ["sshd: root@pts/0"]],
  ["only an empty argument", "\0", [""]],
  ["bytes that are no UTF-8", "a\xff\0b\0", ["a\ufffd", "b"]],
  ["newlines and escapes", "sh\0-c\0echo\n\x1b[31m\0", ["sh", "-c", "echo\n\x1b[31m"]],
];
for (const [name, raw, expected] of CMDLINES) {
  Deno.test(`parseCmdline() reads ${name}`, () => {
    assert.deepEqual(parseCmdline(bytes(raw)), { cmdline: expected, truncated: false });
  });
}

Deno.test("parseCmdline() cuts at 4096 octets, not within a character", () => {
  const exact = parseCmdline(bytes("x".repeat(CMDLINE_MAX_BYTES - 1) + "\0"));
  assert.deepEqual([exact.cmdline[0]?.length, exact.truncated], [CMDLINE_MAX_BYTES - 1, false]);
  for (const character of ["é", "€", "😀"]) {
    const width = encoder.encode(character).length;
    for (let before = 0; before < width; before++) {
      const { cmdline, truncated } = parseCmdline(encoder.encode("x".repeat(before) + character.repeat(3000) + "\0"));
      assert.equal(truncated, true);
      assert.match(cmdline[0] ?? "", new RegExp(`^x{${before}}(?:${character})+$`, "u"));
      assert.equal(encoder.encode(cmdline[0]).length, CMDLINE_MAX_BYTES - (CMDLINE_MAX_BYTES - before) % width);
    }
  }
});

const CGROUPS: readonly (readonly [name: string, text: string, expected: string])[] = [
  ["v2 only", "0::/user.slice/user-0.slice/session-1.scope\n", "/user.slice/user-0.slice/session-1.scope"],
  ["the root of v2", "0::/\n", "/"],
  ["both, in a v2 group", "4:memory:/old\n0::/init.scope\n", "/init.scope"],
  ["both, in the root of v2", "5:cpu:/\n4:memory:/docker/x\n1:name=systemd:/y\n0::/\n", "/docker/x"],
  ["v1 only", "3:cpu,cpuacct:/a:b\n2:pids:/c\n", "/a:b"],
  ["the root of all", "2:pids:/\n0::/\n", "/"],
  ["a removed group", "0::/gone (deleted)\n", "/gone"],
  ["nothing", "", ""],
];
for (const [name, text, expected] of CGROUPS) {
  Deno.test(`parseCgroup() reads ${name}`, () => {
    assert.equal(parseCgroup(bytes(text)), expected);
  });
}

Deno.test("parseInode() reads namespace and socket links", () => {
  assert.equal(parseInode("net:[4026531840]"), 4026531840);
  assert.equal(parseInode("socket:[12]"), 12);
  assert.equal(parseInode("/dev/null"), 0);
});
