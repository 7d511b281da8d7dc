import assert from "node:assert/strict";
import { completionText, manualText } from "../commands/completion.ts";
import { SHELLS } from "../commands/options.ts";
import { buildProgram, RUNNERS } from "../commands/program.ts";
import { bashCompletion } from "./bash.ts";
import { LOSS_CAUSES } from "../loss_causes.ts";
import { manualPage } from "./man.ts";
import { type CommandNode, commandTree } from "./tree.ts";

/** Runs a script in bash and returns what it prints. */
function bash(script: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command("bash", { args: ["-c", script, "bash", ...args] }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

/** What bash offers for a line that ends where TAB is pressed. */
function offers(words: readonly string[], directory = "/"): string[] {
  const script = [
    'cd "$1"; shift',
    completionText("bash"),
    'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))',
    "_culprit",
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join("\n");
  return bash(script, directory, ...words).split("\n").filter((line) => line !== "");
}

for (
  const [name, words, expected] of [
    ["a command", ["culprit", "d"], ["dns", "doctor", "decode"]],
    ["an option of the program", ["culprit", "--ver"], ["--version"]],
    ["options of a command", ["culprit", "dns", "--re"], ["--read", "--ready-file", "--retain"]],
    ["a choice", ["culprit", "dns", "--format", ""], ["text", "json", "kv"]],
    ["the end of a list", ["culprit", "procs", "--event", "exec,f"], ["exec,fork"]],
    ["nothing for a number", ["culprit", "dns", "--count", ""], []],
    ["an argument", ["culprit", "completion", "z"], ["zsh"]],
    ["an argument of any text", ["culprit", "decode", "h"], []],
    ["a command to be helped with", ["culprit", "help", "pro"], ["procs"]],
    ["a file", ["culprit", "dns", "--output", "/etc/passw"], ["/etc/passwd"]],
    ["nothing of another command", ["culprit", "doctor", "--mess"], []],
    ["after an option of the program", ["culprit", "--help", "sche"], ["schema"]],
  ] as const
) {
  Deno.test(`bash completes ${name}`, () => {
    const found = offers(words).filter((word) => word !== "/etc/passwd-");
    assert.deepEqual(found, [...expected]);
  });
}

Deno.test("bash offers a path with a space as one", () => {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${directory}/two words`, "");
    assert.deepEqual(offers(["culprit", "dns", "--output", "tw"], directory), ["two words"]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("bash runs nothing of what was typed", () => {
  const directory = Deno.makeTempDirSync();
  try {
    for (const typed of ["$(touch ran)", "`touch ran`", "'; touch ran; '", "$(touch ran),"]) {
      for (const before of [[], ["dns"], ["dns", "--type"], ["dns", "--output"], ["dns", "--format"], ["help"]]) {
        offers(["culprit", ...before, typed], directory);
        offers(["culprit", typed, ...before, ""], directory);
      }
    }
    assert.deepEqual([...Deno.readDirSync(directory)], []);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("no completion evaluates text or runs culprit", () => {
  for (const shell of SHELLS) {
    const code = completionText(shell).split("\n").filter((line) => !line.startsWith("#")).join("\n");
    assert.doesNotMatch(code, /\beval\b|`|\$\(culprit|\(culprit /, shell);
  }
});

Deno.test("every command and option is in every completion and in the manual page", () => {
  const tree = commandTree(buildProgram(RUNNERS, () => {}, () => {}));
  const texts = [...SHELLS.map(completionText), manualText().replaceAll("\\-", "-")];
  assert.ok(tree.commands.length > 5);
  for (const command of tree.commands) {
    for (const text of texts) {
      assert.match(text, new RegExp(`\\b${command.name}\\b`));
      for (const { long } of command.options) assert.match(text, new RegExp(`(--|-l )${long.slice(2)}\\b`));
    }
  }
});

/** A tree with words that mean something to shells and to roff. */
const HOSTILE: CommandNode = {
  name: "culprit",
  summary: "",
  sentence: "It's 100% $HOME `x` \\n.",
  usage: "<command>",
  notes: undefined,
  examples: [["culprit 'x'", ".TH is no request here"]],
  options: [],
  arguments: [],
  commands: [{
    name: "run",
    summary: "it's",
    sentence: ".SH not a heading",
    usage: "[options]",
    notes: "'not a request\n.nor this",
    examples: [],
    options: [{
      short: undefined,
      long: "--x",
      text: "don't",
      group: "G",
      value: { placeholder: "name", isFile: false, isList: false, choices: ["it's", "$(false)"] },
    }],
    arguments: [],
    commands: [],
  }],
};

Deno.test("bashCompletion() quotes choices", () => {
  bash(`${bashCompletion(HOSTILE)}\ntrue`);
});

Deno.test("manualPage() tells what every cause of loss means", () => {
  const page = manualPage(HOSTILE).replaceAll("\\-", "-");
  for (const [cause, { text }] of Object.entries(LOSS_CAUSES)) {
    assert.ok(page.includes(`\n\\fI${cause}\\fR\n${text.replaceAll("`", "")}`), cause);
  }
});

Deno.test("manualPage() starts no request from text", () => {
  const requests = manualPage(HOSTILE).split("\n").filter((line) => /^[.']/.test(line));
  for (const line of requests) assert.match(line, /^\.(\\"|TH|SH|SS|TP|PP|B|BR|nf|fi)\b|^\.\\"/, line);
  assert.equal(requests.filter((line) => line.startsWith(".TH")).length, 1);
});
