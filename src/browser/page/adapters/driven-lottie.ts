import { realTime } from "../clock/real-time.ts";
import type { AdapterTime } from "./adapter.ts";
import type { LottieItem } from "./lottie.ts";

/** Longest wait for the file and the pictures of an animation, in real time. */
const LOADING_MS = 5_000;
const POLL_MS = 5;

/** Where an animation is, as the page may change it. */
type Place = Pick<LottieItem, "currentRawFrame" | "isPaused" | "frameModifier" | "totalFrames" | "firstFrame" | "loop">;

/** Where it is at a time: a frame, after so many times around. */
interface Played {
  readonly frame: number;
  readonly rounds: number;
  readonly isOver: boolean;
}

/** One animation of lottie-web, brought to times instead of being advanced by what has passed. */
export class DrivenLottie {
  readonly #item: LottieItem;
  readonly #advance: (ms: number) => void;
  /** Its place, and how often it had been around, at a time: from there on it plays undisturbed. */
  #from: { readonly ms: number; readonly place: Place; readonly rounds: number } | null = null;
  /** Its place as it was left. */
  #left: Place | null = null;
  /** When it came, in milliseconds since the start of the composition. Loading takes no time. */
  readonly #firstMs: number;
  #lastMs: number;
  #rounds = 0;
  #isOver = false;
  #wasDisturbed = false;
  #hasWaited = false;

  constructor(item: LottieItem, now: AdapterTime) {
    this.#item = item;
    this.#advance = item.advanceTime.bind(item);
    this.#firstMs = this.#lastMs = now.seconds * 1000;
    // The library's own loop may have one more turn to come.
    item.advanceTime = () => {};
  }

  /** Whether going back would not undo what it did: what its page does at its events, or between them. */
  get isSequential(): boolean {
    const { _cbs: listeners, onComplete, onLoopComplete, segments } = this.#item;
    const isHeard: boolean = [listeners?.["complete"], listeners?.["loopComplete"]].some((list) => (list?.length ?? 0) > 0);
    return this.#wasDisturbed || isHeard || Boolean(onComplete ?? onLoopComplete) || segments.length > 0;
  }

  get name(): string {
    const { name, path, fileName } = this.#item;
    return fileName === undefined ? `"${name}"` : `${path}${fileName}.json`;
  }

  /** Waits for its file and its pictures, once; says whether they are there. */
  async loaded(): Promise<boolean> {
    const deadline: number = realTime.now() + LOADING_MS;
    while (!this.#isLoaded() && !this.#hasWaited && realTime.now() < deadline) {
      // It looks for fonts by timers, and these wait for us.
      if (this.#item.renderer?.globalData.fontManager?.isLoaded === false) break;
      await new Promise<void>((resolve) => realTime.setTimeout(resolve, POLL_MS));
    }
    this.#hasWaited = true;
    return this.#isLoaded();
  }

  seek({ seconds }: AdapterTime): void {
    const item: LottieItem = this.#item;
    const nowMs: number = seconds * 1000;
    if (!item.isLoaded || item.renderer === null) return;
    if (this.#from === null) this.#start(this.#firstMs);
    else if (!isSame(this.#left!, item)) {
      // The page played with it: like the library, count from the frame before.
      this.#wasDisturbed = true;
      this.#start(Math.min(this.#lastMs, nowMs));
    }
    if (item.segments.length > 0) this.#advanceTo(nowMs);
    else if (!item.isPaused || this.#isOver) this.#show(nowMs);
    this.#left = placeOf(item);
    this.#lastMs = nowMs;
  }

  /** When it ends, in seconds of the composition; null where it does not. */
  endSeconds(): number | null {
    const { loop, totalFrames, frameModifier, isPaused, autoplay, isLoaded } = this.#item;
    if (loop === true || (isPaused && !this.#isOver && (isLoaded || !autoplay)) || !Number.isFinite(totalFrames / frameModifier))
      return null;
    const fromMs: number = this.#from?.ms ?? this.#firstMs;
    return (fromMs + (totalFrames * (1 + Number(loop))) / Math.abs(frameModifier)) / 1000;
  }

  #isLoaded(): boolean {
    return this.#item.isLoaded && (this.#item.imagePreloader?.loadedImages() ?? true);
  }

  #start(ms: number): void {
    this.#from = { ms, place: placeOf(this.#item), rounds: this.#item.playCount };
    this.#rounds = this.#item.playCount;
    this.#isOver = false;
  }

  #show(ms: number): void {
    const item: LottieItem = this.#item;
    const { ms: fromMs, place, rounds: fromRounds } = this.#from!;
    const played: Played = placeAfter(place, fromRounds, ms - fromMs);
    const [wasOver, wereRounds] = [this.#isOver, this.#rounds];
    this.#isOver = played.isOver;
    this.#rounds = item.playCount = played.rounds;
    if (wasOver && !played.isOver) item.play();
    if (played.frame !== item.currentRawFrame) item.setCurrentRawFrameValue(played.frame);
    if (played.rounds > wereRounds) item.trigger("loopComplete");
    if (!played.isOver || wasOver) return;
    item.pause();
    this.#left = placeOf(item);
    item.trigger("complete");
  }

  /** The way of the library itself, where what comes next is not known from one place alone. */
  #advanceTo(ms: number): void {
    this.#advance(ms - this.#lastMs);
    this.#start(ms);
  }
}

/** @param rounds how often it had been around before */
function placeAfter({ currentRawFrame, frameModifier, totalFrames, loop }: Place, rounds: number, ms: number): Played {
  const frame: number = currentRawFrame + ms * frameModifier;
  const turns: number = Math.floor(frame / totalFrames);
  if (frameModifier >= 0) {
    const turnsLeft: number = loop === true ? Infinity : Math.max(0, Number(loop) - rounds);
    // The last time around it stops where its last frame begins.
    const isOver: boolean = frame >= turnsLeft * totalFrames + totalFrames - 1;
    if (isOver) return { frame: totalFrames - 1, rounds: rounds + turnsLeft, isOver };
    return { frame: frame - turns * totalFrames, rounds: rounds + turns, isOver };
  }
  if (frame >= 0) return { frame, rounds, isOver: false };
  if (loop === true) return { frame: frame - turns * totalFrames, rounds, isOver: false };
  const turnsBack: number = loop === false ? 0 : rounds;
  const isOver: boolean = -turns > turnsBack;
  return isOver ? { frame: 0, rounds: rounds - turnsBack, isOver } : { frame: frame - turns * totalFrames, rounds: rounds + turns, isOver };
}

function placeOf({ currentRawFrame, isPaused, frameModifier, totalFrames, firstFrame, loop }: LottieItem): Place {
  return { currentRawFrame, isPaused, frameModifier, totalFrames, firstFrame, loop };
}

function isSame(left: Place, { currentRawFrame, isPaused, frameModifier, totalFrames, firstFrame, loop }: LottieItem): boolean {
  return (
    left.currentRawFrame === currentRawFrame &&
    left.isPaused === isPaused &&
    left.frameModifier === frameModifier &&
    left.totalFrames === totalFrames &&
    left.firstFrame === firstFrame &&
    left.loop === loop
  );
}
