import { durationInvalid, fileUrlGiven, jobInvalid, sizeInvalid } from "./errors.ts";
import type { Size } from "./frame.ts";
import { limitedFrameCount, parseFrameRate, type FrameRate } from "./frame-rate.ts";
import type { OutputFormat, ParsedJob } from "./job.ts";
import { holdsOddSides, outputFormat, soundAsked } from "./job-format.ts";
import { readJob, type ReadJob } from "./job-schema.ts";
import { isWithinRange, ranges } from "./ranges.ts";

/** What many programs write to standard output by. */
const STANDARD_OUTPUT = "-";
const NO_STREAMING = 'output is "-", and writing to standard output is not supported; name a file ("./-" for a file of that name)';
const INACTIVITY_TIMEOUT_MS = 600_000;
const MAX_FRAMES = 10_000_000;
const MEDIA_BYTES = 8 * 1024 ** 3;

/**
 * Reads a job that may come from anywhere.
 *
 * @throws RenderError `job-invalid`, `page-not-found`, `size-invalid`, `frame-rate-invalid`, `duration-invalid`, `limit-exceeded`
 */
export function parseJob(input: unknown): ParsedJob {
  const job: ReadJob = readJob(input);
  if (/^file:/i.test(job.page)) throw fileUrlGiven(job.page);
  if (job.output === STANDARD_OUTPUT) throw jobInvalid([NO_STREAMING]);
  const format: OutputFormat = outputFormat(job);
  assertOneWorkerEach(job);
  const frameRate: FrameRate | null = job.frameRate === undefined ? null : parseFrameRate(job.frameRate);
  const duration: number | null = job.duration === undefined ? null : checkedDuration(job.duration, "job");
  const maxFrames: number = job.limits.maxFrames ?? MAX_FRAMES;
  // Where the page decides one of them, its video is checked when it is known.
  if (duration !== null && frameRate !== null) limitedFrameCount(duration, frameRate, maxFrames);
  return {
    page: job.page,
    output: job.output,
    ...format,
    size: askedSize(job.width, job.height, format),
    frameRate,
    duration,
    timing: job.timing,
    loop: job.loop,
    hardware: job.hardware ?? null,
    workers: job.workers ?? null,
    segments: job.segments,
    streaming: { enabled: job.streaming.enabled ?? true, maxDurationSeconds: job.streaming.maxDurationSeconds ?? null },
    sound: soundAsked(job.sound, format),
    media: { injector: job.media.injector ?? null, cacheBytes: job.media.cacheBytes ?? null },
    limits: {
      maxFrames,
      maxSeconds: job.limits.maxSeconds ?? null,
      mediaBytes: job.limits.mediaBytes ?? MEDIA_BYTES,
    },
    capture: job.capture ?? null,
    encoder: job.encoder ?? null,
    crossOrigin: job.crossOrigin,
    network: job.network,
    timeZone: job.timeZone,
    locale: job.locale,
    composition: {
      seed: job.seed,
      startDateMs: Date.parse(job.startDate),
      entry: job.entry ?? null,
      variables: job.variables,
      awaitsDuration: job.duration === undefined,
      adapters: job.adapters,
    },
    strict: job.strict,
    readinessTimeoutMs: job.readinessTimeoutMs,
    captureTimeoutMs: job.captureTimeoutMs,
    inactivityTimeoutMs: job.streaming.inactivityTimeoutMs ?? INACTIVITY_TIMEOUT_MS,
  };
}

/** Each segment has one worker: two different numbers of them cannot both be followed. */
function assertOneWorkerEach({ workers, segments }: ReadJob): void {
  if (segments === 1 || workers === undefined || workers === segments) return;
  throw jobInvalid([`workers is ${workers} and segments is ${segments}, and each segment has one worker; give segments alone`]);
}

/** @throws RenderError `duration-invalid` */
export function checkedDuration(value: unknown, from: "job" | "page"): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) throw durationInvalid(value, from);
  return value;
}

/** One side alone would leave the other to the page, which may not fit it. */
function askedSize(width: number | undefined, height: number | undefined, format: OutputFormat): Size | null {
  if (width === undefined && height === undefined) return null;
  if (width === undefined || height === undefined)
    throw jobInvalid([
      `width is ${width ?? "not given"} and height is ${height ?? "not given"}; give both, or neither to take the page's own size`,
    ]);
  return checkedSize(width, height, format);
}

/** @throws RenderError `size-invalid` */
export function checkedSize(width: number, height: number, format: Pick<OutputFormat, "codec" | "quality">): Size {
  const sides: readonly number[] = [width, height];
  if (!sides.every((side) => Number.isInteger(side) && side > 0)) throw sizeInvalid(width, height, "both must be whole numbers above 0");
  if (!sides.every((side) => isWithinRange(side, ranges.side)))
    throw sizeInvalid(width, height, `neither may be above ${ranges.side.most}`);
  if (!isWithinRange(width * height, ranges.area))
    throw sizeInvalid(width, height, `it has ${width * height} pixels, and may have ${ranges.area.most}`);
  if (sides.some((side) => side % 2 !== 0) && !holdsOddSides(format)) {
    const even: string = sides.map((side) => side + (side % 2)).join("×");
    throw sizeInvalid(width, height, `${format.codec} halves colour, which needs an even width and height; use ${even}`);
  }
  return { width, height };
}
