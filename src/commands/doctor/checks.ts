/**
 * The checks of `culprit doctor`: what is needed, what was found, how to mend it.
 *
 * @module
 */

import { SENSORS } from "../../../bpf/registry.gen.ts";
import { CulpritError, VerifierError } from "../../errors.ts";
import { isAtLeast } from "../../host/kernel.ts";
import type { Sensor, SensorProgram } from "../../sensor.ts";
import { DNS_OPTIONS } from "../options.ts";
import type { DoctorHost } from "./host.ts";

/** Outcome of a check; `unknown` where it could not be made. */
export type CheckStatus = "pass" | "fail" | "unknown";

/** One requirement. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** Whether `culprit dns` cannot do without it. */
  readonly required: boolean;
  /** What was looked at and found, one sentence without a final period. */
  readonly probed: string;
  /** How to mend it; absent when nothing is to be mended or nothing can be done. */
  readonly mend?: string;
}

/** One program of a sensor, tried at its hook. */
export interface HookCheck extends Check {
  readonly sensor: string;
  /** The kernel's name of the hook. */
  readonly hook: string;
  /** What is not observed without it; absent on required ones, and where others are in its place. */
  readonly without?: string;
  /** Names of programs that do its work where it fails; absent where none does. */
  readonly replacedBy?: readonly string[];
  /** What it does not see that those it stands in for would; absent where it stands in for none. */
  readonly misses?: string;
}

/** Everything `culprit doctor` found out. */
export interface Diagnosis {
  readonly kernel: string;
  /** Whether everything `culprit dns` cannot do without passes. */
  readonly ready: boolean;
  readonly checks: readonly Check[];
  readonly hooks: readonly HookCheck[];
}

/** Sensors `culprit dns` cannot do without, first in the list. */
const REQUIRED_SENSORS: readonly string[] = ["process", "dns"];
/** What does not work without a program that the sensor of connections cannot do without. */
export const NO_CONNECTIONS = "culprit conns, map and top cannot run";
/** What does not work without a program that one of the other sensors cannot do without. */
const WITHOUT: Readonly<Record<string, string>> = {
  conn: NO_CONNECTIONS,
  sockets: "sockets that are there are read by sock_diag, and their processes from /proc",
};
/** Oldest kernel any of them works on. */
const MINIMUM_KERNEL = "5.10";
/** First kernel that charges maps to the memory cgroup and not to RLIMIT_MEMLOCK. */
const MEMLOCK_FREE_KERNEL = "5.11";

/** Status and, when it failed, how to mend it. */
function verdict(passes: boolean, mend: string): Pick<Check, "status" | "mend"> {
  return passes ? { status: "pass" } : { status: "fail", mend };
}

/** The message of an error on one line: what failed and, where the verifier spoke, its last word. */
function describe(error: CulpritError): string {
  if (!(error instanceof VerifierError)) return error.message.replaceAll(/\s*\n\s*/g, "; ");
  const lines = error.log.trim().split("\n").filter((line) => !/^(?:processed \d+ insns|verification time)/.test(line));
  return `the verifier rejected it: ${lines.at(-1)?.trim() ?? "no log"}`;
}

/** Makes a check of something that is tried: what it answers is what was found. */
function tried(name: string, required: boolean, attempt: () => string): Check {
  try {
    return { name, required, status: "pass", probed: attempt() };
  } catch (error) {
    if (!(error instanceof CulpritError)) throw error;
    const mend = error.hint === undefined ? {} : { mend: error.hint };
    return { name, required, status: "fail", probed: describe(error), ...mend };
  }
}

/** A check that could not be made. */
function untried(name: string, required: boolean, reason: string): Check {
  return { name, required, status: "unknown", probed: `not tried: ${reason}` };
}

/** Checks that only read. */
function checkKernel(host: DoctorHost): Check[] {
  const release = host.release();
  const btf = host.btfSizeBytes();
  const lockdown = host.lockdown();
  const limited = host.isMemlockLimited() && !isAtLeast(release, MEMLOCK_FREE_KERNEL);
  return [
    {
      name: "kernel",
      required: true,
      probed: `Linux ${release}; ${MINIMUM_KERNEL} or newer is needed`,
      ...verdict(isAtLeast(release, MINIMUM_KERNEL), `run a kernel ${MINIMUM_KERNEL} or newer`),
    },
    {
      name: "btf",
      required: true,
      probed: btf === undefined ? "/sys/kernel/btf/vmlinux is not there" : `/sys/kernel/btf/vmlinux, ${btf} bytes`,
      ...verdict(btf !== undefined, "run a kernel built with CONFIG_DEBUG_INFO_BTF=y, and mount /sys"),
    },
    {
      name: "lockdown",
      required: false,
      probed: lockdown === undefined
        ? "/sys/kernel/security/lockdown cannot be read; the hooks below tell what is allowed"
        : `kernel lockdown is "${lockdown}"`,
      ...(lockdown === undefined
        ? { status: "unknown" }
        : verdict(lockdown !== "confidentiality", "boot with lockdown=integrity or without lockdown")),
    },
    {
      name: "memlock",
      required: false,
      probed: limited
        ? `RLIMIT_MEMLOCK is set, and Linux before ${MEMLOCK_FREE_KERNEL} charges maps to it`
        : "locked memory is not limited, or maps are not charged to it",
      // libbpf raises the limit by itself where it is allowed to.
      ...verdict(
        !limited || host.capabilities().has("CAP_SYS_RESOURCE"),
        "raise the limit (ulimit -l unlimited, systemd LimitMEMLOCK=infinity) or add CAP_SYS_RESOURCE",
      ),
    },
  ];
}

/** Checks of what this process may do, and from where. */
function checkPrivilege(host: DoctorHost): Check[] {
  const missing = host.missingCapabilities();
  const isUserNamespace = host.isInUserNamespace();
  const { listed, refused, gap } = host.countProcesses();
  const isSubset = host.isProcSubset();
  const sysctl = host.unprivilegedBpfDisabled();
  const unprivileged = sysctl === undefined ? "" : `; kernel.unprivileged_bpf_disabled is ${sysctl}`;
  return [
    {
      name: "capabilities",
      required: true,
      probed:
        (missing.length === 0
          ? "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN are in effect"
          : `${missing.join(", ")} missing`) + unprivileged,
      ...verdict(missing.length === 0, "run it as root, for example with sudo, or add these capabilities"),
    },
    {
      name: "user_namespace",
      required: true,
      probed: isUserNamespace ? "inside a user namespace, whose root may not load BPF" : "the initial user namespace",
      ...verdict(!isUserNamespace, "start it from the host, not from a rootless container"),
    },
    {
      name: "pid_namespace",
      required: true,
      probed: host.isInInitialPidNamespace()
        ? "the initial pid namespace"
        : "inside a pid namespace: the kernel's pids mean nothing here",
      ...verdict(host.isInInitialPidNamespace(), "start it from the host, or with the host's pids (--pid=host)"),
    },
    {
      name: "proc",
      required: false,
      probed: (gap ?? `${refused} of ${listed} processes in /proc may not be looked at`) +
        (isSubset ? "; /proc shows nothing else (subset=pid): what the kernel was built with cannot be looked up" : ""),
      // With it, what is still refused is protected from root too, and seen when it execs.
      ...(isSubset ? verdict(false, "run it where the whole of /proc is mounted (systemd: ProcSubset=all)") : verdict(
        gap === undefined && (refused === 0 || host.capabilities().has("CAP_SYS_PTRACE")),
        "run it as root or add CAP_SYS_PTRACE: processes older than culprit are not described otherwise",
      )),
    },
  ];
}

/** Checks that load something; `object` and `blocker` say whether programs can be tried. */
function checkLoading(
  host: DoctorHost,
  libbpfPath: string | undefined,
): { checks: Check[]; object: Uint8Array<ArrayBuffer> | undefined; blocker: string | undefined } {
  let object: Uint8Array<ArrayBuffer> | undefined;
  const library = tried("libbpf", true, () => {
    const { path, version } = host.openLibbpf(libbpfPath);
    return `libbpf ${version} in "${path}"; 1.1 or newer is needed`;
  });
  const asset = tried("bpf_object", true, () => {
    object = host.readObject();
    return `found, ${object.length} bytes`;
  });
  const missing = host.missingCapabilities();
  let blocker: string | undefined;
  if (library.status !== "pass") blocker = "there is no libbpf";
  else if (object === undefined) blocker = "there is no BPF object";
  else if (missing.length > 0) blocker = `${missing.join(", ")} missing`;
  const cgroup = missing.length > 0
    ? untried("cgroup2", true, `${missing.join(", ")} missing`)
    : tried("cgroup2", true, () => {
      const { path, isPrivate } = host.findCgroupRoot();
      return isPrivate ? "not mounted; a private mount works" : `the root of the hierarchy is mounted on "${path}"`;
    });
  const ringSizeBytes = DNS_OPTIONS.ringSizeBytes.initial;
  const maps = blocker !== undefined || object === undefined
    ? untried("maps", true, blocker ?? "there is no BPF object")
    : tried("maps", true, () => {
      host.createMaps(object!, ringSizeBytes);
      return `all maps were created, with a ring buffer of ${ringSizeBytes} bytes`;
    });
  return { checks: [library, asset, cgroup, maps], object, blocker };
}

/** Programs that will be tried whatever becomes of the others. */
function triedPrograms(host: DoctorHost): SensorProgram[] {
  return SENSORS.flatMap(({ programs }) => programs)
    .filter((program) => program.insteadOf === undefined && host.whyRefused(program) === undefined);
}

/** Tries one program. */
function checkHook(
  host: DoctorHost,
  sensor: Sensor,
  program: SensorProgram,
  object: Uint8Array<ArrayBuffer> | undefined,
  blocker: string | undefined,
): HookCheck {
  const isRequired = program.without === undefined && REQUIRED_SENSORS.includes(sensor.name);
  const without = program.without ?? (isRequired ? undefined : WITHOUT[sensor.name]);
  const base = {
    name: program.name,
    sensor: sensor.name,
    hook: program.hook,
    required: isRequired,
    ...(without === undefined ? {} : { without }),
    ...(program.misses === undefined ? {} : { misses: program.misses }),
  };
  if (object === undefined || blocker !== undefined) {
    return { ...base, ...untried(program.name, base.required, blocker ?? "there is no BPF object") };
  }
  const reason = host.whyRefused(program);
  if (reason !== undefined) return { ...base, status: "fail", probed: `not tried: ${reason}` };
  const result = host.tryProgram(object, program);
  if (result.ok) return { ...base, status: "pass", probed: "loaded and attached" };
  const mend = result.error.hint === undefined ? {} : { mend: result.error.hint };
  return { ...base, status: "fail", probed: `cannot ${result.step}: ${describe(result.error)}`, ...mend };
}

/** Says of a program that failed which others do its work, where all that could stand in for it pass. */
function withStandIns(check: HookCheck, hooks: readonly HookCheck[]): HookCheck {
  const names = SENSORS.flatMap(({ programs }) => programs)
    .filter(({ insteadOf }) => insteadOf?.includes(check.name))
    .map(({ name }) => name);
  const standIns = hooks.filter(({ name, status }) => names.includes(name) && status === "pass");
  if (check.status !== "fail" || names.length === 0 || standIns.length < names.length) return check;
  const { without: _, ...rest } = check;
  return { ...rest, replacedBy: standIns.map(({ name }) => name) };
}

/**
 * Makes all checks.
 *
 * @param host what to look at
 * @param libbpfPath libbpf to use; the system's when undefined
 * @returns what was found
 */
export function diagnose(host: DoctorHost, libbpfPath: string | undefined): Diagnosis {
  const { checks: loading, object, blocker } = checkLoading(host, libbpfPath);
  const checks = [...checkKernel(host), ...checkPrivilege(host), ...loading];
  const hooks: HookCheck[] = [];
  if (object !== undefined && blocker === undefined) host.loadPrograms(object, triedPrograms(host));
  const isFirst = ({ name }: Sensor): number => REQUIRED_SENSORS.includes(name) ? 0 : 1;
  for (const sensor of SENSORS.toSorted((a, b) => isFirst(a) - isFirst(b))) {
    for (const program of sensor.programs) {
      // What only stands in for better programs matters where one of them fails.
      const isSpare = program.insteadOf?.every((better) =>
        hooks.some(({ name, status }) => name === better && status === "pass")
      );
      if (isSpare !== true) hooks.push(checkHook(host, sensor, program, object, blocker));
    }
  }
  const ready = [...checks, ...hooks].every(({ required, status }) => !required || status === "pass");
  return { kernel: host.release(), ready, checks, hooks: hooks.map((check) => withStandIns(check, hooks)) };
}
