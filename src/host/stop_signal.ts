/**
 * When a run is to end.
 *
 * @module
 */

import { ignoresHangup } from "./hangup.ts";

/** The wish to stop, from a signal, a timer or the run itself. */
export class StopSignal implements Disposable {
  #requested = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: (() => void) | undefined;
  readonly #onSignal = (): void => this.request();
  readonly #signals: readonly Deno.Signal[];

  /**
   * Listens to SIGINT and SIGTERM.
   *
   * @param onHangup to SIGHUP as well, unless that was ignored when the process was started
   */
  constructor(onHangup: boolean) {
    this.#signals = ["SIGINT", "SIGTERM", ...(onHangup && !ignoresHangup() ? ["SIGHUP"] as const : [])];
    for (const signal of this.#signals) Deno.addSignalListener(signal, this.#onSignal);
  }

  /** Whether it was asked for. */
  get requested(): boolean {
    return this.#requested;
  }

  /** Asks for it. */
  request(): void {
    this.#requested = true;
    this.#wake?.();
  }

  /**
   * Asks for it later.
   *
   * @param durationMs when, ms from now
   */
  requestAfter(durationMs: number): void {
    this.#timer = setTimeout(this.#onSignal, durationMs);
  }

  /** Waits, but no longer than until a stop is asked for. Zero lets timers and signals in and comes back in 2 ms. */
  wait(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#wake = undefined;
        resolve();
      }, durationMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      if (this.#requested) this.#wake();
    });
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const signal of this.#signals) Deno.removeSignalListener(signal, this.#onSignal);
  }
}
