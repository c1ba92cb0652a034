import type { PictureMemory } from "./feed.ts";

/** A decoded picture that a feed keeps, and what it takes of the page's memory. Whoever has it closes it, once. */
export class HeldFrame {
  readonly frame: VideoFrame;
  readonly timestampUs: number;
  /** It lies within the page's budget; what the decoder gives beyond that is kept all the same, but no more is decoded ahead. */
  readonly isCounted: boolean;
  readonly #memory: PictureMemory;
  readonly #byteLength: number;

  constructor(frame: VideoFrame, memory: PictureMemory) {
    this.frame = frame;
    this.timestampUs = frame.timestamp;
    this.#memory = memory;
    this.#byteLength = frameBytes(frame);
    this.isCounted = memory.take(this.#byteLength);
    if (!this.isCounted) memory.count("rejection");
  }

  close(): void {
    this.frame.close();
    if (this.isCounted) this.#memory.give(this.#byteLength);
  }
}

/** What a picture takes; one that lies in memory of the graphics card as it is, with four bytes a pixel. */
function frameBytes(frame: VideoFrame): number {
  return frame.format === null ? frame.codedWidth * frame.codedHeight * 4 : frame.allocationSize();
}
