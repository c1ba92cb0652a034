/** A `<video>` or `<audio>` as it would play: the browser's own stands still, and is only sought. */
export class PlayingMedia {
  readonly element: HTMLMediaElement;
  /** Its own time where it began, or stands; in seconds. */
  #baseSeconds: number;
  /** When it began, in milliseconds of the page's time; null until the first frame, for loading takes no time. */
  #fromMs: number | null = null;
  #rate: number;
  #isPlaying = false;
  /** The time that the browser's was sought to last. */
  shownSeconds: number | null = null;
  /** Whether the page was told that it ended. */
  hasToldEnd = false;

  /** @param setSeconds where it begins */
  constructor(element: HTMLMediaElement, setSeconds: number) {
    this.element = element;
    this.#baseSeconds = setSeconds;
    this.#rate = element.playbackRate;
  }

  get isPlaying(): boolean {
    return this.#isPlaying;
  }

  get rate(): number {
    return this.#rate;
  }

  timeAt(nowMs: number): number {
    const seconds: number = this.#unboundedAt(nowMs);
    const { duration, loop } = this.element;
    if (!Number.isFinite(duration) || duration <= 0) return Math.max(0, seconds);
    return loop ? wrapped(seconds, duration) : Math.min(duration, Math.max(0, seconds));
  }

  hasEndedAt(nowMs: number): boolean {
    const { duration, loop } = this.element;
    return !loop && Number.isFinite(duration) && duration > 0 && this.#unboundedAt(nowMs) >= duration;
  }

  /** When it ends, in milliseconds of the page's time; null where it does not. */
  endsAtMs(nowMs: number): number | null {
    const { duration, loop } = this.element;
    if (!this.#isPlaying || loop || !Number.isFinite(duration) || this.#rate <= 0) return null;
    return (this.#fromMs ?? nowMs) + ((duration - this.#baseSeconds) / this.#rate) * 1000;
  }

  /** Those that play since before the first frame begin with it. */
  begin(firstMs: number): void {
    if (this.#isPlaying) this.#fromMs ??= firstMs;
  }

  /** @param nowMs null while the page loads; so for the others */
  play(nowMs: number | null): void {
    if (nowMs !== null && this.hasEndedAt(nowMs)) this.#baseSeconds = 0;
    else this.#hold(nowMs);
    this.#fromMs = nowMs;
    this.#isPlaying = true;
    this.hasToldEnd = false;
  }

  pause(nowMs: number | null): void {
    this.#hold(nowMs);
    this.#isPlaying = false;
  }

  setTime(seconds: number, nowMs: number | null): void {
    this.#baseSeconds = this.shownSeconds = seconds;
    this.#fromMs = nowMs;
    this.hasToldEnd = false;
  }

  setRate(rate: number, nowMs: number | null): void {
    this.#hold(nowMs);
    this.#rate = rate;
  }

  #hold(nowMs: number | null): void {
    if (nowMs !== null) this.#baseSeconds = this.timeAt(nowMs);
    this.#fromMs = nowMs;
  }

  #unboundedAt(nowMs: number): number {
    const passedMs: number = this.#isPlaying && this.#fromMs !== null ? nowMs - this.#fromMs : 0;
    return this.#baseSeconds + (passedMs / 1000) * this.#rate;
  }
}

/** What is nearer to the end than this, in seconds, is at the beginning: it got there by rounding. */
const ROUNDING_SECONDS = 1e-6;

/** A time within a loop of so many seconds. */
export function wrapped(seconds: number, duration: number): number {
  const within: number = ((seconds % duration) + duration) % duration;
  return duration - within < ROUNDING_SECONDS ? 0 : within;
}
