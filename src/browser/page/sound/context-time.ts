import type { VirtualClock } from "../clock/virtual-clock.ts";

/** A stretch of the page's time in which a context ran. */
export interface RunningTime {
  /** Milliseconds of the page's time. */
  readonly fromMs: number;
  /** Null while it runs. */
  readonly untilMs: number | null;
  /** The context's own seconds at `fromMs`. */
  readonly fromSeconds: number;
}

/** The time of one AudioContext: it moves with the page's time while the context runs. */
export class ContextTime {
  readonly #clock: VirtualClock;
  readonly #past: RunningTime[] = [];
  #state: AudioContextState = "running";
  #runsSinceMs: number;
  #passedSeconds = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.#runsSinceMs = clock.nowMs;
  }

  get state(): AudioContextState {
    return this.#state;
  }

  /** As the page sees it: reading the time over and over lets it creep. */
  get seconds(): number {
    return this.#at(this.#clock.read());
  }

  /** Without the page's reading. */
  get exactSeconds(): number {
    return this.#at(this.#clock.nowMs);
  }

  /** All that it ran, in order. */
  get running(): readonly RunningTime[] {
    if (this.#state !== "running") return this.#past;
    return [...this.#past, { fromMs: this.#runsSinceMs, untilMs: null, fromSeconds: this.#passedSeconds }];
  }

  /** Its seconds at a time of the page at which it runs as it does now. */
  at(pageMs: number): number {
    return this.#at(pageMs);
  }

  /** Says whether the state is another now. */
  change(state: AudioContextState): boolean {
    if (this.#state === "closed" || this.#state === state) return false;
    const { nowMs } = this.#clock;
    if (this.#state === "running") {
      this.#past.push({ fromMs: this.#runsSinceMs, untilMs: nowMs, fromSeconds: this.#passedSeconds });
      this.#passedSeconds = this.exactSeconds;
    }
    this.#runsSinceMs = nowMs;
    this.#state = state;
    return true;
  }

  #at(pageMs: number): number {
    return this.#passedSeconds + (this.#state === "running" ? (pageMs - this.#runsSinceMs) / 1000 : 0);
  }
}
