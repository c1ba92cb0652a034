import { SAMPLE_RATE } from "./sound.ts";

/** The sample that is heard at a time: of each channel, counted from the beginning of the video, or of a file. */
export function samplesAt(seconds: number): number {
  return Math.round(seconds * SAMPLE_RATE);
}

/** Samples `[first, end)`. */
export interface SampleRange {
  readonly first: number;
  readonly end: number;
}

/** Where a clip lies in the video; it may begin before it, and end after it. What follows it to the moment follows to the sample. */
export function rangeOf({ start, duration }: { readonly start: number; readonly duration: number }): SampleRange {
  return { first: samplesAt(start), end: samplesAt(start + duration) };
}

/** The pieces of a file that are heard one after the other in `range` of it: from the end of a loop they go on at its beginning. */
export function loopedRanges({ first, end }: SampleRange, loop: SampleRange | null): SampleRange[] {
  if (loop === null || loop.end <= loop.first) return [{ first, end }];
  const pieces: SampleRange[] = [];
  let left: number = end - first;
  let at: number = first < loop.end ? first : loop.first + ((first - loop.end) % (loop.end - loop.first));
  while (left > 0) {
    const length: number = Math.min(left, loop.end - at);
    pieces.push({ first: at, end: at + length });
    left -= length;
    at = loop.first;
  }
  return pieces;
}
