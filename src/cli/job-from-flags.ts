import { basename, extname, resolve } from "node:path";
import { formats, type Container } from "../core/formats.ts";
import type { ParsedJob, RenderJob } from "../core/job.ts";
import { parseJob } from "../core/parse-job.ts";

/** Options of `framewright render` as they were typed. */
export interface JobFlags {
  readonly output?: string;
  readonly fps?: string;
  readonly width?: string;
  readonly height?: string;
  readonly duration?: string;
  readonly format?: string;
  readonly codec?: string;
  readonly alpha?: boolean;
  readonly quality?: string;
  readonly crf?: string;
  readonly preset?: string;
  readonly bitrate?: string;
  readonly pixelFormat?: string;
  readonly gop?: string;
  readonly timing?: string;
  readonly loop?: string;
  readonly hardware?: string;
  readonly workers?: string;
  readonly segments?: string;
  /** False where --no-streaming was typed. */
  readonly streaming?: boolean;
  /** False where --no-sound was typed. */
  readonly sound?: boolean;
  readonly soundCodec?: string;
  readonly soundBitrate?: string;
  readonly loudness?: string;
  readonly injector?: string;
  /** Megabytes. */
  readonly cacheSize?: string;
  readonly maxFrames?: string;
  readonly maxSeconds?: string;
  /** Megabytes. */
  readonly maxMedia?: string;
  readonly capture?: string;
  readonly encoder?: string;
  readonly crossOrigin?: string;
  readonly network?: string;
  readonly timeZone?: string;
  readonly locale?: string;
  readonly seed?: string;
  readonly startDate?: string;
  readonly entry?: string;
  readonly variables?: string;
  readonly adapters?: readonly string[];
  readonly strict?: boolean;
  readonly readinessTimeout?: string;
  readonly captureTimeout?: string;
  readonly inactivityTimeout?: string;
}

export interface TypedJob {
  readonly job: RenderJob;
  readonly parsed: ParsedJob;
}

/**
 * Puts the job together. Values go to `parseJob` as they were typed where they are no numbers: it tells what is wrong.
 *
 * @throws RenderError `job-invalid`, `size-invalid`, `frame-rate-invalid`, `duration-invalid`
 */
export function jobFromFlags(page: string, flags: JobFlags): TypedJob {
  const job = {
    page,
    output: flags.output ?? defaultOutput(page, flags.format),
    width: numberFrom(flags.width),
    height: numberFrom(flags.height),
    frameRate: flags.fps,
    duration: numberFrom(flags.duration),
    format: flags.format,
    codec: flags.codec,
    alpha: flags.alpha,
    quality: {
      level: flags.quality,
      crf: numberFrom(flags.crf),
      preset: flags.preset,
      bitrate: numberFrom(flags.bitrate),
      pixelFormat: flags.pixelFormat,
      gop: numberFrom(flags.gop),
    },
    timing: flags.timing,
    loop: numberFrom(flags.loop),
    hardware: flags.hardware,
    workers: numberFrom(flags.workers),
    segments: numberFrom(flags.segments),
    streaming: { enabled: flags.streaming, inactivityTimeoutMs: numberFrom(flags.inactivityTimeout) },
    sound: {
      enabled: flags.sound,
      codec: flags.soundCodec,
      bitrate: numberFrom(flags.soundBitrate),
      loudness: numberFrom(flags.loudness),
    },
    media: { injector: flags.injector, cacheBytes: megabytesFrom(flags.cacheSize) },
    limits: { maxFrames: numberFrom(flags.maxFrames), maxSeconds: numberFrom(flags.maxSeconds), mediaBytes: megabytesFrom(flags.maxMedia) },
    capture: flags.capture,
    encoder: flags.encoder,
    crossOrigin: flags.crossOrigin,
    network: networkFrom(flags.network),
    timeZone: flags.timeZone,
    locale: flags.locale,
    seed: numberFrom(flags.seed),
    startDate: flags.startDate,
    entry: flags.entry,
    variables: variablesFrom(flags.variables),
    adapters: flags.adapters,
    strict: flags.strict,
    readinessTimeoutMs: numberFrom(flags.readinessTimeout),
    captureTimeoutMs: numberFrom(flags.captureTimeout),
  };
  return { parsed: parseJob(job), job: job as RenderJob };
}

/** The page's name with the format's extension, in the current folder; without one for a folder of pictures. */
export function defaultOutput(page: string, format = "mp4"): string {
  const { kind, extension } = formats[format as Container] ?? formats.mp4;
  return `${pageName(page)}${kind === "sequence" ? "" : extension}`;
}

function pageName(page: string): string {
  if (!URL.canParse(page) || !/^https?:/i.test(page)) return withoutExtension(basename(resolve(page)));
  const { pathname, hostname } = new URL(page);
  const last: string | undefined = pathname.split("/").findLast((part) => part !== "");
  return last === undefined ? hostname : withoutExtension(last);
}

function withoutExtension(name: string): string {
  return name.slice(0, name.length - extname(name).length) || "video";
}

/** A word, or hosts with commas between them. */
function networkFrom(typed: string | undefined): string | string[] | undefined {
  if (typed === undefined || ["all", "public", "same-origin", "none"].includes(typed)) return typed;
  return typed.split(",").map((host) => host.trim());
}

/** JSON; what is none goes on as it was typed. */
function variablesFrom(typed: string | undefined): unknown {
  if (typed === undefined) return undefined;
  try {
    return JSON.parse(typed) as unknown;
  } catch {
    return typed;
  }
}

function megabytesFrom(typed: string | undefined): number | string | undefined {
  const value = numberFrom(typed);
  return typeof value === "number" ? Math.round(value * 2 ** 20) : value;
}

function numberFrom(typed: string | undefined): number | string | undefined {
  if (typed === undefined || typed.trim() === "") return typed;
  const value = Number(typed);
  return Number.isNaN(value) ? typed : value;
}
