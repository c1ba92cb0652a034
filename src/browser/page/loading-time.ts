import { realTime } from "./clock/real-time.ts";
import type { VirtualClock } from "./clock/virtual-clock.ts";

/** Timers without delay that one round runs at most. */
const TASKS_A_ROUND = 50;
/** How often a page that loads is looked at, in milliseconds. */
const ROUND_MS = 4;
/** How often what moves by itself is taken hold of meanwhile. */
const FREEZE_MS = 16;
/** While a page is waited for that says nothing of itself yet, its time goes on by so much a round: as fast as real time at best. */
const STEP_MS = 1000 / 60;
/** Rounds for which time stands still while something is waited for; what comes without it shall not be later for it. */
const PATIENT_ROUNDS = 10;

/** The time of a page while it loads: it stands, and moves only where the page would never be ready otherwise. */
export class LoadingTime {
  readonly #clock: VirtualClock;
  readonly #freeze: () => void;
  readonly #isAnswering: () => boolean;
  #frozeAtMs = 0;
  #awaitedRounds = 0;

  /**
   * @param freeze takes hold of what moves by itself
   * @param isAnswering whether a server is still to answer: what waits for it needs no time of the page
   */
  constructor(clock: VirtualClock, freeze: () => void, isAnswering: () => boolean) {
    this.#clock = clock;
    this.#freeze = freeze;
    this.#isAnswering = isAnswering;
  }

  /** Lets timers without delay run, with which pages set themselves up; time stands still. */
  async runTasks(): Promise<void> {
    for (let task = 0; task < TASKS_A_ROUND && (await this.#clock.runStanding(realTime.nextTask)); task++);
    if (realTime.now() - this.#frozeAtMs < FREEZE_MS) return;
    this.#freeze();
    this.#frozeAtMs = realTime.now();
  }

  /** Lets time go on a little, as fast as real time at best. */
  async flow(): Promise<void> {
    await pause(STEP_MS);
    await this.#clock.advanceTo(this.#clock.nowMs + STEP_MS, realTime.nextTask);
    await this.#clock.runFrames(() => Promise.resolve());
    this.#freeze();
  }

  /** Runs all of them: how many had their turn before must not depend on how long the page took to load. */
  async runAllTasks(): Promise<void> {
    while (await this.#clock.runStanding(realTime.nextTask));
  }

  /** One round of waiting for what may come from timers and animation frames: after some patience, time goes on. */
  async runWhileAwaited(): Promise<void> {
    if (this.#isAnswering()) return this.runTasks().then(() => pause(ROUND_MS));
    await (++this.#awaitedRounds > PATIENT_ROUNDS ? this.flow() : this.runTasks());
  }

  /** Waits until something is true; false where it is not by then. */
  async until(isTrue: () => boolean, deadlineMs: number): Promise<boolean> {
    for (;;) {
      await this.runTasks();
      if (isTrue()) return true;
      if (realTime.now() >= deadlineMs) return false;
      await pause(ROUND_MS);
    }
  }

  /**
   * Waits for a promise while time stands still; false where it is not kept by then.
   *
   * @throws what the promise is rejected with
   */
  async keptBefore(deadlineMs: number, promise: PromiseLike<unknown>): Promise<boolean> {
    return this.#kept(deadlineMs, promise, () => this.runTasks().then(() => pause(ROUND_MS)));
  }

  /** The same of a promise of the page's own, which may need time to go on. */
  async keptByPageBefore(deadlineMs: number, promise: PromiseLike<unknown>): Promise<boolean> {
    return this.#kept(deadlineMs, promise, () => this.runWhileAwaited());
  }

  async #kept(deadlineMs: number, promise: PromiseLike<unknown>, round: () => Promise<void>): Promise<boolean> {
    let isSettled = false;
    const settled: Promise<void> = Promise.resolve(promise).then(
      () => {
        isSettled = true;
      },
      (reason: unknown) => {
        isSettled = true;
        throw reason;
      },
    );
    settled.catch(() => {});
    while (!isSettled && realTime.now() < deadlineMs) await Promise.race([settled, round()]);
    if (isSettled) await settled;
    return isSettled;
  }
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => void realTime.setTimeout(resolve, delayMs));
}
