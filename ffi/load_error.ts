/**
 * Tells from libbpf's answer and log why an object could not be loaded.
 *
 * @module
 */

import {
  type CulpritError,
  LibbpfError,
  MissingPrivilegeError,
  UnsupportedKernelError,
  VerifierError,
} from "../src/errors.ts";
import { isInUserNamespace, isMemlockLimited, missingBpfCapabilities } from "./capabilities.ts";
import { ERRNO, errnoName } from "./errno.ts";

/** libbpf 0.7 and newer: one message that holds the log of the program that failed. */
const VERIFIER_LOG = /^prog '([^']+)': -- BEGIN PROG LOAD LOG --\n([\s\S]*?)\n?-- END PROG LOAD LOG --$/;
/** The program that failed, also when there is no verifier log. */
const FAILED_PROGRAM = /^prog '([^']+)': (?:BPF program load failed|failed to )/;

/** The map that could not be created. */
const FAILED_MAP = /^map '([^']+)': failed to create: /;

/** What the process may do, as far as it explains a refusal. */
export interface Privileges {
  /** Capabilities that are missing, see {@linkcode missingBpfCapabilities}. */
  missing: readonly string[];
  /** See {@linkcode isMemlockLimited}. */
  memlockLimited: boolean;
  /** See {@linkcode isInUserNamespace}. */
  inUserNamespace: boolean;
}

/** What this process may do. */
function currentPrivileges(): Privileges {
  return {
    missing: missingBpfCapabilities(),
    memlockLimited: isMemlockLimited(),
    inUserNamespace: isInUserNamespace(),
  };
}

/**
 * The error of a failed load.
 *
 * @param objectName name of the object
 * @param errno positive errno that `bpf_object__load` answered
 * @param messages what libbpf logged during the call, oldest first
 * @param privileges what the process may do, asked for only when the kernel answered EPERM
 * @returns the error to throw
 */
export function loadError(
  objectName: string,
  errno: number,
  messages: readonly string[],
  privileges: () => Privileges = currentPrivileges,
): CulpritError {
  if (errno === ERRNO.EPERM) {
    const privilegeError = refusal(messages, privileges());
    if (privilegeError !== undefined) return privilegeError;
  }
  for (const message of messages) {
    const [, program, log] = VERIFIER_LOG.exec(message) ?? [];
    if (program !== undefined && log !== undefined) return new VerifierError(program, log);
  }
  if (messages.some((message) => /kernel BTF is missing|failed to find valid kernel BTF/.test(message))) {
    return new UnsupportedKernelError("BTF (/sys/kernel/btf/vmlinux)", "5.10", Deno.osRelease(), {
      hint: "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as those of the distributions are",
    });
  }
  const map = firstMatch(messages, FAILED_MAP);
  if (map !== undefined) {
    return new LibbpfError(`create map "${map}"`, errno, errnoName(errno), {
      log: messages,
      hint: errno === ERRNO.ENOMEM ? "make it smaller: the kernel has no memory for a map of this size" : undefined,
    });
  }
  const program = firstMatch(messages, FAILED_PROGRAM);
  const operation = program === undefined ? `load BPF object "${objectName}"` : `load program "${program}"`;
  return new LibbpfError(operation, errno, errnoName(errno), { log: messages });
}

/** First group of the first message that matches. */
function firstMatch(messages: readonly string[], pattern: RegExp): string | undefined {
  for (const message of messages) {
    const group = pattern.exec(message)?.[1];
    if (group !== undefined) return group;
  }
  return undefined;
}

/** The privilege without which the kernel answered EPERM; undefined when none is known to be missing. */
function refusal(messages: readonly string[], privileges: Privileges): MissingPrivilegeError | undefined {
  if (privileges.missing.length > 0) return new MissingPrivilegeError("load BPF programs", privileges.missing);
  // pr_perm_msg() of libbpf says so where the limit can be the reason.
  if (privileges.memlockLimited && messages.some((message) => message.includes("ulimit -l"))) {
    return new MissingPrivilegeError("lock memory for BPF maps", ["CAP_SYS_RESOURCE"], {
      hint:
        "raise the limit (ulimit -l unlimited, systemd LimitMEMLOCK=infinity): Linux before 5.11 charges maps to it",
    });
  }
  if (privileges.inUserNamespace) {
    return new MissingPrivilegeError("load BPF programs", ["CAP_BPF of the initial user namespace"], {
      hint: "start it from the host: root of a user namespace (rootless container, unshare -U) may not load BPF",
    });
  }
  return undefined;
}
