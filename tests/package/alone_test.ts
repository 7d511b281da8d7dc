// What somebody finds who has the single file and no web page: the commands, what they lead to, the manual page, TAB.
// Needs root, bash, mandoc and what `deno task test:package` makes.
import assert from "node:assert/strict";
import { CULPRIT, runIn } from "./_sandbox.ts";

/** Runs a program of this machine with some input. */
async function filter(command: string, args: readonly string[], input: string): Promise<string> {
  const child = new Deno.Command(command, { args: [...args], stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Names of the commands in what `culprit` alone prints. */
async function commandNames(): Promise<string[]> {
  const { code, out } = await runIn({});
  assert.equal(code, 0);
  const [, list = ""] = /\nCommands:\n((?: {2}.*\n)+)/.exec(out) ?? [];
  return [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = ""]) => name);
}

Deno.test("alone it says what it is for, which commands there are, and how to begin", async () => {
  const { out } = await runIn({});
  assert.match(out, /^culprit names the process behind /);
  assert.match(out, /\nExamples:\n {2}culprit dns /);
  assert.match(out, /\nExit codes:\n/);
  const names = await commandNames();
  for (const name of ["dns", "conns", "procs", "doctor", "completion", "man"]) assert.ok(names.includes(name), name);
});

Deno.test("every command it names has a help with usage, examples or arguments", async () => {
  for (const name of await commandNames()) {
    if (name === "help") continue;
    const { code, out, err } = await runIn({}, "help", name);
    assert.deepEqual([code, err], [0, ""], name);
    assert.match(out, new RegExp(`\nUsage: culprit ${name}\\b`), name);
  }
});

Deno.test("a word it does not know leads to one that it knows", async () => {
  const { code, err } = await runIn({}, "dsn");
  assert.equal(code, 2);
  assert.match(err, /^culprit: .*dsn.*\n.*dns/s);
});

Deno.test("dns without rights says how to get them, and doctor what else is missing", async () => {
  const dns = await runIn({ uid: 1000 }, "dns");
  assert.equal(dns.code, 3);
  assert.match(dns.err, /\nhint: .*(root|sudo)/);
  const doctor = await runIn({ uid: 1000 }, "doctor");
  assert.equal(doctor.code, 3);
  assert.match(doctor.out, /^FAIL +capabilities/m);
});

Deno.test("doctor as root ends with whether dns can run here", async () => {
  const { code, out, err } = await runIn({}, "doctor");
  assert.equal(code, 0, err + out);
  assert.match(out, /\nculprit dns, procs, conns, map and top can run on this host\n/);
});

Deno.test("its manual page is one for man, and names every command", async () => {
  const { code, out } = await runIn({}, "man");
  assert.equal(code, 0);
  const page = await filter("mandoc", ["-T", "utf8", "-W", "error"], out);
  // Overstrikes stand for bold and underlined.
  const text = page.replaceAll(new RegExp(`.${String.fromCharCode(8)}`, "g"), "");
  for (const name of await commandNames()) {
    if (name !== "help") assert.match(text, new RegExp(`culprit ${name}\\b`), name);
  }
});

Deno.test("TAB in bash completes commands and options", async () => {
  const { code, out } = await runIn({}, "completion", "bash");
  assert.equal(code, 0);
  assert.doesNotMatch(out, /\beval\b/);
  for (
    const [words, wanted] of [[["culprit", "d"], ["dns", "decode", "doctor"]], [["culprit", "dns", "--js"], [
      "--json",
    ]]] as const
  ) {
    // What bash sets before it calls the function that the script has named for the command.
    const script = `${out}
COMP_WORDS=(${words.join(" ")}) COMP_CWORD=${words.length - 1} COMP_LINE='${words.join(" ")}' COMP_POINT=${
      words.join(" ").length
    }
name=$(complete -p culprit | sed -E 's/.* -F ([^ ]+) .*/\\1/')
"$name" culprit '${words.at(-1)}' '${words.at(-2)}'
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const found = (await filter("bash", [], script)).trim().split(/\s+/);
    for (const word of wanted) assert.ok(found.includes(word), `${word} in ${found.join(" ")}`);
  }
});

Deno.test("completions are there for zsh and fish, too", async () => {
  for (const [shell, check] of [["zsh", ["-n"]], ["fish", ["--no-execute"]]] as const) {
    const { code, out } = await runIn({}, "completion", shell);
    assert.equal(code, 0);
    assert.doesNotMatch(out, /\beval\b/, shell);
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, out);
      await filter(shell, [...check, file], "");
    } finally {
      await Deno.remove(file);
    }
  }
});

Deno.test("the file is one that can be copied as it is", () => {
  const { mode, size } = Deno.statSync(CULPRIT);
  assert.equal((mode ?? 0) & 0o777, 0o755);
  assert.ok(size < 40e6, `${size} octets`);
});
