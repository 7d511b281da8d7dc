/**
 * Run time and run count of BPF programs (Linux 5.8).
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { errnoName } from "./errno.ts";
import { libbpf } from "./library.ts";
import { closeFd } from "./libc.ts";

/** Makes the kernel count run time and runs of all programs while it is open; costs some 20 ns per run. */
export class ProgramStatistics {
  #fd: number | undefined;

  /**
   * Starts counting.
   *
   * @throws {LibbpfError} when the kernel refuses
   */
  constructor() {
    const BPF_STATS_RUN_TIME = 0;
    const fd = libbpf().symbols.bpf_enable_stats(BPF_STATS_RUN_TIME);
    if (fd < 0) throw new LibbpfError("count the run time of BPF programs", -fd, errnoName(-fd));
    this.#fd = fd;
  }

  /** Stops counting, unless somebody else counts too. */
  close(): void {
    if (this.#fd === undefined) return;
    closeFd(this.#fd);
    this.#fd = undefined;
  }

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
