import { cutIntoSegments } from "../pipeline/segments.ts";

/** Frames that are compared in a job; four find a fault of the whole page, and cost less than half a second. */
const CHECKS = 4;

/** How the frames are shared out among those who capture them. */
export interface SharedOut {
  readonly frameCount: number;
  readonly workers: number;
  readonly blockFrames: number;
  readonly segments: number;
}

/**
 * The frames to compare with the reference, rising: some over the whole video, and those that workers begin with, for a page
 * that has just been opened is the one to show nothing yet. Whoever is free takes the next block, so that the first block of a worker
 * that was late is another.
 */
export function framesToCheck({ frameCount, workers, blockFrames, segments }: SharedOut): number[] {
  const starts: readonly number[] =
    segments > 1
      ? cutIntoSegments({ start: 0, end: frameCount }, segments).map(({ start }) => start)
      : Array.from({ length: workers }, (_, block) => block * blockFrames).filter((start) => start < frameCount);
  return [...new Set([...spread(frameCount, CHECKS), ...starts])].sort((one, other) => one - other);
}

/** `count` whole numbers from 0 to `frameCount - 1`, both ends included. */
export function spread(frameCount: number, count: number): number[] {
  if (frameCount <= count) return Array.from({ length: frameCount }, (_, index) => index);
  return Array.from({ length: count }, (_, step) => Math.round((step * (frameCount - 1)) / (count - 1)));
}
