import { frameTime, type FrameRate } from "../../core/frame-rate.ts";
import type { VirtualClock } from "./clock/virtual-clock.ts";

/** The time of a video within that of its page: it begins where loading ended. */
export class VideoTime {
  readonly #clock: VirtualClock;
  readonly #frameRate: FrameRate;
  /** What loading took of the page's own time. */
  #beginMs = 0;
  #index = -1;

  constructor(clock: VirtualClock, frameRate: FrameRate) {
    this.#clock = clock;
    this.#frameRate = frameRate;
  }

  /** The video begins at what the page's time is now. */
  begin(): void {
    this.#beginMs = this.#clock.nowMs;
  }

  /** The frame that is made, or was made last; -1 before the first. */
  get index(): number {
    return this.#index;
  }

  /** The next to be made. */
  set index(index: number) {
    this.#index = index;
  }

  /** What adapters are told: the frame, and how far the page's time is on its way to it. */
  get now(): { readonly seconds: number; readonly milliseconds: number; readonly index: number } {
    const index: number = Math.max(0, this.#index);
    return { seconds: this.secondsOf(index), milliseconds: this.#clock.nowMs, index };
  }

  /** When a frame begins, in seconds of the video. */
  secondsOf(index: number): number {
    return frameTime(index, this.#frameRate);
  }

  /** When a frame begins, in milliseconds of the page's time. */
  pageMsOf(index: number): number {
    const { numerator, denominator } = this.#frameRate;
    return this.#beginMs + (index * denominator * 1000) / numerator;
  }

  /** The page's time at the beginning of the video, in milliseconds. */
  get beginMs(): number {
    return this.#beginMs;
  }
}
