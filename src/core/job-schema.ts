import * as v from "valibot";
import { defaultComposition } from "./capture.ts";
import { presets, type Hardware, type QualityLevel } from "./encoder.ts";
import { jobInvalid } from "./errors.ts";
import { formats, type Container } from "./formats.ts";
import type { RenderJob } from "./job.ts";
import { addressesOf } from "./network.ts";
import { ranges } from "./ranges.ts";

const HOSTS_WANTED =
  'must be a host such as "cdn.example.com", "*.example.com" or "localhost:3000", or an origin such as "https://example.com"';

/** A timer's limit, in seconds. */
const LONGEST_SECONDS: number = Math.floor(ranges.timeoutMs.most / 1000);

const text = v.pipe(v.string("must be text"), v.minLength(1, "must not be empty"));
const milliseconds = v.pipe(
  v.number("must be a number of milliseconds"),
  v.finite("must be finite"),
  v.minValue(ranges.timeoutMs.least, "must be at least 1 ms"),
  v.maxValue(ranges.timeoutMs.most, `must be at most ${ranges.timeoutMs.most} ms, which is 24 days`),
);
const containers = Object.keys(formats) as Container[];
const hardwares: readonly Hardware[] = ["nvenc", "qsv", "vaapi", "videotoolbox"];
const levels: readonly QualityLevel[] = ["draft", "standard", "high", "lossless"];
const qualityWanted = `must be one of ${levels.join(", ")}, or values such as { crf: 18 }`;
const levelSchema = v.picklist(levels, `must be one of ${levels.join(", ")}`);

function whole(wanted: string, least: number, most: number) {
  return v.pipe(v.number(wanted), v.integer(wanted), v.minValue(least, wanted), v.maxValue(most, wanted));
}

const qualitySchema = v.strictObject(
  {
    level: v.optional(levelSchema),
    crf: v.optional(v.pipe(v.number("must be a number"), v.finite("must be finite"))),
    preset: v.optional(v.picklist(presets, `must be one of ${presets.join(", ")}`)),
    bitrate: v.optional(
      v.pipe(
        v.number("must be a number of bits a second"),
        v.finite("must be finite"),
        v.minValue(ranges.bitrate.least, "must be at least 1000 bits a second"),
        v.maxValue(ranges.bitrate.most, `must be at most ${ranges.bitrate.most} bits a second`),
      ),
    ),
    pixelFormat: v.optional(text),
    gop: v.optional(whole("must be a whole number of frames above 0", 1, 100_000)),
  },
  qualityWanted,
);
const schema = v.strictObject({
  page: text,
  output: text,
  width: v.optional(v.number("must be a number of pixels")),
  height: v.optional(v.number("must be a number of pixels")),
  frameRate: v.optional(v.unknown()),
  duration: v.optional(v.unknown()),
  format: v.optional(v.picklist(containers, `must be one of ${containers.join(", ")}`)),
  codec: v.optional(text),
  alpha: v.optional(v.boolean("must be true or false")),
  // Read by its kind: a union of both would only say that neither fits.
  quality: v.optional(
    v.lazy((asked) => (typeof asked === "string" ? levelSchema : qualitySchema)),
    {},
  ),
  timing: v.optional(v.picklist(["constant", "variable"], "must be constant or variable"), "constant"),
  loop: v.optional(whole("must be a whole number of times, 0 to 65535; 0 is for ever", 0, 65535), 0),
  hardware: v.optional(v.picklist(hardwares, `must be one of ${hardwares.join(", ")}`)),
  workers: v.optional(whole("must be a whole number of workers, 1 to 64", 1, 64)),
  segments: v.optional(whole("must be a whole number of segments, 1 to 64", 1, 64), 1),
  streaming: v.optional(
    v.strictObject(
      {
        enabled: v.optional(v.boolean("must be true or false")),
        maxDurationSeconds: v.optional(
          v.pipe(v.number("must be a number of seconds"), v.finite("must be finite"), v.gtValue(0, "must be above 0")),
        ),
        inactivityTimeoutMs: v.optional(milliseconds),
      },
      "must be values such as { enabled: false }",
    ),
    {},
  ),
  sound: v.optional(
    v.strictObject(
      {
        enabled: v.optional(v.boolean("must be true or false")),
        codec: v.optional(v.picklist(["aac", "opus", "flac", "pcm"], "must be aac, opus, flac or pcm")),
        bitrate: v.optional(
          v.pipe(
            v.number("must be a number of bits a second"),
            v.minValue(6_000, "must be 6,000 to 512,000 bits a second"),
            v.maxValue(512_000, "must be 6,000 to 512,000 bits a second"),
          ),
        ),
        loudness: v.optional(
          v.pipe(
            v.number("must be a number of LUFS"),
            v.minValue(-70, "must be -70 to -5 LUFS, such as -14"),
            v.maxValue(-5, "must be -70 to -5 LUFS, such as -14"),
          ),
        ),
      },
      "must be values such as { loudness: -14 }",
    ),
    {},
  ),
  media: v.optional(
    v.strictObject(
      {
        injector: v.optional(text),
        cacheBytes: v.optional(whole("must be a whole number of bytes, at least 1,048,576", 1_048_576, Number.MAX_SAFE_INTEGER)),
      },
      'must be values such as { injector: "webcodecs" }',
    ),
    {},
  ),
  limits: v.optional(
    v.strictObject(
      {
        maxFrames: v.optional(whole("must be a whole number of frames above 0", 1, Number.MAX_SAFE_INTEGER)),
        maxSeconds: v.optional(
          v.pipe(
            v.number("must be a number of seconds"),
            v.finite("must be finite"),
            v.gtValue(0, "must be above 0"),
            v.maxValue(LONGEST_SECONDS, `must be at most ${LONGEST_SECONDS} s, which is 24 days`),
          ),
        ),
        mediaBytes: v.optional(whole("must be a whole number of bytes, at least 0", 0, Number.MAX_SAFE_INTEGER)),
      },
      "must be values such as { maxSeconds: 600 }",
    ),
    {},
  ),
  capture: v.optional(text),
  encoder: v.optional(text),
  crossOrigin: v.optional(v.picklist(["paint", "omit"], "must be paint or omit"), "omit"),
  network: v.optional(
    v.union(
      [
        v.picklist(["all", "public", "same-origin", "none"]),
        v.array(
          v.pipe(
            v.string(),
            v.check((entry) => addressesOf(entry) !== null, HOSTS_WANTED),
          ),
        ),
      ],
      `must be "all", "public", "same-origin", "none" or a list; each entry ${HOSTS_WANTED}`,
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
});

/** A job whose values are of the right kind, with the defaults that depend on nothing else. */
export type ReadJob = RenderJob &
  Required<
    Pick<
      RenderJob,
      | "quality"
      | "timing"
      | "loop"
      | "segments"
      | "streaming"
      | "sound"
      | "media"
      | "limits"
      | "crossOrigin"
      | "network"
      | "timeZone"
      | "locale"
      | "seed"
      | "startDate"
      | "variables"
      | "adapters"
      | "strict"
      | "readinessTimeoutMs"
      | "captureTimeoutMs"
    >
  >;

/** @throws RenderError `job-invalid`, with everything that is wrong */
export function readJob(input: unknown): ReadJob {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) throw jobInvalid(parsed.issues.map(describeIssue));
  return parsed.output as ReadJob;
}

/** One thing that is wrong with a job, in words. */
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
