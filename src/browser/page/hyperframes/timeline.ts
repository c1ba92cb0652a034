/** As much as is used of a timeline that a composition registers: one of GSAP, or any object that can be brought to a time. */
export interface Timeline {
  seek?(seconds: number, suppressEvents?: boolean): unknown;
  totalTime?(seconds: number, suppressEvents?: boolean): unknown;
  pause?(): unknown;
  paused?(value?: boolean): unknown;
  /** Of one of its rounds. */
  duration?(): unknown;
  totalDuration?(): unknown;
  /** Undoes what it did to the page. */
  revert?(): unknown;
  /** What it did is not undone by going back. */
  readonly isSequential?: boolean;
  readonly parent?: { readonly parent?: unknown } | null;
  getChildren?(nested: boolean, tweens: boolean, timelines: boolean): unknown;
}

interface TimelineChild {
  readonly vars?: Readonly<Record<string, unknown>>;
  startTime(): number;
  timeScale(): number;
  getChildren?(nested: boolean): TimelineChild[];
}

/** What these do when the playhead passes is not undone by going back. `onUpdate` runs wherever it goes. */
const PASSING: readonly string[] = ["onStart", "onComplete", "onRepeat", "onReverseComplete", "onInterrupt"];

/** Going back, a timeline is brought here first, before the time that is meant. */
const BEFORE_SECONDS = 0.001;

export function isTimeline(value: unknown): value is Timeline {
  if (typeof value !== "object" || value === null) return false;
  const { seek, totalTime } = value as Timeline;
  return typeof seek === "function" || typeof totalTime === "function";
}

/** Seconds; null where it does not end or does not say. */
export function lengthOf(timeline: Timeline): number | null {
  const seconds: number = Number(timeline.duration?.());
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/** A timeline of a composition that stands still wherever it is brought to, whatever the way there. */
export class DrivenTimeline {
  readonly #timeline: Timeline;
  readonly #local: (seconds: number) => number;
  #lastSeconds: number | null = null;

  /** @param local the timeline's own time at a time of the page, both in seconds */
  constructor(timeline: Timeline, local: (seconds: number) => number) {
    this.#timeline = timeline;
    this.#local = local;
    timeline.pause?.();
    this.#readStartValues();
  }

  /** Whether what it shows depends on what was shown before. */
  get isSequential(): boolean {
    const { isSequential = false, getChildren } = this.#timeline;
    return isSequential || (typeof getChildren === "function" && hasCallbacks(this.#timeline as TimelineChild));
  }

  seek(pageSeconds: number): void {
    const timeline: Timeline = this.#timeline;
    if (timeline.paused?.() === false) timeline.pause?.();
    const length: number = Number(timeline.totalDuration?.() ?? NaN);
    const seconds: number = Math.min(Math.max(0, this.#local(pageSeconds)), length > 0 ? length : Infinity);
    // Where two tweens meet, the way back would leave the picture of the earlier one. GSAP does nothing at its first time.
    const isBack: boolean = this.#lastSeconds === null || seconds < this.#lastSeconds;
    if (isBack && timeline.totalTime) timeline.totalTime(seconds + (seconds >= BEFORE_SECONDS ? -BEFORE_SECONDS : BEFORE_SECONDS), true);
    if (timeline.totalTime) timeline.totalTime(seconds, false);
    else timeline.seek!(seconds, false);
    this.#lastSeconds = seconds;
  }

  /**
   * A tween reads where it begins when it is first shown. Each is shown once at its start, in their order, so that later jumps
   * find the same values.
   */
  #readStartValues(): void {
    const { getChildren, totalTime } = this.#timeline;
    if (typeof getChildren !== "function" || typeof totalTime !== "function") return;
    const starts = new Set<number>(startsIn(this.#timeline as TimelineChild, 0, 1));
    for (const seconds of [...starts].toSorted((a, b) => a - b)) totalTime.call(this.#timeline, seconds, true);
    totalTime.call(this.#timeline, 0, true);
  }
}

function* startsIn(timeline: TimelineChild, from: number, secondsEach: number): Generator<number> {
  for (const child of timeline.getChildren!(false)) {
    const start: number = from + child.startTime() * secondsEach;
    yield start;
    if (child.getChildren) yield* startsIn(child, start, secondsEach / Math.abs(child.timeScale() || 1));
  }
}

function hasCallbacks(animation: TimelineChild): boolean {
  if (PASSING.some((name) => typeof animation.vars?.[name] === "function")) return true;
  return animation.getChildren?.(false).some(hasCallbacks) ?? false;
}
