import type { Frame, Size } from "./frame.ts";
import type { FrameRange, FrameRate } from "./frame-rate.ts";

/** Everything that moves is a range of frames: a captured page, a video file, a folder of images, a drawing function. */
export interface FrameSource {
  /** Null where the end is found only by reading to it. */
  readonly frameCount: number | null;
  readonly frameRate: FrameRate;
  readonly size: Size;
  /** `sequential`: ranges must be read in rising order, by one reader. */
  readonly access: "random" | "sequential";
  /** Frames in order. Leaving the loop releases what it holds. The reader closes each frame. */
  read(range: FrameRange, signal?: AbortSignal): AsyncIterable<Frame>;
}
