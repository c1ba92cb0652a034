import * as v from "valibot";
import { defaultComposition, type CompositionSettings } from "./capture.ts";
import type { Container, Quality } from "./encoder.ts";
import { durationInvalid, fileUrlGiven, jobInvalid, sizeInvalid } from "./errors.ts";
import type { Size } from "./frame.ts";
import { parseFrameRate, type FrameRate, type FrameRateInput } from "./frame-rate.ts";
import { addressesOf, type NetworkAccess } from "./network.ts";

/** What shall be rendered. JSON. */
export interface RenderJob {
  /** Path of an HTML file, or a URL with http:// or https://. */
  readonly page: string;
  /** Path of the video. The extension names the container: .mp4. */
  readonly output: string;
  /** Pixels; the page's own width unless said, and 1920 where it names none. With `height`. */
  readonly width?: number;
  /** Pixels; the page's own height unless said, and 1080 where it names none. With `width`. */
  readonly height?: number;
  /** Frames a second; the page's own rate unless said, and 30 where it names none. */
  readonly frameRate?: FrameRateInput;
  /** Seconds; the page's own duration unless said, and the end of its last animation where it names none. */
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
  /**
   * What the page may reach, for pages that you did not write: `all` unless said; `same-origin`, its own origin; `none`, the
   * files beside a page of this host, or nothing but the one document of a page of the network; a list of hosts
   * (`cdn.example.com`, `*.example.com`, `localhost:3000`) and origins besides its own. What is refused becomes a warning.
   */
  readonly network?: NetworkAccess;
  /** IANA name of the time zone that the page's dates are shown in, such as "Europe/Berlin"; "UTC" unless said. */
  readonly timeZone?: string;
  /** BCP 47 name of the language that the page is asked to speak, such as "de-DE"; "en-US" unless said. */
  readonly locale?: string;
  /** Seeds the page's `Math.random` and `crypto.getRandomValues`, from 0 to 4294967295; 0 unless said. */
  readonly seed?: number;
  /** What the page's clock shows at the start of the video, such as "2025-01-01T00:00:00Z", which it is unless said. */
  readonly startDate?: string;
  /** A composition inside the page to render alone: a selector such as "#intro", or the name of its file. */
  readonly entry?: string;
  /** Values for the page's variables, over the defaults that it declares. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Adapters besides the built-in ones: JavaScript expressions that give an `Adapter`, which run in the page before its scripts. */
  readonly adapters?: readonly string[];
  /** Ends the render at the first warning, with the code `warning-raised`. */
  readonly strict?: boolean;
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
  /** Null where the page's own counts. */
  readonly size: Size | null;
  readonly frameRate: FrameRate | null;
  readonly duration: number | null;
  readonly container: Container;
  readonly quality: Quality;
  readonly capture: string | null;
  readonly encoder: string | null;
  readonly crossOrigin: "paint" | "omit";
  readonly network: NetworkAccess;
  readonly timeZone: string;
  readonly locale: string;
  readonly composition: CompositionSettings;
  readonly strict: boolean;
  readonly readinessTimeoutMs: number;
  readonly captureTimeoutMs: number;
  readonly inactivityTimeoutMs: number;
}

const presets: readonly string[] = ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];
const LARGEST_SIDE = 16384;

const HOSTS_WANTED =
  'must be a host such as "cdn.example.com", "*.example.com" or "localhost:3000", or an origin such as "https://example.com"';

const text = v.pipe(v.string("must be text"), v.minLength(1, "must not be empty"));
const milliseconds = v.pipe(
  v.number("must be a number of milliseconds"),
  v.finite("must be finite"),
  v.minValue(1, "must be at least 1 ms"),
);
const schema = v.strictObject({
  page: text,
  output: text,
  width: v.optional(v.number("must be a number of pixels")),
  height: v.optional(v.number("must be a number of pixels")),
  frameRate: v.optional(v.unknown()),
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
  network: v.optional(
    v.union(
      [
        v.picklist(["all", "same-origin", "none"]),
        v.array(
          v.pipe(
            v.string(),
            v.check((entry) => addressesOf(entry) !== null, HOSTS_WANTED),
          ),
        ),
      ],
      `must be "all", "same-origin", "none" or a list; each entry ${HOSTS_WANTED}`,
    ),
    "all",
  ),
  timeZone: v.optional(v.pipe(text, v.check(isTimeZone, 'must be an IANA time zone such as "Europe/Berlin" or "UTC"')), "UTC"),
  locale: v.optional(v.pipe(text, v.check(isLocale, 'must be a language tag such as "en-US" or "de"')), "en-US"),
  seed: v.optional(
    v.pipe(
      v.number("must be a whole number"),
      v.integer("must be a whole number"),
      v.minValue(0, "must be 0 to 4294967295"),
      v.maxValue(4294967295, "must be 0 to 4294967295"),
    ),
    defaultComposition.seed,
  ),
  startDate: v.optional(
    v.pipe(
      v.string("must be text"),
      v.check((date) => !Number.isNaN(Date.parse(date)), 'must be a date such as "2025-01-01T00:00:00Z"'),
    ),
    new Date(defaultComposition.startDateMs).toISOString(),
  ),
  entry: v.optional(text),
  variables: v.optional(v.record(v.string(), v.unknown(), "must be an object of values"), {}),
  adapters: v.optional(
    v.array(
      v.pipe(text, v.check(isExpression, "must be a JavaScript expression that gives an adapter")),
      "must be a list of JavaScript expressions",
    ),
    [],
  ),
  strict: v.optional(v.boolean("must be true or false"), false),
  readinessTimeoutMs: v.optional(milliseconds, 15_000),
  captureTimeoutMs: v.optional(milliseconds, 60_000),
  inactivityTimeoutMs: v.optional(milliseconds, 600_000),
});

/**
 * Reads a job that may come from anywhere.
 *
 * @throws RenderError `job-invalid`, `page-not-found`, `size-invalid`, `frame-rate-invalid`, `duration-invalid`
 */
export function parseJob(input: unknown): ParsedJob {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) throw jobInvalid(parsed.issues.map(describeIssue));
  const job = parsed.output;
  if (job.quality.crf !== undefined && job.quality.bitrate !== undefined) {
    throw jobInvalid([`quality.crf (${job.quality.crf}) and quality.bitrate (${job.quality.bitrate}) exclude one another; give one`]);
  }
  if (/^file:/i.test(job.page)) throw fileUrlGiven(job.page);
  return {
    page: job.page,
    output: job.output,
    size: askedSize(job.width, job.height),
    frameRate: job.frameRate === undefined ? null : parseFrameRate(job.frameRate as FrameRateInput),
    duration: job.duration === undefined ? null : checkedDuration(job.duration, "job"),
    container: containerOf(job.output),
    quality: withoutUndefined(job.quality),
    capture: job.capture ?? null,
    encoder: job.encoder ?? null,
    crossOrigin: job.crossOrigin as "paint" | "omit",
    network: job.network as NetworkAccess,
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
    inactivityTimeoutMs: job.inactivityTimeoutMs,
  };
}

/** @throws RenderError `duration-invalid` */
export function checkedDuration(value: unknown, from: "job" | "page"): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) throw durationInvalid(value, from);
  return value;
}

/** One side alone would leave the other to the page, which may not fit it. */
function askedSize(width: number | undefined, height: number | undefined): Size | null {
  if (width === undefined && height === undefined) return null;
  if (width === undefined || height === undefined)
    throw jobInvalid([
      `width is ${width ?? "not given"} and height is ${height ?? "not given"}; give both, or neither to take the page's own size`,
    ]);
  return checkedSize(width, height);
}

/** @throws RenderError `size-invalid` */
export function checkedSize(width: number, height: number): Size {
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

/** Offsets such as "+01:00" are none: a browser takes names alone. */
function isTimeZone(name: string): boolean {
  return /^[a-z]/i.test(name) && isReadable(() => new Intl.DateTimeFormat("en", { timeZone: name }));
}

function isLocale(tag: string): boolean {
  return isReadable(() => Intl.getCanonicalLocales(tag)) && Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0;
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/** Whether the text can stand in brackets. It is read, never run, here; runtimes that forbid that take any text. */
function isExpression(code: string): boolean {
  try {
    // oxlint-disable-next-line no-new-func, no-implied-eval
    return Boolean(new Function(`return (${code}\n)`));
  } catch (thrown) {
    return !(thrown instanceof SyntaxError);
  }
}

function withoutUndefined(quality: { [Key in keyof Quality]?: Quality[Key] | undefined }): Quality {
  return Object.fromEntries(Object.entries(quality).filter(([, value]) => value !== undefined));
}
