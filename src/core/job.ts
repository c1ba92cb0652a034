import * as v from "valibot";
import type { Container, Quality } from "./encoder.ts";
import { durationInvalid, jobInvalid, sizeInvalid } from "./errors.ts";
import type { Size } from "./frame.ts";
import { parseFrameRate, type FrameRate, type FrameRateInput } from "./frame-rate.ts";

/** What shall be rendered. JSON. */
export interface RenderJob {
  /** Path of an HTML file, or a URL with http:// or https://. */
  readonly page: string;
  /** Path of the video. The extension names the container: .mp4. */
  readonly output: string;
  /** Pixels; 1920 unless said. */
  readonly width?: number;
  /** Pixels; 1080 unless said. */
  readonly height?: number;
  /** Frames a second; 30 unless said. */
  readonly frameRate?: FrameRateInput;
  /** Seconds; the page's own duration unless said. */
  readonly duration?: number;
  readonly quality?: Quality;
  /** Name of the capture to use; the policy chooses unless said. */
  readonly capture?: string;
  /** Name of the encoder to use; the policy chooses unless said. */
  readonly encoder?: string;
  /**
   * `paint` shows pictures, frames and videos of other origins also in captures that leave them out. It switches the
   * browser's web security off, which lets the page read other origins: only for pages whose author you trust.
   */
  readonly crossOrigin?: "paint" | "omit";
  /** Longest time in milliseconds for the page to become ready; 15,000 unless said. */
  readonly readinessTimeoutMs?: number;
  /** Longest wait in milliseconds for one frame of the page; 60,000 unless said. */
  readonly captureTimeoutMs?: number;
  /** Longest silence in milliseconds of the encoder; 600,000 unless said. There is no limit on the whole. */
  readonly inactivityTimeoutMs?: number;
}

/** A job with every value read and every default filled in. */
export interface ParsedJob {
  readonly page: string;
  readonly output: string;
  readonly size: Size;
  readonly frameRate: FrameRate;
  readonly duration: number | null;
  readonly container: Container;
  readonly quality: Quality;
  readonly capture: string | null;
  readonly encoder: string | null;
  readonly crossOrigin: "paint" | "omit";
  readonly readinessTimeoutMs: number;
  readonly captureTimeoutMs: number;
  readonly inactivityTimeoutMs: number;
}

const presets: readonly string[] = ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];
const LARGEST_SIDE = 16384;

const text = v.pipe(v.string("must be text"), v.minLength(1, "must not be empty"));
const milliseconds = v.pipe(
  v.number("must be a number of milliseconds"),
  v.finite("must be finite"),
  v.minValue(1, "must be at least 1 ms"),
);
const schema = v.strictObject({
  page: text,
  output: text,
  width: v.optional(v.number("must be a number of pixels"), 1920),
  height: v.optional(v.number("must be a number of pixels"), 1080),
  frameRate: v.optional(v.unknown(), 30),
  duration: v.optional(v.unknown()),
  quality: v.optional(
    v.strictObject({
      crf: v.optional(
        v.pipe(v.number("must be a number from 0 to 51"), v.minValue(0, "must be 0 to 51"), v.maxValue(51, "must be 0 to 51")),
      ),
      preset: v.optional(v.picklist(presets, `must be one of ${presets.join(", ")}`)),
      bitrate: v.optional(
        v.pipe(
          v.number("must be a number of bits a second"),
          v.finite("must be finite"),
          v.minValue(1000, "must be at least 1000 bits a second"),
        ),
      ),
    }),
    {},
  ),
  capture: v.optional(text),
  encoder: v.optional(text),
  crossOrigin: v.optional(v.picklist(["paint", "omit"], "must be paint or omit"), "omit"),
  readinessTimeoutMs: v.optional(milliseconds, 15_000),
  captureTimeoutMs: v.optional(milliseconds, 60_000),
  inactivityTimeoutMs: v.optional(milliseconds, 600_000),
});

/**
 * Reads a job that may come from anywhere.
 *
 * @throws RenderError `job-invalid`, `size-invalid`, `frame-rate-invalid`, `duration-invalid`
 */
export function parseJob(input: unknown): ParsedJob {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) throw jobInvalid(parsed.issues.map(describeIssue));
  const job = parsed.output;
  if (job.quality.crf !== undefined && job.quality.bitrate !== undefined) {
    throw jobInvalid([`quality.crf (${job.quality.crf}) and quality.bitrate (${job.quality.bitrate}) exclude one another; give one`]);
  }
  return {
    page: job.page,
    output: job.output,
    size: checkedSize(job.width, job.height),
    frameRate: parseFrameRate(job.frameRate as FrameRateInput),
    duration: job.duration === undefined ? null : checkedDuration(job.duration, "job"),
    container: containerOf(job.output),
    quality: withoutUndefined(job.quality),
    capture: job.capture ?? null,
    encoder: job.encoder ?? null,
    crossOrigin: job.crossOrigin as "paint" | "omit",
    readinessTimeoutMs: job.readinessTimeoutMs,
    captureTimeoutMs: job.captureTimeoutMs,
    inactivityTimeoutMs: job.inactivityTimeoutMs,
  };
}

/** @throws RenderError `duration-invalid` */
export function checkedDuration(value: unknown, from: "job" | "page"): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) throw durationInvalid(value, from);
  return value;
}

function checkedSize(width: number, height: number): Size {
  const sides: readonly number[] = [width, height];
  if (!sides.every((side) => Number.isInteger(side) && side > 0)) throw sizeInvalid(width, height, "both must be whole numbers above 0");
  if (sides.some((side) => side > LARGEST_SIDE)) throw sizeInvalid(width, height, `neither may be above ${LARGEST_SIDE}`);
  if (sides.some((side) => side % 2 !== 0)) {
    const even: string = sides.map((side) => side + (side % 2)).join("×");
    throw sizeInvalid(width, height, `H.264 with 4:2:0 colour needs an even width and height; use ${even}`);
  }
  return { width, height };
}

function containerOf(output: string): Container {
  if (output.toLowerCase().endsWith(".mp4")) return "mp4";
  throw jobInvalid([`output "${output}" has no extension that names a known container; use .mp4`]);
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path: string = v.getDotPath(issue) ?? "the job";
  if (issue.type === "strict_object" && issue.expected === "never") return `${path} is no option of a job`;
  return `${path} is ${issue.received}: ${issue.message}`;
}

function withoutUndefined(quality: { [Key in keyof Quality]?: Quality[Key] | undefined }): Quality {
  return Object.fromEntries(Object.entries(quality).filter(([, value]) => value !== undefined));
}
