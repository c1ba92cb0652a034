import type { PageSound } from "../../../core/media.ts";
import type { HeardPiece, HeardScore } from "../../messages.ts";
import type { FrameMaker } from "../frame-maker.ts";
import type { VideoTime } from "../video-time.ts";
import type { Heard } from "./heard.ts";
import { RecordedPieces } from "./recorded-pieces.ts";

/** Hears the whole of a page: where attributes do not say it, by going through all frames without pictures. */
export class Listener {
  readonly #heard: Heard;
  readonly #frames: FrameMaker;
  readonly #time: VideoTime;
  #isListening = false;
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
   * @param sound how it is found out
   * @throws what the page's own `seek` throws
   */
  async listen(frameCount: number, sound: PageSound): Promise<HeardScore | "reload"> {
    if (sound === "none") return { clips: [], pieces: 0 };
    const videoSeconds: number = this.#time.secondsOf(frameCount);
    if (sound === "declared") return { clips: this.#heard.clips(videoSeconds), pieces: 0 };
    if (this.#heard.wasListenedTo || (this.#frames.isSequential && this.#time.index > 0)) return "reload";
    this.#isListening = true;
    this.#heard.listen();
    try {
      await this.#goThrough(frameCount);
      await this.#frames.lastUntil(this.#time.beginMs + videoSeconds * 1000);
      this.#recorded = new RecordedPieces(await this.#heard.made(videoSeconds));
    } finally {
      this.#isListening = false;
    }
    return { clips: this.#heard.clips(videoSeconds), pieces: this.#recorded.count };
  }

  /** One piece of what the page made itself, which is forgotten here. */
  recordedPiece(index: number): HeardPiece {
    return this.#recorded.take(index);
  }

  async #goThrough(frameCount: number): Promise<void> {
    // One that cannot go back shall not make its first frame twice.
    const first: number = this.#frames.isSequential ? this.#time.index + 1 : 0;
    if (first > 0) this.#heard.look();
    for (let index = first; index < frameCount; index++) {
      await this.#frames.make(index);
      this.#heard.look();
    }
  }
}
