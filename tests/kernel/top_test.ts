import assert from "node:assert/strict";
import { once } from "node:events";
import { createSocket } from "node:dgram";
import { closeFd, OPEN_FLAG, openFile, openLibc, writeFdOnce } from "../../ffi/libc.ts";
import { encodeMessage } from "../../src/dns/mod.ts";
import { formatOctets } from "../../src/top/format.ts";
import { culpritCommand, ROOT } from "./culprit.ts";
import { Download, FIRST, SECOND, SlowServer, until } from "./traffic.ts";

// Libraries stay open once they are used, which the first test would be blamed for.
openLibc();

/** A shell in a terminal of tmux, whose server is this test's own. */
class TerminalShell implements AsyncDisposable {
  readonly #socket = `culprit-test-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  #screen = "";
  #asked = 0;

  /** Starts a shell in a terminal of a size. */
  static async start(columns: number, rows: number): Promise<TerminalShell> {
    const terminal = new TerminalShell();
    // Nothing of the user's: neither configuration nor prompt.
    const shell = "env PS1='$ ' LC_ALL=C.UTF-8 NO_COLOR= bash --norc --noprofile";
    await terminal.#tmux("new-session", "-d", "-s", "t", "-x", `${columns}`, "-y", `${rows}`, shell);
    await terminal.shows(/^\$/m);
    return terminal;
  }

  async #tmux(...args: string[]): Promise<string> {
    const words = ["-u", "-L", this.#socket, "-f", "/dev/null", ...args];
    const { success, stdout, stderr } = await new Deno.Command("tmux", { args: words }).output();
    assert.ok(success, `tmux ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  }

  /** Presses keys, by their names in tmux. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux("send-keys", "-t", "t", ...keys);
  }

  /** Types a line. */
  async type(line: string): Promise<void> {
    await this.#tmux("send-keys", "-t", "t", "-l", line);
    await this.press("Enter");
  }

  /** Gives the terminal another size. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-t", "t", "-x", `${columns}`, "-y", `${rows}`);
  }

  /** What is on the screen. */
  async screen(): Promise<string> {
    return this.#screen = await this.#tmux("capture-pane", "-p", "-t", "t");
  }

  /** Waits until the screen has what a pattern wants. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    return await until(`${pattern}`, async () => pattern.exec(await this.screen()) ?? undefined, () => this.#screen);
  }

  /** The alternate screen is on; the cursor is shown; lines wrap. */
  async modes(): Promise<string> {
    return (await this.#tmux("display-message", "-p", "-t", "t", "#{alternate_on} #{cursor_flag} #{wrap_flag}")).trim();
  }

  /** Runs a command of the shell and returns what it printed into a file. */
  async settings(): Promise<string> {
    const file = await Deno.makeTempFile({ prefix: "culprit-test-" });
    try {
      // Until it prompts, what is typed may be read by who is about to end.
      await this.shows(/^\$\s*(?![^])/m);
      // Quotes keep what is typed from being taken for what is printed; the number, what was printed before.
      const number = ++this.#asked;
      await this.type(`clear; stty -a > ${file} && echo settings ''${number}`);
      await this.shows(new RegExp(`settings ${number}`));
      return await Deno.readTextFile(file);
    } finally {
      await Deno.remove(file);
    }
  }

  /** Process id of the shell. */
  async pid(): Promise<number> {
    return Number(await this.#tmux("display-message", "-p", "-t", "t", "#{pane_pid}"));
  }

  /** Process id of the server that reads what is drawn, and path of the terminal it is drawn on. */
  async ends(): Promise<{ server: number; tty: string }> {
    const [server, tty = ""] = (await this.#tmux("display-message", "-p", "-t", "t", "#{pid} #{pane_tty}")).trim()
      .split(" ");
    return { server: Number(server), tty };
  }

  /** Ends the terminal under whatever runs in it. */
  async hangUp(): Promise<void> {
    await this.#tmux("kill-server");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const words = ["-L", this.#socket, "kill-server"];
    // It fails when the terminal hung up before.
    await new Deno.Command("tmux", { args: words, stdout: "null", stderr: "null" }).output();
  }
}

/** The command line for a shell, with an interval that makes tests short. */
function topCommand(...args: string[]): string {
  return [...culpritCommand(), "top", "--interval", "200ms", ...args].map((word) => `'${word}'`).join(" ");
}

/** Id of the process of culprit that a shell runs. */
async function culpritOf(terminal: TerminalShell): Promise<number> {
  const shell = await terminal.pid();
  const find = async (): Promise<number | undefined> => {
    const children = (await Deno.readTextFile(`/proc/${shell}/task/${shell}/children`)).trim();
    return children === "" ? undefined : Number(children.split(" ")[0]);
  };
  return await until("a child of the shell", find, () => `shell ${shell}`);
}

/** Answers every query with NXDOMAIN, on a port of its own. */
async function serveNames(): Promise<{ port: number } & Disposable> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const answer = new Uint8Array(query);
    answer[2] = 0x81;
    answer[3] = 0x83;
    socket.send(answer, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { port: socket.address().port, [Symbol.dispose]: () => socket.close() };
}

/** Asks for a name and waits for the answer. */
async function ask(name: string, port: number): Promise<void> {
  const socket = createSocket("udp4");
  const query = encodeMessage({ id: 7, flags: 0x0100, questions: [{ name, type: 1, class: 1 }] });
  const answered = once(socket, "message");
  socket.send(query, port, "127.0.0.1");
  await answered;
  socket.close();
}

Deno.test("culprit top shows who moves what, while it is open, and obeys keys and sizes", async () => {
  await using terminal = await TerminalShell.start(120, 24);
  const before = await terminal.settings();
  using names = await serveNames();
  await terminal.type(topCommand("--pid", `${Deno.pid}`, "--ports", `${names.port}`, "--by", "name"));
  await terminal.shows(/by name, bytes now/);
  assert.equal(await terminal.modes(), "1 0 0");
  for (let index = 0; index < 3; index++) await ask("Three.example", names.port);
  await ask("one.example", names.port);
  await terminal.press("l", "t");
  await terminal.shows(/by name, lookups in total/);
  await terminal.shows(/^Three\.example +.* 3 +.*\n^one\.example .* 1 /m);
  await terminal.press("r");
  await terminal.shows(/^one\.example .*\n(?:.*\n)*?^Three\.example /m);
  await terminal.press("r", "d");
  await terminal.shows(new RegExp(`^127\\.0\\.0\\.1:${names.port} +udp .* 4 `, "m"));
  await terminal.press("/");
  await terminal.press("-l", "nothing has this");
  await terminal.shows(/filter: nothing has this_/);
  assert.doesNotMatch(await terminal.screen(), /^127\.0\.0\.1/m);
  await terminal.press("Escape");
  await terminal.shows(/^127\.0\.0\.1/m);
  await terminal.press("?");
  await terminal.shows(/Any key goes back/);
  await terminal.press("p");
  await terminal.shows(/by destination/);
  await terminal.press("Space");
  await terminal.shows(/PAUSED/);
  await terminal.press("Space", "Tab", "Tab");
  await terminal.shows(/by process, lookups in total/);
  await terminal.resize(40, 10);
  await terminal.shows(/^culprit top {2}.{26}…$/m);
  assert.equal((await terminal.screen()).split("\n").length, 11);
  await terminal.resize(10, 3);
  await terminal.shows(/^PROCESS\n/);
  await terminal.resize(120, 24);
  await terminal.shows(/^culprit top .*by process, lookups in total$/m);
  await terminal.press("q");
  await terminal.shows(/culprit top: \d+ events .*\n\$/s);
  assert.equal(await terminal.modes(), "0 1 1");
  assert.equal(await terminal.settings(), before);
});

Deno.test("culprit top has a long download at the top, with the right octets at every refresh", async () => {
  await using server = await SlowServer.start(FIRST + SECOND);
  await using terminal = await TerminalShell.start(100, 24);
  await terminal.type(topCommand("--port", `${server.port}`, "--comm", "curl"));
  await terminal.shows(/^culprit top /m);
  await using download = new Download(server.port);
  await server.send(FIRST, true);
  const row = (receivedBytes: number, open: number | "-"): RegExp =>
    new RegExp(
      `COMMAND\\s*\\n +${download.pid} curl +\\S+ +\\S+ +\\S+ +\\d+ +${formatOctets(receivedBytes)} +${open} +1 `,
    );
  await terminal.shows(row(server.headBytes + FIRST, 1));
  // Nothing moves, and that is told, too.
  await terminal.shows(new RegExp(` ${download.pid} curl +\\S+ +- +- `));
  await server.send(SECOND);
  await terminal.shows(row(server.headBytes + FIRST + SECOND, "-"));
  await terminal.press("C-c");
  await terminal.shows(/culprit top: .*nothing lost/s);
  assert.equal(await terminal.modes(), "0 1 1");
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const) {
  Deno.test(`culprit top gives the terminal back on ${signal}`, async () => {
    await using terminal = await TerminalShell.start(80, 24);
    const before = await terminal.settings();
    await terminal.type(topCommand());
    await terminal.shows(/^culprit top /m);
    Deno.kill(await culpritOf(terminal), signal);
    await terminal.shows(/culprit top: \d+ events/);
    assert.equal(await terminal.modes(), "0 1 1");
    assert.equal(await terminal.settings(), before);
  });
}

Deno.test("culprit top gives the terminal back while it is suspended, and takes it again", async () => {
  await using terminal = await TerminalShell.start(80, 24);
  const before = await terminal.settings();
  await terminal.type(topCommand());
  await terminal.shows(/^culprit top /m);
  await terminal.press("C-z");
  await terminal.shows(/Stopped/);
  assert.equal(await terminal.modes(), "0 1 1");
  assert.equal(await terminal.settings(), before);
  await terminal.type("fg");
  await terminal.shows(/^culprit top .*by process/m);
  assert.equal(await terminal.modes(), "1 0 0");
  await terminal.press("q");
  await terminal.shows(/culprit top: \d+ events/);
  assert.equal(await terminal.settings(), before);
});

Deno.test("culprit top gives the terminal back before it tells of an error of its own", async () => {
  // Words of a built binary take no preload.
  const [deno = "", run = "", ...rest] = culpritCommand();
  if (run !== "run") return;
  await using terminal = await TerminalShell.start(80, 24);
  const before = await terminal.settings();
  const words = [deno, run, "--preload", `${ROOT}/tests/kernel/top_throws.ts`, ...rest, "top"];
  await terminal.type(words.map((word) => `'${word}'`).join(" "));
  await terminal.shows(/internal error: TypeError: thrown while the screen is taken/);
  assert.equal(await terminal.modes(), "0 1 1");
  assert.equal(await terminal.settings(), before);
});

/** How often a process read so far (proc_pid_io(5)). */
async function reads(pid: number): Promise<number> {
  return Number(/^syscr: (\d+)$/m.exec(await Deno.readTextFile(`/proc/${pid}/io`))?.[1]);
}

/** Fills what a terminal holds for its reader. */
function fill(path: string): void {
  const fd = openFile(path, OPEN_FLAG.WRONLY | OPEN_FLAG.NONBLOCK);
  try {
    const spaces = new Uint8Array(4096).fill(0x20);
    while (writeFdOnce(fd, spaces) > 0);
  } finally {
    closeFd(fd);
  }
}

Deno.test("culprit top ends, and gives the terminal back, also when the terminal has stalled", async () => {
  await using terminal = await TerminalShell.start(200, 60);
  const before = await terminal.settings();
  await terminal.type(topCommand("--interval", "100ms"));
  await terminal.shows(/^culprit top /m);
  const pid = await culpritOf(terminal);
  const { server, tty } = await terminal.ends();
  Deno.kill(server, "SIGSTOP");
  try {
    fill(tty);
    // Every refresh reads what the kernel counted.
    const enough = await reads(pid) + 10;
    await until("refreshes", async () => await reads(pid) > enough || undefined, () => `${enough} reads`);
    Deno.kill(pid, "SIGTERM");
    await until("its end", () => isGone(pid), () => `process ${pid} is still there`);
  } finally {
    Deno.kill(server, "SIGCONT");
  }
  await terminal.shows(/culprit top: \d+ events/);
  assert.equal(await terminal.modes(), "0 1 1");
  assert.equal(await terminal.settings(), before);
});

/** Whether a process has ended. */
async function isGone(pid: number): Promise<true | undefined> {
  try {
    await Deno.lstat(`/proc/${pid}`);
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

Deno.test("culprit top ends when its terminal hangs up", async () => {
  await using terminal = await TerminalShell.start(80, 24);
  await terminal.type(topCommand());
  await terminal.shows(/^culprit top /m);
  const pid = await culpritOf(terminal);
  await terminal.hangUp();
  await until("its end", () => isGone(pid), () => `process ${pid} is still there`);
});
