/** The browser's own ways to play an animation, from before the page's were replaced. */
export interface NativePlay {
  setCurrentTime(animation: Animation, timeMs: number): void;
  setStart(animation: Animation, startMs: number): void;
  setRate(animation: Animation, rate: number): void;
  playState(animation: Animation): AnimationPlayState;
  /** It has no time of its own: it was cancelled, by the page or by its style. Unlike the play state it is told without a look at styles. */
  isIdle(animation: Animation): boolean;
  finish(animation: Animation): void;
}

/**
 * An animation that stands still between frames, and its own time. It stays in the state that the page gave it, with a
 * playback rate of 0: pausing it would override the page's `animation-play-state`.
 */
export class FrozenAnimation {
  readonly animation: Animation;
  readonly #native: NativePlay;
  /** Asked for once: each answer would compute all styles. */
  #effect: AnimationEffect | null;
  /** A CSS animation or transition, which style starts, changes and ends. */
  readonly isOfStyle: boolean;
  readonly #isOfAnimationRule: boolean;
  /** The virtual time at which its own time was 0; null until the frame that shows it first, and while it is paused. */
  #startMs: number | null = null;
  /** Its own time while it has no start. */
  #heldMs: number;
  #rate: number;
  #timing: ComputedEffectTiming;
  #isFinished = false;
  #isPaused: boolean;
  /** Its own time as it is shown. Not asked of the browser, which would compute all styles for each answer. */
  #shownMs: number;

  /** @param rate the rate that the page gave it */
  constructor(animation: Animation, native: NativePlay, rate: number) {
    this.animation = animation;
    this.#native = native;
    this.#rate = rate;
    this.#isOfAnimationRule = "animationName" in animation;
    this.isOfStyle = this.#isOfAnimationRule || "transitionProperty" in animation;
    this.#effect = animation.effect;
    this.#timing = timingOf(this.#effect);
    this.#isPaused = native.playState(animation) === "paused";
    const { currentTime } = animation;
    this.#heldMs = this.#isPaused && typeof currentTime === "number" ? currentTime : rate < 0 ? finite(this.endMs) : 0;
    this.#shownMs = this.#heldMs;
    this.#stand(this.#heldMs);
  }

  get effect(): AnimationEffect | null {
    return this.#effect;
  }

  get rate(): number {
    return this.#rate;
  }

  /** What the page sees as its start. */
  get startMs(): number | null {
    return this.#startMs;
  }

  /** The end of its effect, in its own time. */
  get endMs(): number {
    return Number(this.#timing.endTime);
  }

  /** When it ends in virtual time; null where it does not. */
  get endsAtMs(): number | null {
    if (this.#isPaused || this.#rate === 0 || !Number.isFinite(this.endMs)) return null;
    return (this.#startMs ?? 0) + (this.#rate > 0 ? this.endMs - (this.#startMs === null ? this.#heldMs : 0) : 0) / Math.abs(this.#rate);
  }

  /** Whether its own time goes on. */
  get isRunning(): boolean {
    return !this.#isPaused && !this.#isFinished && this.#rate !== 0;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Its own time as it is shown. */
  get shownMs(): number {
    return this.#shownMs;
  }

  /** Whether style may change it: it does so with its element's, or with one around it. */
  isStyledBy(restyled: ReadonlySet<Element> | null): boolean {
    if (!this.#isOfAnimationRule || !this.isRunning) return false;
    if (restyled === null) return true;
    if (restyled.size === 0) return false;
    let node: Node | null = (this.#effect as KeyframeEffect).target;
    while (node && !restyled.has(node as Element)) node = node.parentNode ?? (node as Partial<ShadowRoot>).host ?? null;
    return node !== null;
  }

  /** It has ended, and no change of style lets it go on. */
  get isDone(): boolean {
    return this.#isFinished && this.isOfStyle && !this.#isOfAnimationRule;
  }

  get playState(): AnimationPlayState {
    return this.#native.playState(this.animation);
  }

  /** Reads anew what the effect's author may have changed. */
  readTiming(): void {
    this.#timing = timingOf(this.#effect);
  }

  /** The page gave it another effect. */
  takeEffect(): void {
    this.#effect = this.animation.effect;
    this.readTiming();
  }

  /** Its own time at a virtual time. */
  timeAt(nowMs: number): number {
    return this.#startMs === null ? this.#heldMs : (nowMs - this.#startMs) * this.#rate;
  }

  /** Which part of its effect shows at its own time: before it, an iteration, or after it. Events come where this changes. */
  phaseAt(timeMs: number): number {
    const { delay = 0, activeDuration, duration } = this.#timing;
    const activeMs: number = timeMs - delay + ROUNDING_MS;
    if (activeMs < 0) return -1;
    if (activeMs >= Number(activeDuration)) return Infinity;
    return Math.floor(activeMs / Math.max(1e-9, Number(duration)));
  }

  /** A frame shows it: it starts where it has not. */
  start(nowMs: number): void {
    if (this.#startMs === null && !this.#isPaused && this.#rate !== 0) this.#startMs = nowMs - this.#heldMs / this.#rate;
  }

  /** Shows the time; says whether it came into another phase. */
  seek(nowMs: number): boolean {
    if (this.#startMs === null) return false;
    const timeMs: number = this.timeAt(nowMs);
    if (timeMs === this.#shownMs || (this.#isFinished && this.#isOverAt(timeMs))) return false;
    // A time would bring one that was cancelled back.
    if (this.#native.isIdle(this.animation)) return false;
    const before: number = this.phaseAt(this.#shownMs);
    // Its style may have made it longer meanwhile.
    if (this.#isOverAt(timeMs)) this.readTiming();
    const isOver: boolean = this.#isOverAt(timeMs);
    if (isOver) this.#finish();
    else if (this.#isFinished) this.#stand(timeMs);
    else this.#show(timeMs);
    return isOver || this.phaseAt(timeMs) !== before;
  }

  /** The page sets its own time. */
  setTime(timeMs: number, nowMs: number): void {
    this.#heldMs = timeMs;
    this.#startMs = this.#isPaused || this.#rate === 0 ? null : nowMs - timeMs / this.#rate;
    this.#stand(timeMs);
  }

  /** The page sets its start, in virtual time. */
  setStart(startMs: number | null, nowMs: number): void {
    if (startMs === null) this.hold(nowMs);
    else {
      this.#isPaused = false;
      this.#startMs = startMs;
      this.#stand(this.timeAt(nowMs));
    }
  }

  /** Plays it the other way from where it is, from the other end where it is at one (Web Animations 1, 4.4.15). */
  reverse(nowMs: number): void {
    this.readTiming();
    const timeMs: number = this.#isFinished ? (this.#rate < 0 ? 0 : this.endMs) : this.timeAt(nowMs);
    this.#rate = -this.#rate;
    const isAtEnd: boolean = this.#rate < 0 ? timeMs <= 0 : timeMs >= this.endMs;
    this.#isPaused = false;
    this.setTime(isAtEnd ? (this.#rate < 0 ? finite(this.endMs) : 0) : timeMs, nowMs);
  }

  setRate(rate: number, nowMs: number): void {
    const timeMs: number = this.timeAt(nowMs);
    this.#rate = rate;
    this.setTime(timeMs, nowMs);
  }

  /** It was paused, by the page or by its style. The browser, for which it stands, would take it back to its beginning. */
  hold(nowMs: number): void {
    if (this.#isPaused) return;
    this.#heldMs = this.#isFinished ? this.#shownMs : this.timeAt(nowMs);
    this.#startMs = null;
    this.#isPaused = true;
    this.#isFinished = false;
    this.#native.setRate(this.animation, 0);
    this.#show(this.#heldMs);
    this.showAnew();
  }

  /** It plays again: from its beginning where it is at its end. */
  play(nowMs: number): void {
    const timeMs: number = this.#isFinished ? this.#shownMs : this.timeAt(nowMs);
    this.readTiming();
    this.#resumeAt(this.#isOverAt(timeMs) ? (this.#rate < 0 ? finite(this.endMs) : 0) : timeMs);
  }

  /** Its style lets it go on from where it stands: it was paused, or had ended and has become longer. */
  resume(): void {
    this.readTiming();
    this.#resumeAt(this.#shownMs);
  }

  /** Brings it to its end, where it is finished in the browser's eyes too: promises and events follow. */
  end(nowMs: number): void {
    this.readTiming();
    const endMs: number = this.#rate < 0 ? 0 : this.endMs;
    if (Number.isFinite(endMs) && this.#rate !== 0) this.#startMs = nowMs - endMs / this.#rate;
    this.#isPaused = false;
    this.#finish();
  }

  /**
   * Where style changes an animation, Chromium computes it once by start and rate, which says 0 here, and takes the very time that
   * it has for no change.
   */
  showAnew(): void {
    if (this.#isFinished) return;
    this.#native.setCurrentTime(this.animation, this.#shownMs + 2 * ROUNDING_MS);
    this.readTiming();
    this.#show(this.#shownMs);
  }

  /** Gives it back to the browser as the page knows it. */
  letGo(): void {
    this.#native.setRate(this.animation, this.#rate);
  }

  #resumeAt(timeMs: number): void {
    this.#isPaused = false;
    this.#heldMs = timeMs;
    this.#startMs = null;
    this.#stand(timeMs);
  }

  #isOverAt(timeMs: number): boolean {
    return this.#rate > 0 ? timeMs + ROUNDING_MS >= this.endMs : this.#rate < 0 && timeMs <= ROUNDING_MS;
  }

  /** Shows a time at which it stands. With a start it waits for no answer of the compositor, and is ready at once. */
  #stand(timeMs: number): void {
    this.#isFinished = false;
    this.#native.setRate(this.animation, 0);
    if (!this.#isPaused) this.#native.setStart(this.animation, 0);
    this.#show(timeMs);
  }

  #show(timeMs: number): void {
    this.#shownMs = timeMs;
    this.#native.setCurrentTime(this.animation, timeMs + ROUNDING_MS);
  }

  #finish(): void {
    this.#isFinished = true;
    this.#shownMs = this.#rate < 0 ? 0 : this.endMs;
    this.#native.setRate(this.animation, this.#rate);
    // One that the compositor had not yet answered for would otherwise start anew when it does.
    this.#native.setStart(this.animation, LONG_AGO_MS);
    this.#native.finish(this.animation);
  }
}

/** The sixth of 0.1 s ends at 0.6 s, but 0.6 / 0.1 is less than 6: a time lies after what begins at it, by so much. */
const ROUNDING_MS = 1e-6;
/** A start in the browser's time after which any animation has ended. */
const LONG_AGO_MS = -1e12;

function timingOf(effect: AnimationEffect | null): ComputedEffectTiming {
  return effect?.getComputedTiming() ?? { delay: 0, activeDuration: 0, duration: 0, endTime: 0 };
}

function finite(timeMs: number): number {
  return Number.isFinite(timeMs) ? timeMs : 0;
}
