/**
 * Loads the sensors a command needs into the kernel, attaches them and drains their ring.
 *
 * @module
 */

import { GLOBALS } from "../bpf/globals.gen.ts";
import {
  type BpfLink,
  type BpfMap,
  BpfObject,
  closeFd,
  OPEN_FLAG,
  openFile,
  type ProgramInfo,
  type RecordHandler,
  RingReader,
  type UprobeTarget,
} from "../ffi/mod.ts";
import { readObject } from "./object.ts";
import { isReplaced, isWanted, whyRefused } from "./sensor_choice.ts";
import { CulpritError, LibbpfError, VerifierError } from "./errors.ts";
import { cgroup2Root } from "./host/cgroup2.ts";
import { bootTimeNs } from "./host/clock.ts";
import { isThere } from "./host/files.ts";
import type { LossCause } from "./loss_causes.ts";

/** Name of a global variable of the BPF object. */
export type GlobalName = keyof typeof GLOBALS;

/** How a program gets to run. */
export type AttachMode =
  /** At a tracepoint named in its section. */
  | "tracing"
  /** At the root of cgroup v2. */
  | "cgroup"
  /** At functions of the host's C library. */
  | "libc"
  /** Once, after the others were attached. */
  | "iterator"
  /** Over a map, whenever {@linkcode SensorRun.iterate} is called. */
  | "map";

/** One BPF program of a sensor. */
export interface SensorProgram {
  /** Name in C. */
  readonly name: string;
  readonly attach: AttachMode;
  /** The kernel's name of the hook, for example `tp_btf/sched_process_exec`. */
  readonly hook: string;
  /** Functions it is attached to, with `libc`. */
  readonly symbols?: readonly string[];
  /** The map it visits, with `map`. */
  readonly map?: string;
  /** What is not observed without it. Absent: nothing can be observed without it. */
  readonly without?: string;
  /** It reads variables of the kernel, which not every kernel shows and not everyone may look for. */
  readonly readsKernelVariables?: true;
  /** Names of better programs of the same sensor: this one is used only where the kernel refuses one of them. */
  readonly insteadOf?: readonly string[];
  /** What it does not see, or not as well, that those programs do. Absent: nothing. */
  readonly misses?: string;
}

/** What one folder of bpf/ offers. */
export interface Sensor {
  readonly name: string;
  /** First kernel release it works on, for example `5.10`. */
  readonly minimumKernel: string;
  readonly programs: readonly SensorProgram[];
  /** Causes of loss, by their public names, and the counters the kernel keeps of them. */
  readonly lossCounters: Readonly<Partial<Record<LossCause, GlobalName>>>;
  /** Further causes, and what the kernel left out of them. */
  readonly missedRuns?: Readonly<Partial<Record<LossCause, MissedRuns>>>;
}

/**
 * Runs of programs that the kernel left out because they were running on that CPU already (trampolines since Linux 5.12,
 * tracepoints since 6.2): every one is a loss.
 */
export interface MissedRuns {
  readonly programs: readonly string[];
  /** Counter of those that another program made up for, which are none. */
  readonly madeUp?: GlobalName;
}

/** What a {@linkcode SensorRun} needs to be told. */
export interface SensorRunOptions {
  /** Octets of the ring, a power of two and a multiple of the page size. */
  readonly ringSizeBytes: number;
  /** Values of `const volatile` variables of the object: one number, or one per array element. */
  readonly globals?: Partial<Record<GlobalName, readonly number[]>>;
}

/** Programs attached to the kernel, and the ring they write to. */
export class SensorRun implements Disposable {
  /** From when on everything was attached, CLOCK_BOOTTIME ns. */
  readonly attachedNs: number;
  /** Programs that do not run, and why. */
  readonly #gaps: Map<SensorProgram, string>;
  /** Of programs with attach `map`. */
  readonly #iterators: ReadonlyMap<SensorProgram, BpfLink>;
  readonly #sensors: readonly Sensor[];
  readonly #resources: DisposableStack;
  readonly #links: DisposableStack;
  readonly #ring: RingReader;
  readonly #bss: DataView;
  readonly #object: BpfObject;

  private constructor(
    sensors: readonly Sensor[],
    object: BpfObject,
    links: DisposableStack,
    ring: RingReader,
    iterators: ReadonlyMap<SensorProgram, BpfLink>,
    gaps: Map<SensorProgram, string>,
    attachedNs: number,
  ) {
    this.#sensors = sensors;
    this.#gaps = gaps;
    this.#iterators = iterators;
    this.attachedNs = attachedNs;
    this.#object = object;
    this.#links = links;
    this.#ring = ring;
    const bss = object.map(".bss").mmapped();
    this.#bss = new DataView(bss.buffer, bss.byteOffset, bss.byteLength);
    // Disposed last to first.
    this.#resources = new DisposableStack();
    this.#resources.use(object);
    this.#resources.use(ring);
    this.#resources.use(links);
  }

  /**
   * Loads and attaches the sensors. A program that only some events need is left out where the kernel refuses it, and
   * told in {@linkcode notObserved}.
   *
   * @param sensors which ones
   * @param options ring size and settings
   * @returns the run; records are in its ring from now on
   * @throws {CulpritError} when nothing can be observed: libbpf, privilege, kernel, cgroup v2, memory
   */
  static start(sensors: readonly Sensor[], options: SensorRunOptions): SensorRun {
    const refused = new Map<SensorProgram, string>();
    for (;;) {
      using stack = new DisposableStack();
      const object = stack.use(loadObject(sensors, options, refused));
      const ring = stack.use(new RingReader(object.map("events").fd, options.ringSizeBytes));
      const links = stack.use(new DisposableStack());
      // A program that was not loaded may have to stand in for one that cannot be attached.
      if (!attachPrograms(object, sensors, links, refused)) continue;
      const iterators = attachMapIterators(object, sensors, links, refused);
      const attachedNs = bootTimeNs();
      readIterators(object, sensors, refused);
      const gaps = new Map([...refused].filter(([program]) => !isReplaced(program, sensors, refused)));
      const run = new SensorRun(sensors, object, links, ring, iterators, gaps, attachedNs);
      stack.move();
      return run;
    }
  }

  /**
   * Delivers the records in the ring.
   *
   * @param handler receives each record, oldest first
   * @param maxRecords most records to deliver
   * @returns how many were delivered
   */
  drain(handler: RecordHandler, maxRecords: number): number {
    return this.#ring.consume(handler, maxRecords);
  }

  /** What this run cannot observe and why, one sentence each. */
  get notObserved(): string[] {
    return [...this.#gaps].map(([program, reason]) => `${program.without}: ${reason}`);
  }

  /**
   * Whether something cannot be observed.
   *
   * @param what the `without` of a program
   * @returns true when neither that program runs nor one in its place
   */
  lacks(what: string): boolean {
    return this.#gaps.keys().some(({ without }) => without === what);
  }

  /** Octets in the ring that are not yet delivered. */
  get pendingBytes(): number {
    return this.#ring.pendingBytes;
  }

  /**
   * Reads a global variable of the loaded object.
   *
   * @param name its C name; one of .bss
   * @returns its value
   */
  global(name: GlobalName): number {
    const { offset, size } = GLOBALS[name];
    return size === 8 ? Number(this.#bss.getBigUint64(offset, true)) : this.#bss.getUint32(offset, true);
  }

  /**
   * A map of the loaded object.
   *
   * @param name its C name
   * @returns the map, of use until {@linkcode close}
   * @throws {TypeError} when there is none of that name
   */
  map(name: string): BpfMap {
    return this.#object.map(name);
  }

  /**
   * Runs an iterator over its map.
   *
   * @param name of a program with attach `map`
   * @returns what it wrote; undefined where the kernel refuses it, which {@linkcode notObserved} tells
   */
  iterate(name: string): DataView | undefined {
    const [program, link] = this.#iterators.entries().find(([program]) => program.name === name) ?? [];
    if (program === undefined || link === undefined) return undefined;
    try {
      const bytes = link.readIterator();
      return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      if (!(error instanceof LibbpfError)) throw error;
      this.#gaps.set(program, firstLine(error.message));
      return undefined;
    }
  }

  /**
   * What the kernel side lost since the start.
   *
   * @returns counts by cause, those that are not 0
   */
  losses(): Map<string, number> {
    const losses = new Map<string, number>();
    for (const sensor of this.#sensors) {
      for (const [cause, name] of Object.entries(sensor.lossCounters)) {
        const count = this.global(name);
        if (count > 0) losses.set(cause, (losses.get(cause) ?? 0) + count);
      }
      for (const [cause, { programs, madeUp }] of Object.entries(sensor.missedRuns ?? {})) {
        const loaded = programs.map((name) => this.#object.program(name)).filter((program) => program.autoload);
        const missed = loaded.reduce((sum, program) => sum + Number(program.info().recursionMisses), 0);
        // Read after what it is taken from: no loss is told that is taken back later.
        const count = missed - (madeUp === undefined ? 0 : this.global(madeUp));
        if (count > 0) losses.set(cause, count);
      }
    }
    return losses;
  }

  /**
   * What the kernel knows of each loaded program; run times only while they are counted.
   *
   * @returns by name of the program
   */
  programs(): Map<string, ProgramInfo> {
    const loaded = this.#object.programs().filter((program) => program.autoload);
    return new Map(loaded.map((program) => [program.name, program.info()]));
  }

  /** Detaches the programs; what they wrote before can still be drained. */
  detach(): void {
    this.#links.dispose();
  }

  /** Detaches and unloads everything. Idempotent. */
  close(): void {
    this.#resources.dispose();
  }

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Loads the object with the programs of these sensors, again without those the verifier rejects and we can spare. */
function loadObject(
  sensors: readonly Sensor[],
  options: SensorRunOptions,
  refused: Map<SensorProgram, string>,
): BpfObject {
  const bytes = readObject();
  const programs = programsByName(sensors);
  for (const program of programs.values()) {
    const reason = isWanted(program, programs, refused) ? whyRefused(program) : undefined;
    if (reason !== undefined) refused.set(program, reason);
  }
  for (;;) {
    const object = BpfObject.openMemory(bytes, { name: "culprit" });
    for (const program of object.programs()) {
      const wanted = programs.get(program.name);
      program.setAutoload(wanted !== undefined && isWanted(wanted, programs, refused));
    }
    // Maps begin with the name of their sensor; those of the connections alone take megabytes and 13 ms.
    for (const map of object.maps()) {
      const [owner] = map.name.split("_", 1);
      if (map.name !== owner && !sensors.some(({ name }) => name === owner)) map.setAutocreate(false);
    }
    object.map("events").setMaxEntries(options.ringSizeBytes);
    writeGlobals(object, options.globals ?? {});
    const error = object.tryLoad();
    if (error === undefined) return object;
    object.close();
    const rejected = programs.get(programOf(error) ?? "");
    if (rejected?.without === undefined) throw error;
    refused.set(rejected, firstLine(error.message));
  }
}

/**
 * Which program made loading fail.
 *
 * @param error of the load
 * @returns its name; undefined where it was something else
 */
export function programOf(error: CulpritError): string | undefined {
  if (error instanceof VerifierError) return error.program;
  // Its hook is not in this kernel.
  return error instanceof LibbpfError ? /^load program "(.+)"$/.exec(error.operation)?.[1] : undefined;
}

/** Sets constants of the object, before it is loaded. */
function writeGlobals(object: BpfObject, values: Partial<Record<GlobalName, readonly number[]>>): void {
  for (const [name, elements] of Object.entries(values) as [GlobalName, readonly number[]][]) {
    const { section, offset, size } = GLOBALS[name];
    const memory = object.map(section).initialValue();
    const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    const width = name === "dns_ports" ? 2 : size;
    if (elements.length * width > size) {
      throw new RangeError(`Global "${name}" holds ${size / width} elements, found ${elements.length}`);
    }
    elements.forEach((element, index) => {
      if (width === 2) view.setUint16(offset + index * width, element, true);
      else view.setUint32(offset + index * width, element, true);
    });
  }
}

/** The programs of these sensors. */
function programsByName(sensors: readonly Sensor[]): Map<string, SensorProgram> {
  return new Map(sensors.flatMap((sensor) => sensor.programs).map((program) => [program.name, program]));
}

/** The programs of these sensors that this kernel is to run. */
function wantedPrograms(sensors: readonly Sensor[], refused: ReadonlyMap<SensorProgram, string>): SensorProgram[] {
  const all = programsByName(sensors);
  return [...all.values()].filter((program) => isWanted(program, all, refused));
}

/** Does something with a program; one that can be spared is refused where that fails. */
function trySparing(program: SensorProgram, refused: Map<SensorProgram, string>, use: () => void): void {
  try {
    use();
  } catch (error) {
    if (!(error instanceof LibbpfError) || program.without === undefined) throw error;
    refused.set(program, firstLine(error.message));
  }
}

/**
 * Attaches what is loaded, but for iterators.
 *
 * @returns whether everything that is wanted was loaded; false where one that could not be attached has a stand-in
 */
function attachPrograms(
  object: BpfObject,
  sensors: readonly Sensor[],
  links: DisposableStack,
  refused: Map<SensorProgram, string>,
): boolean {
  const programs = wantedPrograms(sensors, refused);
  using cgroup = new CgroupRoot();
  for (const program of programs.filter(({ attach }) => attach !== "iterator" && attach !== "map")) {
    trySparing(program, refused, () => {
      const handle = object.program(program.name);
      if (program.attach === "libc") {
        for (const target of libcTargets(program)) links.use(handle.attachUprobe(target));
        return;
      }
      links.use(program.attach === "cgroup" ? handle.attachCgroup(cgroup.fd) : handle.attach());
    });
  }
  return wantedPrograms(sensors, refused).every((program) => programs.includes(program));
}

/** Attaches iterators to the maps they visit. */
function attachMapIterators(
  object: BpfObject,
  sensors: readonly Sensor[],
  links: DisposableStack,
  refused: Map<SensorProgram, string>,
): Map<SensorProgram, BpfLink> {
  const iterators = new Map<SensorProgram, BpfLink>();
  for (const program of wantedPrograms(sensors, refused)) {
    const { name, map } = program;
    if (map === undefined) continue;
    trySparing(program, refused, () => {
      const link = object.program(name).attachIterator({ mapFd: object.map(map).fd });
      iterators.set(program, links.use(link));
    });
  }
  return iterators;
}

/** Runs iterators once: what is there already is told when what changes it is watched. */
function readIterators(object: BpfObject, sensors: readonly Sensor[], refused: Map<SensorProgram, string>): void {
  for (const program of wantedPrograms(sensors, refused).filter((program) => program.attach === "iterator")) {
    trySparing(program, refused, () => {
      using link = object.program(program.name).attachIterator();
      link.readIterator();
    });
  }
}

/** Where glibc lies: multiarch systems first, which Debian and its kin are. */
const LIBC_PATHS = [`/lib/${Deno.build.arch}-linux-gnu/libc.so.6`, "/lib64/libc.so.6", "/usr/lib/libc.so.6"];

/**
 * Where a program with `attach: "libc"` is attached.
 *
 * @param program of a sensor
 * @returns one place for each of its symbols
 * @throws {LibbpfError} when there is no glibc
 */
export function libcTargets(program: SensorProgram): UprobeTarget[] {
  const path = LIBC_PATHS.find(isThere);
  if (path === undefined) throw new LibbpfError(`find ${LIBC_PATHS.join(" or ")}`, 2, "ENOENT");
  const atReturn = program.hook === "uretprobe";
  return (program.symbols ?? []).map((symbol) => ({ path, symbol, atReturn }));
}

/** The root of the cgroup v2 hierarchy, opened when it is first asked for. */
class CgroupRoot implements Disposable {
  readonly #stack = new DisposableStack();
  #fd: number | undefined;

  get fd(): number {
    if (this.#fd === undefined) {
      const root = this.#stack.use(cgroup2Root());
      const fd = openFile(root.path, OPEN_FLAG.RDONLY);
      this.#stack.defer(() => closeFd(fd));
      this.#fd = fd;
    }
    return this.#fd;
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
