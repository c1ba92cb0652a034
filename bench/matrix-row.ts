import type { FrameFormat } from "../src/core/frame.ts";
import type { PhaseTimings } from "../src/core/result.ts";

/** What is shown, as the matrix counts: the classes of the policy, and the cards at four times the pixels. */
export type BenchContent = "motion" | "static" | "canvas" | "webgl" | "text" | "4k";

/** One way through the parts, on one kind of content. JSON. */
export interface MatrixRow {
  readonly content: BenchContent;
  /** What the policy chooses by itself. */
  readonly isDefault: boolean;
  readonly capture: string;
  readonly transport: string | null;
  readonly frameFormat: FrameFormat;
  readonly encoder: string;
  /** What it writes: rows are compared with those that write the same. */
  readonly container: string;
  readonly workers: number;
  readonly frames: number;
  readonly repeats: number;
  /** The best of the rounds, from the call to the file. */
  readonly seconds: number;
  /** The best of the rounds, without the start. */
  readonly framesPerSecond: number;
  readonly cpuSeconds: number;
  readonly peakMemoryBytes: number;
  readonly byteLength: number;
  /** Against the same capture without loss; null where it was not compared. */
  readonly ssim: number | null;
  /** Null where it may be chosen without the picture being worse for it. */
  readonly unsafe: string | null;
  readonly phases: PhaseTimings;
}

/** A way that was tried and did not come to an end. */
export interface FailedRow {
  readonly content: BenchContent;
  readonly way: string;
  readonly reason: string;
}

/** One row in words, such as "html-in-canvas I420 ring-file, ffmpeg-pipe, 1 worker". */
export function wayOf({ capture, frameFormat, transport, encoder, workers }: MatrixRow): string {
  const pixels: string = [capture, frameFormat, ...(transport === null ? [] : [transport])].join(" ");
  return `${pixels}, ${encoder}, ${workers} ${workers === 1 ? "worker" : "workers"}`;
}
