/** Takes what a callback threw to where a browser would report it, so that the others still run. */
export type ReportException = (thrown: unknown) => void;

export type FrameCallback = (timeMs: number) => void;

interface Timer {
  readonly id: number;
  readonly callback: () => void;
  /** When it is due, in milliseconds of virtual time. */
  dueMs: number;
  /** Null for a timeout. */
  readonly intervalMs: number | null;
  /** How many timers lie between it and a script that was not run by one. */
  readonly nesting: number;
}

/** HTML, "timer initialisation steps": a timer that was set within five others waits at least 4 ms. */
const NESTING_LIMIT = 5;
const LEAST_NESTED_MS = 4;
/** Tasks that a script asks for one after the other are many without any time between; more than these are taken for endless. */
const TASK_NESTING_LIMIT = 1_000;
/** While time stands, a row of timers without delay sets a page up. A longer one is taken for endless, and goes on with time. */
const STANDING_LIMIT = 200;
/** A page that reads the time over and over in one task waits for it to pass: from here on each read lets a little pass. */
const PATIENT_READS = 10_000;
const CREEP_MS = 0.01;

/**
 * Time that stands still unless it is told to go on: the timers, animation frames and idle callbacks of a page, in the order in
 * which a browser would run them. Knows nothing of windows.
 */
export class VirtualClock {
  readonly #timers = new Map<number, Timer>();
  readonly #report: ReportException;
  #frames = new Map<number, FrameCallback>();
  /** The callbacks of the animation frame that runs now: one that is cancelled by another of them does not run. */
  #runningFrames: Map<number, FrameCallback> | null = null;
  #nowMs = 0;
  /** The latest time that a read answered: it never goes back while time goes on. */
  #latestReadMs = 0;
  #readsSinceMove = 0;
  #lastId = 0;
  #nesting = 0;

  constructor(report: ReportException) {
    this.#report = report;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Whether any callback waits for time to pass. */
  get isWaiting(): boolean {
    return this.#timers.size > 0 || this.#frames.size > 0;
  }

  /** The number of the last callback that was taken: later ones have higher numbers. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Milliseconds of virtual time, as the page sees them. */
  read(): number {
    this.#readsSinceMove++;
    const creep: number = Math.max(0, this.#readsSinceMove - PATIENT_READS) * CREEP_MS;
    this.#latestReadMs = Math.max(this.#latestReadMs, this.#nowMs + creep);
    return this.#latestReadMs;
  }

  setTimer(callback: () => void, delayMs: number, repeats: boolean): number {
    return this.#set(callback, delayMs, repeats, NESTING_LIMIT);
  }

  /** Of a scheduler, which unlike a timer may come again at once. */
  setTask(callback: () => void, delayMs: number): number {
    return this.#set(callback, delayMs, false, TASK_NESTING_LIMIT);
  }

  #set(callback: () => void, delayMs: number, repeats: boolean, nestingLimit: number): number {
    const nesting: number = this.#nesting + 1;
    const least: number = nesting > nestingLimit ? LEAST_NESTED_MS : repeats ? 1 : 0;
    const delay: number = Math.max(least, Number.isFinite(delayMs) ? Math.trunc(delayMs) : 0);
    const id: number = ++this.#lastId;
    this.#timers.set(id, { id, callback, dueMs: this.#nowMs + delay, intervalMs: repeats ? delay : null, nesting });
    return id;
  }

  clearTimer(id: number): void {
    this.#timers.delete(id);
  }

  requestFrame(callback: FrameCallback): number {
    const id: number = ++this.#lastId;
    this.#frames.set(id, callback);
    return id;
  }

  cancelFrame(id: number): void {
    this.#frames.delete(id);
    this.#runningFrames?.delete(id);
  }

  /**
   * Lets time pass up to `timeMs` and runs each timer that is due by then, in order of its time and then of its age.
   *
   * @param settle lets promises and messages of the page run after each
   * @param approach is awaited before time goes on to that of a timer
   */
  async advanceTo(timeMs: number, settle: () => Promise<void>, approach?: (timeMs: number) => Promise<void>): Promise<void> {
    for (let timer = this.#nextDue(timeMs); timer; timer = this.#nextDue(timeMs)) {
      await approach?.(Math.max(this.#nowMs, timer.dueMs));
      this.#moveTo(Math.max(this.#nowMs, timer.dueMs));
      await this.#run(timer, settle);
    }
    this.#moveTo(Math.max(this.#nowMs, timeMs));
  }

  /** Sets the time, also backwards, where nothing waits for it. */
  jumpTo(timeMs: number): void {
    this.#latestReadMs = timeMs;
    this.#moveTo(timeMs);
  }

  /** One animation frame: callbacks that are asked for in it belong to the next one. Says whether there was any. */
  async runFrames(betweenCallbacks: () => Promise<void>): Promise<boolean> {
    const due: Map<number, FrameCallback> = this.#frames;
    if (due.size === 0) return false;
    this.#frames = new Map();
    this.#runningFrames = due;
    for (const [id, callback] of due) {
      // Deleting from a Map while it is walked leaves what comes later out.
      due.delete(id);
      try {
        callback(this.#nowMs);
      } catch (thrown) {
        this.#report(thrown);
      }
      await betweenCallbacks();
    }
    this.#runningFrames = null;
    return true;
  }

  /**
   * Runs one timer while time stands still: one that is due now or, where `sinceId` is given, the earliest of those that were set
   * after it, whatever their delay.
   *
   * @param settle lets promises and messages of the page run after it
   * @returns whether there was one
   */
  async runStanding(settle: () => Promise<void>, sinceId?: number): Promise<boolean> {
    const timer: Timer | null = sinceId === undefined ? this.#nextDue(this.#nowMs, 0, true) : this.#nextDue(Infinity, sinceId);
    if (timer) await this.#run(timer, settle);
    return timer !== null;
  }

  #moveTo(timeMs: number): void {
    this.#nowMs = timeMs;
    this.#readsSinceMove = 0;
  }

  /** @param forgivesNesting the delay that nesting brings counts as none */
  #nextDue(byMs: number, sinceId = 0, forgivesNesting = false): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers.values()) {
      const isForgiven: boolean =
        forgivesNesting && timer.intervalMs === null && timer.nesting > NESTING_LIMIT && timer.nesting <= STANDING_LIMIT;
      const lateMs: number = isForgiven ? LEAST_NESTED_MS : 0;
      if (timer.id <= sinceId || timer.dueMs - lateMs > byMs) continue;
      // Insertion order is the order of age.
      if (next === null || timer.dueMs < next.dueMs) next = timer;
    }
    return next;
  }

  async #run(timer: Timer, settle: () => Promise<void>): Promise<void> {
    if (timer.intervalMs === null) this.#timers.delete(timer.id);
    else {
      // It is now the youngest of those that are due at its next time.
      this.#timers.delete(timer.id);
      timer.dueMs = Math.max(this.#nowMs, timer.dueMs) + timer.intervalMs;
      this.#timers.set(timer.id, timer);
    }
    this.#nesting = timer.nesting;
    try {
      timer.callback();
    } catch (thrown) {
      this.#report(thrown);
    }
    // Promises that it has settled still belong to it: what awaits one timer after the other is a row of nested ones.
    await settle();
    this.#nesting = 0;
  }
}
