import { supposedMatrix } from "../core/supposed-matrix.ts";

/** What ffmpeg says of the pictures of a file before it decodes any. JSON. */
export interface VideoStream {
  /** ffmpeg's name of the codec, such as "h264". */
  readonly codec: string;
  /** ffmpeg's name of the pixel format, such as "yuv420p10le". */
  readonly pixelFormat: string;
  /** `tv` is limited. */
  readonly range: "tv" | "pc";
  /** As the filter "colorspace" calls it; where the file says nothing, what browsers take it for. */
  readonly matrix: ColorMatrix;
  /** Where the header says so: of its pixels, or beside them, as WebM does. */
  readonly hasAlpha: boolean;
  /** The finest difference that its time stamps can have, in seconds. */
  readonly tickSeconds: number;
}

export type ColorMatrix = "bt709" | "fcc" | "smpte170m" | "smpte240m" | "bt2020ncl";

/** By the names that ffmpeg prints. */
const MATRICES: Readonly<Record<string, ColorMatrix>> = {
  bt709: "bt709",
  fcc: "fcc",
  bt470bg: "smpte170m",
  smpte170m: "smpte170m",
  smpte240m: "smpte240m",
  bt2020nc: "bt2020ncl",
};

/** How ffmpeg begins the lines of streams, before 5.0 further in, and of the duration. What a file says of itself stands beside a key. */
const STREAM = /^(?:\[info\] )? {2}(?: {2})?Stream #0:(\d+)\D/;
const DURATION = /^(?:\[info\] )? {2}Duration: (?:(\d+):(\d+):([\d.]+)|N\/A)(?:, start: (-?[\d.]+))?/m;
/** The coarsest and the finest tick, in seconds. */
const [COARSEST_TICK, FINEST_TICK] = [10, 1e-9] as const;

/**
 * Finds the line of the first video stream, which may look like "Stream #0:0: Video: h264 (High), yuv420p(tv, bt709), 1920x1080".
 * Null where there is none, and where the lines are not those of ffmpeg alone: a key of metadata may hold any text, also a line.
 */
export function parseVideoStream(said: string): VideoStream | null {
  const lines: readonly string[] = inputLines(said);
  if (lines.some((line, at) => Number(STREAM.exec(line)![1]) !== at)) return null;
  // A cover is a stream of its own, and no video.
  const line: string | undefined = lines.find((one) => one.includes(": Video: ") && !one.includes("(attached pic)"));
  const found: RegExpExecArray | null = /: Video: (\w+).*?, (\w+)(?:\(([^)]*)\))?, \d+x(\d+)/.exec(line ?? "");
  if (!found) return null;
  const [, codec, pixelFormat, tags = "", height] = found;
  const words: string[] = tags.split(", ");
  const named: string | undefined = words.map((word) => word.split("/")[0]!).find((word) => Object.hasOwn(MATRICES, word));
  const isFull: boolean = words.includes("pc") || pixelFormat!.startsWith("yuvj");
  return {
    codec: codec!,
    pixelFormat: pixelFormat!,
    range: isFull ? "pc" : "tv",
    matrix: named === undefined ? supposedMatrix(codec!, Number(height)) : MATRICES[named]!,
    hasAlpha: /yuva|rgba|bgra|argb|abgr|gbrap|ya\d/.test(pixelFormat!) || /alpha_mode\s*: 1/i.test(said),
    tickSeconds: tickIn(line!),
  };
}

/** The lines of the streams of the file that is read: what is done with them, and those of an output, follow in either order. */
function inputLines(said: string): string[] {
  const lines: readonly string[] = said.split("\n");
  const end: number = lines.findIndex((line) => /^(?:\[info\] )?(?:Output #0, |Stream mapping:)/.test(line));
  return lines.slice(0, end === -1 ? lines.length : end).filter((line) => STREAM.test(line));
}

/** Ticks a second stand as "1k tbn", "90k tbn" or "15360 tbn"; where they do not, they are taken for those of Matroska. */
function tickIn(line: string): number {
  const [, count = "1", thousands = "k"] = /([\d.]+)(k?) tbn/.exec(line) ?? [];
  const seconds: number = 1 / (Number(count) * (thousands === "" ? 1 : 1000));
  return seconds >= FINEST_TICK && seconds <= COARSEST_TICK ? seconds : 0.001;
}

/** Seconds that the header names: where the file begins, and how long it is; null where it says nothing of it. */
export function parseDuration(said: string): { readonly start: number; readonly duration: number | null } {
  const [, hours, minutes, seconds, start] = DURATION.exec(said) ?? [];
  return {
    start: Number(start ?? 0),
    duration: hours === undefined ? null : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds),
  };
}
