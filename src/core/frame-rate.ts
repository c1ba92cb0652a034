import { frameRateInvalid, limitExceeded } from "./errors.ts";
import { isIntegerWithin, isWithinRange, ranges } from "./ranges.ts";

/** Frames a second as an exact fraction: 30000/1001 is not 29.97. Both whole and positive, in lowest terms. */
export interface FrameRate {
  readonly numerator: number;
  readonly denominator: number;
}

/** What a person may write for a frame rate: 30, 29.97, "30", "30000/1001", or the fraction itself. */
export type FrameRateInput = number | string | FrameRate;

/** Half-open: `start` is in the range, `end` is not. */
export interface FrameRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a frame rate exactly. The decimal spellings of the NTSC rates (23.976, 29.97, 59.94, 119.88) mean their fractions over 1001.
 *
 * @throws RenderError `frame-rate-invalid`
 */
export function parseFrameRate(input: FrameRateInput): FrameRate {
  if (typeof input === "object" && input !== null) return reduced(input.numerator, input.denominator, input);
  if (typeof input === "string") {
    const fraction = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(input);
    if (fraction) return reduced(Number(fraction[1]), Number(fraction[2]), input);
    if (!/^\s*\d+(\.\d+)?\s*$/.test(input)) throw frameRateInvalid(input);
  }
  const value = Number(input);
  if (!Number.isFinite(value) || value <= 0) throw frameRateInvalid(input);
  if (Number.isInteger(value)) return reduced(value, 1, input);
  const ntsc: number = Math.ceil(value) * 1000;
  if (Math.abs(ntsc / 1001 - value) < 0.005) return reduced(ntsc, 1001, input);
  return reduced(Math.round(value * 1000), 1000, input);
}

function reduced(numerator: number, denominator: number, input: unknown): FrameRate {
  const isFraction: boolean = Number.isSafeInteger(numerator) && Number.isSafeInteger(denominator) && numerator > 0 && denominator > 0;
  if (!isFraction || !isWithinRange(numerator / denominator, ranges.frameRate)) throw frameRateInvalid(input);
  const divisor: number = greatestCommonDivisor(numerator, denominator);
  const rate: FrameRate = { numerator: numerator / divisor, denominator: denominator / divisor };
  const { frameRatePart } = ranges;
  if (!isIntegerWithin(rate.numerator, frameRatePart) || !isIntegerWithin(rate.denominator, frameRatePart)) throw frameRateInvalid(input);
  return rate;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The fraction as ffmpeg and people write it: "30" or "30000/1001". */
export function formatFrameRate(rate: FrameRate): string {
  return rate.denominator === 1 ? `${rate.numerator}` : `${rate.numerator}/${rate.denominator}`;
}

/** The time of a frame in seconds: the one place where an index becomes a time. */
export function frameTime(index: number, rate: FrameRate): number {
  return (index * rate.denominator) / rate.numerator;
}

/** The same in whole microseconds, as WebCodecs counts. */
export function frameTimestampUs(index: number, rate: FrameRate): number {
  return Math.round((index * rate.denominator * 1_000_000) / rate.numerator);
}

/** Whether `time` lies in the half-open interval `[start, end)`: visibility, video and audio share this one rule. */
export function isWithin(time: number, start: number, end: number): boolean {
  return time >= start && time < end;
}

/**
 * How many frames begin within `[0, durationSeconds)`. A duration that misses a whole number of frames by less than a
 * millionth of one counts as whole: 8.3 s at 30 frames/s are 249 frames, though 8.3 × 30 is 249.00000000000003.
 */
export function frameCountOf(durationSeconds: number, rate: FrameRate): number {
  return Math.ceil((durationSeconds * rate.numerator) / rate.denominator - 1e-6);
}

/**
 * The same, where it is at most what the job's `limits.maxFrames` allows: checked before anything is allocated by it.
 *
 * @throws RenderError `limit-exceeded`
 */
export function limitedFrameCount(durationSeconds: number, rate: FrameRate, maxFrames: number): number {
  const count: number = frameCountOf(durationSeconds, rate);
  if (count <= maxFrames) return count;
  throw limitExceeded("maxFrames", `The video has ${count} frames (${durationSeconds} s at ${formatFrameRate(rate)} frames/s)`, maxFrames);
}
