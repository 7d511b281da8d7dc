/**
 * Deals test files out to the guests of one kernel, so that each guest ends in time and every CPU has work.
 *
 * @module
 */

/** Seconds that files take in an emulated guest at a load of 5 on 2 CPUs, where they take long. */
const SLOW_FILES: Readonly<Record<string, number>> = {
  "ffi/kernel_test.ts": 25,
  "tests/kernel/attribution_test.ts": 90,
  "tests/kernel/capture_test.ts": 24,
  "tests/kernel/conns_hostile_test.ts": 76,
  "tests/kernel/conns_test.ts": 58,
  "tests/kernel/doctor_test.ts": 30,
  "tests/kernel/failures_test.ts": 115,
  "tests/kernel/flood_test.ts": 44,
  "tests/kernel/map_test.ts": 88,
  "tests/kernel/name_service_test.ts": 46,
  "tests/kernel/top_batch_test.ts": 28,
  "tests/kernel/unix_test.ts": 34,
  "tests/kernel/who_test.ts": 120,
};

/** Seconds of every other file, of those to come as well. */
const OTHER_FILE_S = 12;

/** Seconds of work in one guest: under three minutes with the boot, and with files that take longer than they should. */
const SHARE_S = 130;

/** Seconds that a file may take. */
function secondsOf(file: string): number {
  return SLOW_FILES[file] ?? OTHER_FILE_S;
}

/**
 * Deals files out: the longest first, each to the share that has least.
 *
 * @param files paths below the root of the repository
 * @returns shares of about the same length, together all files, each in the order given; one share for no files
 */
export function dealFiles(files: readonly string[]): string[][] {
  const total = files.reduce((sum, file) => sum + secondsOf(file), 0);
  const count = Math.max(1, Math.ceil(total / SHARE_S));
  const shares = Array.from({ length: count }, () => ({ seconds: 0, files: new Set<string>() }));
  for (const file of files.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    const least = shares.reduce((best, share) => share.seconds < best.seconds ? share : best);
    least.files.add(file);
    least.seconds += secondsOf(file);
  }
  return shares.map((share) => files.filter((file) => share.files.has(file)));
}

/**
 * Names of the files whose length is known; a test sees to it that they are there.
 *
 * @returns paths below the root of the repository
 */
export function slowFiles(): string[] {
  return Object.keys(SLOW_FILES);
}
