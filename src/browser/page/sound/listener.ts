import type { PageSound } from "../../../core/media.ts";
import type { HeardPiece, HeardScore, HeardSoFar } from "../../messages.ts";
import { realTime } from "../clock/real-time.ts";
import type { FrameMaker } from "../frame-maker.ts";
import type { VideoTime } from "../video-time.ts";
import type { Heard } from "./heard.ts";
import { RecordedPieces } from "./recorded-pieces.ts";

/** How long one step may take beyond its first frame, in milliseconds: then the host hears how far it came. */
const STEP_MS = 500;

/** Hears the whole of a page: where attributes do not say it, by going through all frames without pictures. */
export class Listener {
  readonly #heard: Heard;
  readonly #frames: FrameMaker;
  readonly #time: VideoTime;
  #isListening = false;
  /** The frame that is made next; null before and after. */
  #next: number | null = null;
  #recorded = new RecordedPieces([]);

  constructor(heard: Heard, frames: FrameMaker, time: VideoTime) {
    this.#heard = heard;
    this.#frames = frames;
    this.#time = time;
  }

  /** Nobody sees the frames that are made now. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /**
   * Goes on listening for a while. The first call begins; one that gives a score is the last.
   *
   * @param sound how it is found out
   * @throws what the page's own `seek` throws
   */
  async listen(frameCount: number, sound: PageSound): Promise<HeardScore | HeardSoFar | "reload"> {
    if (sound === "none") return { clips: [], pieces: 0 };
    const videoSeconds: number = this.#time.secondsOf(frameCount);
    if (sound === "declared") return { clips: this.#heard.clips(videoSeconds), pieces: 0 };
    if (this.#next === null && (this.#heard.wasListenedTo || (this.#frames.isSequential && this.#time.index > 0))) return "reload";
    try {
      this.#next ??= this.#begin();
      await this.#goThrough(frameCount);
      if (this.#next < frameCount) return { heardFrames: this.#next };
      await this.#frames.lastUntil(this.#time.beginMs + videoSeconds * 1000);
      this.#recorded = new RecordedPieces(await this.#heard.made(videoSeconds));
    } catch (thrown) {
      this.#end();
      throw thrown;
    }
    this.#end();
    return { clips: this.#heard.clips(videoSeconds), pieces: this.#recorded.count };
  }

  /** One piece of what the page made itself, which is forgotten here. */
  recordedPiece(index: number): HeardPiece {
    return this.#recorded.take(index);
  }

  /** Gives the first frame to make: one that cannot go back must not make its first frame twice. */
  #begin(): number {
    this.#isListening = true;
    this.#heard.listen();
    const first: number = this.#frames.isSequential ? this.#time.index + 1 : 0;
    if (first > 0) this.#heard.look();
    return first;
  }

  #end(): void {
    this.#isListening = false;
    this.#next = null;
  }

  async #goThrough(frameCount: number): Promise<void> {
    const untilMs: number = realTime.now() + STEP_MS;
    for (let index: number = this.#next!; index < frameCount; index++) {
      await this.#frames.make(index);
      this.#heard.look();
      this.#next = index + 1;
      if (realTime.now() >= untilMs) return;
    }
  }
}
