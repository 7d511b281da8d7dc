/**
 * The command tree: which commands there are, what they are called with, and what their help says. The work of a
 * command is in its own file, loaded when it is run, so that help stays fast.
 *
 * @module
 */

import { Argument, Command, Option } from "commander";
import config from "../../deno.json" with { type: "json" };
import { EXIT_CODE, type ExitCode, UsageError } from "../errors.ts";
import type { ConnsOptions } from "./conns.ts";
import type { MapOptions } from "./map.ts";
import type { TopOptions } from "../top/options.ts";
import type { WhoOptions } from "./who.ts";
import {
  CONNS_OPTIONS,
  DECODE_OPTIONS,
  type DecodeOptions,
  DNS_OPTIONS,
  type DnsOptions,
  DOCTOR_OPTIONS,
  type DoctorOptions,
  HELP_GROUP,
  MAP_OPTIONS,
  PROCS_OPTIONS,
  type ProcsOptions,
  type ShellName,
  SHELLS,
  TOP_OPTIONS,
  VERSION_OPTIONS,
  type VersionOptions,
  WHO_OPTIONS,
} from "./options.ts";
import type { OptionSpec, OptionTable, OptionValues } from "./option_spec.ts";
import { settleFormat, settleMap, settleOnce } from "./settle_options.ts";

/** What runs when a command line is understood. Each loads its command on first use. */
export interface Runners {
  /** `culprit dns`. */
  dns(options: DnsOptions): Promise<ExitCode>;
  /** `culprit procs`. */
  procs(options: ProcsOptions): Promise<ExitCode>;
  /** `culprit conns`. */
  conns(options: ConnsOptions): Promise<ExitCode>;
  /** `culprit top`. */
  top(options: TopOptions): Promise<ExitCode>;
  /** `culprit who`. */
  who(options: WhoOptions): Promise<ExitCode>;
  /** `culprit map`. */
  map(options: MapOptions): Promise<ExitCode>;
  /** `culprit doctor`. */
  doctor(options: DoctorOptions): Promise<ExitCode>;
  /** `culprit decode`. */
  decode(message: string, options: DecodeOptions): Promise<ExitCode>;
  /** `culprit schema`. */
  schema(): Promise<ExitCode>;
  /** `culprit version`. */
  version(options: VersionOptions): Promise<ExitCode>;
  /** `culprit completion`. */
  completion(shell: ShellName): Promise<ExitCode>;
  /** `culprit man`. */
  man(): Promise<ExitCode>;
}

/** The commands themselves. */
export const RUNNERS: Runners = {
  dns: async (options) => await (await import("./dns.ts")).runDns(options),
  procs: async (options) => await (await import("./procs.ts")).runProcs(options),
  conns: async (options) => await (await import("./conns.ts")).runConns(options),
  top: async (options) => await (await import("./top.ts")).runTop(options),
  who: async (options) => await (await import("./who.ts")).runWho(options),
  map: async (options) => await (await import("./map.ts")).runMap(options),
  doctor: async (options) => await (await import("./doctor.ts")).runDoctor(options),
  decode: async (message, options) => await (await import("./decode.ts")).runDecode(message, options),
  schema: async () => await (await import("./schema.ts")).runSchema(),
  version: async (options) => await (await import("./version.ts")).runVersion(options),
  completion: async (shell) => await (await import("./completion.ts")).runCompletion(shell),
  man: async () => await (await import("./completion.ts")).runMan(),
};

/** Where help and version go. */
export type WriteText = (text: string) => void;

/** What help says about a command beside its options. */
export interface CommandTexts {
  /** One sentence, with period. */
  readonly sentence: string;
  /** Shown in the list of commands. */
  readonly summary: string;
  /** Command lines with what they do. */
  readonly examples: readonly (readonly [string, string])[];
  /** Paragraphs between options and examples. */
  readonly notes?: string;
}

const WHO_EXIT_CODE = `  ${EXIT_CODE.findings}   who: nobody was found\n`;

/** Exit codes as help lists them. */
export const EXIT_CODES = `Exit codes:
  ${EXIT_CODE.ok}   done and clean
${WHO_EXIT_CODE}  ${EXIT_CODE.usage}   the command line was wrong
  ${EXIT_CODE.incomplete}   could not observe, or observed incompletely: privilege, kernel, loss, unreadable input, unwritable output
  ${EXIT_CODE.internal}  a defect of culprit itself (CULPRIT_DEBUG=1 shows where)
`;

/** What the formats hold, said where `--format` is an option. */
const DNS_NOTES = `Formats:
  text  one row per transaction, times in UTC, cut to the width of a terminal
  json  one object per line; "culprit schema" prints what it may hold
  kv    one line per query, per answer record, and per response without any: COMM= PID= TGID= DEV= PROTO= SRC= DST=
        SPT= DPT= UID= GID= DNS_QR= DNS_NAME= DNS_TYPE=, DNS_DATA= or DNS_RCODE=; here PID is the thread and TGID
        the process, and white space, quotes and controls in values are \\xNN or \\u{N}, backslashes are doubled
`;

/** As above for process events. */
const PROCS_NOTES = `Formats:
  text  one row per event, times in UTC, cut to the width of a terminal
  json  one object per line; "culprit schema" prints what it may hold
  kv    one line per event: EVENT= COMM= PID= TGID= PPID= UID= GID= EXE= CMDLINE= and what the event adds; white
        space, quotes and controls in values are \\xNN or \\u{N}, backslashes are doubled
`;

/** As above for connections. */
const CONNS_NOTES = `Formats:
  text  one row per event, times in UTC, cut to the width of a terminal
  json  one object per line; "culprit schema" prints what it may hold
  kv    one line per event: EVENT= PROTO= DIRECTION= SRC= SPT= DST= DPT= NAME= COMM= PID= TGID= UID= GID= EXE= and
        what the event adds; of Unix sockets SRC= or DST= is the name; white space, quotes and controls in values are
        \\xNN or \\u{N}, backslashes are doubled

Unix sockets (--unix, --proto unix or --path):
  The process at the other end is who accepted or received, where that is seen within 200 ms; else who called listen(2)
  or bound the socket, marked as such: another process may serve there.

Room:
  131,072 flows, 262,144 sockets, 1,024 processes of one socket; what is beyond is counted as lost, by cause.
`;

/** What `culprit who` takes and answers. */
const WHO_NOTES = `Targets:
  IP, IP:PORT, [IPv6]:PORT, :PORT   sockets with this end; two targets name both ends of one connection
  NAME                              who asks for this DNS name next, with --wait

The past:
  While a "culprit conns --keep" runs, it also tells who had connections that have ended, by address or name.

Answer:
  Exit code 0 when a process was found, 1 when there is none, 3 when there is none and not all could be seen.
`;

/** Texts of the program itself. */
const ROOT_TEXTS: CommandTexts = {
  sentence: "culprit names the process behind what a Linux host does.",
  summary: "",
  examples: [
    ["culprit dns", "every DNS transaction with its process, until Ctrl-C"],
    ["culprit dns --json --output /var/log/culprit.json", "the same as JSON lines in a file"],
    ["culprit doctor", "what this host lets culprit observe, and how to mend the rest"],
  ],
};

/** Texts of `culprit dns`. */
const DNS_TEXTS: CommandTexts = {
  sentence: "Names the process behind every DNS message on this host, live.",
  summary: "name the process behind every DNS message",
  notes: DNS_NOTES,
  examples: [
    ["culprit dns", "everything, until Ctrl-C"],
    ["culprit dns --name '*.example.com' --type A,AAAA", "questions for addresses below example.com"],
    ["culprit dns --rcode NXDOMAIN,SERVFAIL --duration 10m", "what failed within ten minutes"],
    ["culprit dns --exe curl --json | jq .dns.answers", "answers to curl, as JSON"],
    ["culprit dns --write names.pcapng", "keep the packets, with their processes, for Wireshark"],
    [
      "culprit dns --read names.pcapng --rcode NXDOMAIN",
      "names in a capture file; processes if --write made it",
    ],
  ],
};

/** Texts of `culprit procs`. */
const PROCS_TEXTS: CommandTexts = {
  sentence: "Shows every program that starts, forks and ends on this host, live.",
  summary: "show programs as they start, fork and end",
  notes: PROCS_NOTES,
  examples: [
    ["culprit procs --event exec", "every program that starts"],
    ["culprit procs --uid 33 --json", "all of user 33, as JSON lines"],
  ],
};

/** Texts of `culprit conns`. */
const CONNS_TEXTS: CommandTexts = {
  sentence: "Names the process behind every connection on this host, live: TCP, UDP, raw and ICMP.",
  summary: "name the process behind every connection",
  notes: CONNS_NOTES,
  examples: [
    ["culprit conns", "everything, until Ctrl-C"],
    ["culprit conns --event fail --duration 10m", "connects that failed within ten minutes, and why"],
    ["culprit conns --addr 10.0.0.0/8 --port 5432 --json", "who talks to the databases, as JSON lines"],
    ["culprit conns --direction inbound --proto tcp", "what is accepted, by whom, from whom"],
    ["culprit conns --path '*/docker.sock'", "who talks to docker.sock, and which process serves there"],
    ["culprit conns --once --listen", "who listens now, in every network namespace"],
    ["culprit conns --keep 10m --output /dev/null", 'meanwhile "who" and "conns --once" know what has ended'],
  ],
};

/** Texts of `culprit top`. */
const TOP_TEXTS: CommandTexts = {
  sentence: "Shows which process, destination or name moves most, live: bytes, connections and lookups.",
  summary: "show which process, destination or name moves most",
  examples: [
    ["culprit top", "processes by bytes a second; ? tells the keys, q quits"],
    ["culprit top --by destination --sort connections", "where most connections are open to"],
    ["culprit top --by name --sort lookups", "the names that are asked for most"],
    ["culprit top --batch --interval 10s --count 6 >> top.log", "a minute as plain text, for cron"],
  ],
};

/** Texts of `culprit who`. */
const WHO_TEXTS: CommandTexts = {
  sentence: "Tells which process serves or talks to an address, or asks for a name, with its whole story.",
  summary: "tell which process talks to an address or asks for a name",
  notes: WHO_NOTES,
  examples: [
    ["culprit who :8080", "who listens on port 8080 and who is connected to one"],
    ["culprit who 192.0.2.7:443 --wait 10m", "who talks to it, or the next who does"],
    ["culprit who 10.0.0.5:43112 192.0.2.7:443", "who has this connection"],
    ["culprit who example.com --wait 1h", "the next process that asks for the name"],
  ],
};

/** As above for maps. */
const MAP_NOTES = `Formats:
  text     one row per edge, those with most octets first; SENT and RECEIVED are of the source
  json     one object per edge; "culprit schema" prints what it may hold
  kv       one line per edge: SRC_KIND= SRC_IP= ... DST_KIND= DST_IP= ... PROTO= DPT= CONNECTIONS= FAILED= and so on
  dot      a graph for Graphviz          mermaid  a graph for Markdown
  html     one page with picture and table, which loads nothing from anywhere

Policy:
  Rules for nftables that allow what was seen, by cgroup of the unit or container, else by user. What came about fewer
  times than --min-count, and what only failed, is listed as what it would have blocked. It blocks nothing as it
  stands: it counts and logs what no rule allows, until you turn on the last line of each chain. Nothing may be
  filtered then: what was not seen is not allowed.
`;

/** Texts of `culprit map`. */
const MAP_TEXTS: CommandTexts = {
  sentence: "Gathers who talks to whom for a while and shows it: processes, addresses, octets, failures.",
  summary: "show who talks to whom",
  notes: MAP_NOTES,
  examples: [
    ["culprit map", "the next minute, as a table"],
    ["culprit map --duration 1h --format html --output map.html", "an hour, as a page to look at"],
    ["culprit map --container 9f2c --format mermaid", "one container's, as a graph for Markdown"],
    ["culprit map --policy nft --duration 24h --output host.nft", "a firewall policy to review"],
  ],
};

/** Texts of `culprit doctor`. */
const DOCTOR_TEXTS: CommandTexts = {
  sentence: "Checks what this host lets culprit observe and says how to mend what fails.",
  summary: "check what this host lets culprit observe",
  examples: [["sudo culprit doctor", "all checks; without root it says which it could not make"]],
};

/** Texts of `culprit decode`. */
const DECODE_TEXTS: CommandTexts = {
  sentence: "Decodes one DNS message: hexadecimal, base64, or - for standard input.",
  summary: "decode one DNS message",
  examples: [
    ["culprit decode 123401000001000000000000076578616d706c650000010001", "a query in hexadecimal"],
    ["culprit decode --json - < message.bin", "octets of a file, as JSON"],
  ],
};

/** Texts of `culprit schema`. */
const SCHEMA_TEXTS: CommandTexts = {
  sentence: "Prints the JSON Schema (draft 2020-12) of the events.",
  summary: "print the JSON Schema of the events",
  examples: [["culprit schema > culprit.schema.json", "keep it in a file"]],
};

/** Texts of `culprit version`. */
const VERSION_TEXTS: CommandTexts = {
  sentence: "Prints the versions of culprit and of what it runs on.",
  summary: "print the versions of culprit and of what it runs on",
  examples: [["culprit version --json", "the same as one JSON object"]],
};

/** Texts of `culprit completion`. */
const COMPLETION_TEXTS: CommandTexts = {
  sentence: "Prints the completion of a shell. It is fixed text: pressing TAB does not run culprit.",
  summary: "print the completion of a shell",
  examples: [
    ["source <(culprit completion bash)", "in this shell"],
    ["culprit completion bash > /etc/bash_completion.d/culprit", "for everybody, from the next login on"],
    ["culprit completion fish > ~/.config/fish/completions/culprit.fish", "for one user of fish"],
    ["culprit completion zsh > /usr/local/share/zsh/site-functions/_culprit", "for everybody with zsh"],
  ],
};

/** Texts of `culprit man`. */
const MAN_TEXTS: CommandTexts = {
  sentence: "Prints the manual page.",
  summary: "print the manual page",
  examples: [
    ["culprit man | man -l -", "read it"],
    ["culprit man > /usr/local/share/man/man8/culprit.8", 'keep it for "man culprit"'],
  ],
};

/** What was said about each command. */
const TEXTS = new WeakMap<Command, CommandTexts>();

/**
 * What help says about a command beside its options.
 *
 * @param command made by {@linkcode buildProgram}
 * @returns its texts; undefined for commander's own `help`
 */
export function textsOf(command: Command): CommandTexts | undefined {
  return TEXTS.get(command);
}

/** The option commander is to know. */
function toCommanderOption(spec: OptionSpec<unknown>): Option {
  const text = spec.shownDefault === undefined ? spec.text : `${spec.text} (default: ${spec.shownDefault})`;
  const option = new Option(spec.flags, text).helpGroup(spec.group).hideHelp(spec.hidden === true);
  // For completions; our parsers check the values, as lists and in any case.
  if (spec.choices !== undefined) option.argChoices = [...spec.choices];
  const { parse } = spec;
  if (parse === undefined) return option;
  const flag = option.long ?? spec.flags;
  if (spec.repeatable !== true) return option.argParser((text: string) => parse(text, flag));
  return option.argParser((text: string, previous: readonly unknown[] | undefined) => [
    ...(previous ?? []),
    ...parse(text, flag) as readonly unknown[],
  ]);
}

/** Reads the name of a shell. */
function parseShell(text: string): ShellName {
  const shell = SHELLS.find((name) => name === text);
  if (shell === undefined) throw new UsageError(`argument <shell>: found "${text}", wanted ${SHELLS.join(", ")}`);
  return shell;
}

/** Adds a table of options; the result reads their values once the command line is parsed. */
function addOptions<Table extends OptionTable>(command: Command, table: Table): () => OptionValues<Table> {
  const options = Object.entries(table).map(([key, spec]) => ({ key, spec, option: toCommanderOption(spec) }));
  for (const { option } of options) command.addOption(option);
  return () => {
    const found: Record<string, unknown> = command.opts();
    const values = options.map(({ key, spec, option }) => [key, found[option.attributeName()] ?? spec.initial]);
    // The parsers of the table made these values, so they have the table's types.
    return Object.fromEntries(values) as OptionValues<Table>;
  };
}

/** Sets what every command shares; settings must precede the subcommands that inherit them. */
function describe(command: Command, texts: CommandTexts): Command {
  TEXTS.set(command, texts);
  const width = Math.max(...texts.examples.map(([line]) => line.length));
  const examples = texts.examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}\n`).join("");
  const notes = texts.notes === undefined ? "" : `\n${texts.notes}`;
  const isWhoMeant = command.parent === null || command.name() === "who";
  const exitCodes = isWhoMeant ? EXIT_CODES : EXIT_CODES.replace(WHO_EXIT_CODE, "");
  return command
    .summary(texts.summary)
    .addHelpText("before", `${texts.sentence}\n`)
    .addHelpText("after", `${notes}\nExamples:\n${examples}\n${exitCodes}`.trimEnd())
    .helpOption("-h, --help", "print this help");
}

/**
 * Builds the command tree.
 *
 * Parsing throws `CommanderError` for help and version (exit code 0) and for what commander itself finds wrong, and
 * `UsageError` for bad values; nothing ends the process.
 *
 * @param runners what the commands do
 * @param writeOut takes help and version
 * @param onExit takes the exit code of the command that ran
 * @returns the program; call `parseAsync(args, { from: "user" })`
 */
export function buildProgram(runners: Runners, writeOut: WriteText, onExit: (code: ExitCode) => void): Command {
  const program = new Command("culprit")
    // Errors are thrown and reported in one place; commander's own report would come first.
    .configureOutput({ writeOut, writeErr: () => {}, getOutHelpWidth: () => 120 })
    // The texts say which values there are.
    .configureHelp({ optionDescription: (option) => option.description })
    .exitOverride()
    .showSuggestionAfterError()
    .optionsGroup("Options:")
    .usage("<command> [options]");
  describe(program, ROOT_TEXTS)
    .version(config.version, "-V, --version", "print the version")
    .helpCommand("help [command]", "print the help of a command");

  const dns = program.command("dns").usage("[options]").optionsGroup(HELP_GROUP);
  const dnsValues = addOptions(describe(dns, DNS_TEXTS), DNS_OPTIONS);
  dns.action(async () => onExit(await runners.dns(settleFormat(dnsValues()))));

  const procs = program.command("procs").usage("[options]").optionsGroup(HELP_GROUP);
  const procsValues = addOptions(describe(procs, PROCS_TEXTS), PROCS_OPTIONS);
  procs.action(async () => onExit(await runners.procs(settleFormat(procsValues()))));

  const conns = program.command("conns").usage("[options]").optionsGroup(HELP_GROUP);
  const connsValues = addOptions(describe(conns, CONNS_TEXTS), CONNS_OPTIONS);
  conns.action(async () => onExit(await runners.conns(settleOnce(settleFormat(connsValues())))));

  const top = program.command("top").usage("[options]").optionsGroup(HELP_GROUP);
  const topValues = addOptions(describe(top, TOP_TEXTS), TOP_OPTIONS);
  top.action(async () => onExit(await runners.top(topValues())));

  const who = program.command("who").usage("<target...> [options]").optionsGroup(HELP_GROUP);
  const whoValues = addOptions(describe(who, WHO_TEXTS), WHO_OPTIONS);
  who
    .addArgument(new Argument("<target...>", "address, port or name"))
    .action(async (targets: string[]) => onExit(await runners.who({ ...settleFormat(whoValues()), targets })));

  const map = program.command("map").usage("[options]").optionsGroup(HELP_GROUP);
  const mapValues = addOptions(describe(map, MAP_TEXTS), MAP_OPTIONS);
  map.action(async () => onExit(await runners.map(settleMap(mapValues()))));

  const doctor = program.command("doctor").usage("[options]").optionsGroup(HELP_GROUP);
  const doctorValues = addOptions(describe(doctor, DOCTOR_TEXTS), DOCTOR_OPTIONS);
  doctor.action(async () => onExit(await runners.doctor(doctorValues())));

  const decode = program.command("decode").usage("<message> [options]").optionsGroup(HELP_GROUP);
  const decodeValues = addOptions(describe(decode, DECODE_TEXTS), DECODE_OPTIONS);
  decode
    .addArgument(new Argument("<message>", "hexadecimal, base64, or - for standard input"))
    .action(async (message: string) => onExit(await runners.decode(message, decodeValues())));

  const schema = program.command("schema").usage("[options]").optionsGroup(HELP_GROUP);
  describe(schema, SCHEMA_TEXTS).action(async () => onExit(await runners.schema()));

  const version = program.command("version").usage("[options]").optionsGroup(HELP_GROUP);
  const versionValues = addOptions(describe(version, VERSION_TEXTS), VERSION_OPTIONS);
  version.action(async () => onExit(await runners.version(versionValues())));

  const completion = program.command("completion").usage("<shell> [options]").optionsGroup(HELP_GROUP);
  const shellArgument = new Argument("<shell>", "whose completion").argParser(parseShell);
  shellArgument.argChoices = [...SHELLS];
  describe(completion, COMPLETION_TEXTS)
    .addArgument(shellArgument)
    .action(async (shell: ShellName) => onExit(await runners.completion(shell)));

  const man = program.command("man").usage("[options]").optionsGroup(HELP_GROUP);
  describe(man, MAN_TEXTS).action(async () => onExit(await runners.man()));
  return program;
}
