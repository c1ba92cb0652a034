import type { Declared, DeclaredBy, PageFacts } from "./capture.ts";
import { durationMissing, frameRateTooHigh } from "./errors.ts";
import type { Size } from "./frame.ts";
import { formatFrameRate, limitedFrameCount, parseFrameRate, type FrameRate } from "./frame-rate.ts";
import type { ParsedJob } from "./job.ts";
import { checkedDuration, checkedSize } from "./parse-job.ts";

/** A value, and who said it: the job, the page, or nobody. */
export interface Said<Value> {
  readonly value: Value;
  readonly by: "job" | DeclaredBy | "default";
}

/** What the video will be. JSON. */
export interface Video {
  readonly size: Said<Size>;
  readonly frameRate: Said<FrameRate>;
  readonly durationSeconds: Said<number>;
  readonly frameCount: number;
}

const defaultSize: Size = { width: 1920, height: 1080 };
const defaultRate: FrameRate = { numerator: 30, denominator: 1 };
/** GIF counts hundredths of a second. */
const GIF_HIGHEST_RATE = 100;
/** Browsers show pictures of a hundredth of a second for ten of them, as they did when such files were made by mistake. */
const GIF_SHOWN_RATE = 50;

/** What a viewer will not see as the video says it. */
export function rateWarnings({ container }: Pick<ParsedJob, "container">, { frameRate }: Pick<Video, "frameRate">): string[] {
  if (container !== "gif" || framesPerSecond(frameRate.value) <= GIF_SHOWN_RATE) return [];
  return [
    `A GIF of ${formatFrameRate(frameRate.value)} frames/s has pictures of a hundredth of a second, which browsers show for a tenth; ${GIF_SHOWN_RATE} and fewer are shown as they are`,
  ];
}

/** Size and rate as far as the job says them: a page is opened with these, and opened again where it says others. */
export function videoAsked(job: ParsedJob): Pick<Video, "size" | "frameRate"> {
  return { size: said(job.size, null, defaultSize), frameRate: said(job.frameRate, null, defaultRate) };
}

/**
 * What the job says counts before what the page says, and that before what is usual.
 *
 * @throws RenderError `size-invalid`, `frame-rate-invalid`, `duration-invalid`, `duration-missing`, `limit-exceeded`
 */
export function videoOf(job: ParsedJob, page: PageFacts): Video {
  const size: Said<Size> = said(
    job.size,
    checked(page.size, ({ width, height }) => checkedSize(width, height, job)),
    defaultSize,
  );
  const frameRate: Said<FrameRate> = said(job.frameRate, checked(page.frameRate, parseFrameRate), defaultRate);
  if (job.container === "gif" && framesPerSecond(frameRate.value) > GIF_HIGHEST_RATE)
    throw frameRateTooHigh("gif", formatFrameRate(frameRate.value), GIF_HIGHEST_RATE);
  const durationSeconds = said(
    job.duration,
    checked(page.duration, (value) => checkedDuration(value, "page")),
    null,
  );
  if (durationSeconds.value === null) throw durationMissing(page.url);
  return {
    size,
    frameRate,
    durationSeconds: durationSeconds as Said<number>,
    frameCount: limitedFrameCount(durationSeconds.value, frameRate.value, job.limits.maxFrames),
  };
}

function framesPerSecond({ numerator, denominator }: FrameRate): number {
  return numerator / denominator;
}

function said<Value>(ofJob: Value | null, ofPage: Declared<Value> | null, usual: Value): Said<Value> {
  if (ofJob !== null) return { value: ofJob, by: "job" };
  return ofPage ?? { value: usual, by: "default" };
}

function checked<Value, Checked>(declared: Declared<Value> | null, check: (value: Value) => Checked): Declared<Checked> | null {
  return declared && { value: check(declared.value), by: declared.by };
}
