import type { VideoCodec } from "../core/formats.ts";
import type { Size } from "../core/frame.ts";

/** How much is measured of each part. */
export interface Amounts {
  readonly size: Size;
  /** Frames that are taken before the clock starts. */
  readonly warmUpFrames: number;
  /** A capture is measured until that much time has passed, in milliseconds, but over so many frames at least and at most. */
  readonly captureMs: number;
  readonly leastFrames: number;
  readonly mostFrames: number;
  /** Different frames that encoders are given, there and back. */
  readonly keptFrames: number;
  /** Frames of the first of two encodings: the second is longer, and what both cost beside their frames is the same. */
  readonly pilotFrames: number;
  /** About how much processor time the second encoding takes, in milliseconds, and the frames that it has at most. */
  readonly encodeCpuMs: number;
  readonly encodedFrames: number;
  readonly videos: VideoAmounts;
}

/** What is measured of those who feed the videos of a page. */
export interface VideoAmounts {
  readonly codecs: readonly VideoCodec[];
  /** How many a page shows; where that is more than one, a page with one is measured as well, for what does not grow with them. */
  readonly count: number;
  /** Frames of each, all of which are captured. */
  readonly frames: number;
}

export const thorough: Amounts = {
  size: { width: 1920, height: 1080 },
  warmUpFrames: 6,
  captureMs: 1_300,
  leastFrames: 20,
  mostFrames: 60,
  keptFrames: 12,
  pilotFrames: 4,
  encodeCpuMs: 4_000,
  encodedFrames: 48,
  videos: { codecs: ["h264", "vp9", "av1", "hevc"], count: 3, frames: 60 },
};

/** A few frames: enough to see that everything works, and too few for figures to be believed. */
export const quick: Amounts = {
  size: thorough.size,
  warmUpFrames: 1,
  captureMs: 0,
  leastFrames: 2,
  mostFrames: 2,
  keptFrames: 2,
  pilotFrames: 2,
  encodeCpuMs: 0,
  encodedFrames: 6,
  videos: { codecs: ["h264"], count: 1, frames: 6 },
};
