import { aborted } from "../errors.ts";
import { watchSilence, type Watchdog } from "./watchdog.ts";

/** Waits for work that may hang: with a limit on its silence, and an ear for the signal. One piece of work at a time. */
export class Supervisor {
  readonly #limitMs: number;
  readonly #signal: AbortSignal;
  #watchdog: Watchdog | null = null;

  constructor(limitMs: number, signal: AbortSignal) {
    this.#limitMs = limitMs;
    this.#signal = signal;
  }

  /** The work got on: the limit starts again. */
  beat(): void {
    this.#watchdog?.beat();
  }

  /**
   * Gives the outcome of the work.
   *
   * @throws RenderError `aborted` when the signal says so, and whatever `onSilence` makes after the limit
   */
  async run<Value>(work: Promise<Value>, onSilence: () => Error): Promise<Value> {
    let onAbort: () => void = () => {};
    const interrupted: Promise<never> = new Promise((_, reject) => {
      this.#watchdog = watchSilence(this.#limitMs, () => reject(onSilence()));
      onAbort = () => reject(aborted(this.#signal.reason));
    });
    this.#signal.addEventListener("abort", onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    // Where the interruption wins, nobody hears of the work's own end any more.
    work.catch(() => {});
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      this.#watchdog?.stop();
      this.#watchdog = null;
      this.#signal.removeEventListener("abort", onAbort);
    }
  }
}
