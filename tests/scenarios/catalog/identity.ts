/**
 * What a process is called: threads, renamed programs, hostile texts, other users.
 *
 * @module
 */

import { PROGRAMS } from "../build.ts";
import type { Expected } from "../check.ts";
import { answered, askNear, expectAsked, type Scenario, type Stage } from "../scenario.ts";

const LOCAL = ["127.0.0.1", "53"];

/** Runs a copy of the program `udp` that has another name. */
async function askAs(stage: Stage, file: string, flags: string[], more: Partial<Expected> = {}): Promise<Expected[]> {
  const copy = `${stage.world.directory}/${file}`;
  await Deno.copyFile(`${PROGRAMS}/udp`, copy);
  await Deno.chmod(copy, 0o755);
  return askNear(stage, copy, [...flags, ...LOCAL, stage.domain(), "A"], more);
}

/** Octets as hex. */
function hex(octets: number[]): string {
  return octets.map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

export const IDENTITY: Scenario[] = [
  {
    name: "renamed-thread",
    expects: "threads that call themselves systemd-resolve and kworker/0:0: that comm, but the name of the executable",
    run: (stage) => askNear(stage, "rename", [...LOCAL, stage.domain("n1"), stage.domain("n2")]),
  },
  {
    name: "hostile-comm",
    expects: "a comm of ESC, newline, quotes and invalid UTF-8: escaped, no line broken",
    run: (stage) => {
      const comm = hex([0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x0a, 0x22, 0x5c, 0xff, 0xc3, 0x28, 0x7f, 0x0d]);
      return askNear(stage, "udp", ["-c", comm, ...LOCAL, stage.domain(), "A"]);
    },
  },
  {
    name: "empty-comm",
    expects: "a program that took its name away (PR_SET_NAME): an empty comm, not the one before",
    run: (stage) => askNear(stage, "udp", ["-c", "", ...LOCAL, stage.domain(), "A"]),
  },
  {
    name: "hostile-exe",
    expects: "an executable whose name holds ESC, newline and quotes: shown as it is, no line broken",
    run: (stage) => askAs(stage, 'evil\u001b[2J\n"\\ name', []),
  },
  {
    name: "hostile-cmdline",
    expects: "arguments with newlines, ESC, empty ones and a U+202E",
    run: async (stage) => {
      // Source port 0 leaves the choice to the kernel: the option only carries the text.
      const args = ["-s", "0\n\u001b]0;x\u0007", "-s", "", "-s", "0\u202egnp.exe"];
      return await askNear(stage, "udp", [...args, ...LOCAL, stage.domain(), "A"]);
    },
  },
  {
    name: "long-cmdline",
    expects: "a command line of 9 KiB: the first 4 KiB, flagged",
    run: async (stage) => {
      const filler = Array.from({ length: 80 }, (_, n) => ["-s", `0${String(n).padStart(100, "x")}`]).flat();
      const truths = answered(await stage.ask("udp", [...filler, ...LOCAL, stage.domain(), "A"]));
      return truths.map((truth) => {
        const expected = expectAsked(truth, stage.world.server);
        const { cmdline: whole = [], ...process } = expected.process ?? {};
        expected.also = ({ process: found }, say) => {
          if (!found?.cmdline_truncated) say("wrong", "cmdline_truncated is absent");
          const kept = found?.cmdline ?? [];
          if (kept.length < 60) say("missed", `${kept.length} arguments kept, fewer than 4 KiB hold`);
          kept.slice(0, -1).forEach((argument, index) => {
            if (argument !== whole[index]) say("wrong", `argument ${index} is ${JSON.stringify(argument)}`);
          });
        };
        return { ...expected, process };
      });
    },
  },
  {
    name: "deleted-exe",
    expects: 'the executable was deleted: its path, without the kernel\'s " (deleted)"',
    run: (stage) => askAs(stage, "deleted", ["-d"]),
  },
  {
    name: "other-user",
    expects: "a process that became nobody: uid, gid and user of nobody",
    run: async (stage) => {
      const truths = answered(await stage.ask("udp", ["-u", "65534", ...LOCAL, stage.domain(), "A"]));
      return truths.map((truth) => {
        const expected = expectAsked(truth, stage.world.server);
        return { ...expected, process: { ...expected.process, uid: 65534, gid: 65534, user: "nobody" } };
      });
    },
  },
  {
    name: "memory-exe",
    expects: "a program that exists in memory only (memfd): its memory file, not the program that made it",
    run: (stage) => askNear(stage, "memory", [`${PROGRAMS}/udp`, ...LOCAL, stage.domain(), "A"]),
  },
  {
    name: "daemon",
    expects: "a daemon that forked twice: its parent now or the one that made it",
    run: async (stage) => {
      const truths = answered(await stage.ask("daemon", [...LOCAL, stage.domain()]));
      return truths.map((truth) => {
        const expected = expectAsked(truth, stage.world.server);
        const { ppid: _, ...process } = expected.process ?? {};
        return { ...expected, process };
      });
    },
  },
  {
    name: "leader-gone",
    expects: "the first thread has ended, another asks: executable and command line of the process",
    run: (stage) => askNear(stage, "threads", ["gone", ...LOCAL, stage.domain()]),
  },
  {
    name: "thread-exec",
    expects: "a thread that is not the first becomes another program: that program under the old pid",
    run: (stage) => askNear(stage, "threads", ["exec", ...LOCAL, stage.domain(), `${PROGRAMS}/udp`]),
  },
  {
    name: "pid-namespace",
    expects: "pid 1 of a pid namespace: the pid the host knows",
    run: async (stage) => {
      const truths = answered(await stage.ask("pidns", [...LOCAL, stage.domain(), `${PROGRAMS}/udp`]));
      return truths.map((truth) => expectAsked(truth, stage.world.server));
    },
  },
];
