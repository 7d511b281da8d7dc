/**
 * Names of signals.
 *
 * @module
 */

/** Signals 1 to 31 of x86-64 and arm64 (signal(7)). */
const SIGNAL_NAMES = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU " +
  "XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ");

/**
 * Names a signal.
 *
 * @param number 1 to 64
 * @returns for example `SIGKILL`; real-time signals as `SIGRTMIN+n` counted from 32, as the kernel does
 */
export function signalName(number: number): string {
  const name = SIGNAL_NAMES[number - 1];
  return name === undefined ? `SIGRTMIN+${number - 32}` : `SIG${name}`;
}
