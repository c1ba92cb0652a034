import type { Size } from "../core/frame.ts";
import { ranges } from "../core/ranges.ts";
import { decimalArgument, integerArgument, sizeArgument, wordArgument } from "./argument.ts";
import { passthroughArguments, type FfmpegBuild } from "./build.ts";
import { mediaInput } from "./media-input.ts";
import type { ColorMatrix, VideoStream } from "./video-stream.ts";

/** As what pictures leave ffmpeg: encoded, or as raw pixels. */
export type PictureType = "image/jpeg" | "image/png" | "rgba";

export interface PictureRequest {
  readonly path: string;
  readonly stream: VideoStream;
  /** As they are shown: upright, with square pixels. */
  readonly size: Size;
  readonly hasAlpha: boolean;
  readonly type: PictureType;
  /** Of the first that is wanted, in microseconds of the file's own time stamps. */
  readonly startUs: number;
  /** From where to decode; null for the beginning of the file. */
  readonly seekUs: number | null;
  /** How many it decodes with; 0 leaves it to ffmpeg. */
  readonly threads: number;
}

/**
 * The arguments of an ffmpeg that writes the pictures from a time on to its standard output, one behind the other, and a line of the
 * muxer "framecrc" for each to pipe 3: the line first, so that its reader knows how many bytes follow.
 */
export function pictureArguments(request: PictureRequest, build: Pick<FfmpegBuild, "release">): readonly string[] {
  const { path, stream, hasAlpha, seekUs, type, threads } = request;
  return [
    ...["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-copyts"],
    // Time stamps as the file has them, and every picture from the key frame on: the filter "trim" leaves out exactly those before.
    ...(seekUs === null ? [] : ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", seconds(seekUs)]),
    ...decoderArguments(stream, hasAlpha),
    ...["-threads", integerArgument(threads, ranges.threads, "the number of threads")],
    ...mediaInput(path),
    ...["-map", "0:V:0", "-vf", filters(request).join(",")],
    ...passthroughArguments(build),
    // Unless told, releases differ in how finely an encoder counts time.
    ...["-enc_time_base", "1/1000000", ...encoders[wordArgument(type, Object.keys(encoders), "the type of pictures")]],
    ...["-f", "tee", `[f=framecrc:flush_packets=1]pipe\\:3|[f=${type === "rgba" ? "rawvideo" : "image2pipe"}]pipe\\:1`],
  ];
}

const encoders: Readonly<Record<PictureType, readonly string[]>> = {
  // Measured on films of 1080p: 50 dB in each plane, for 60 to 190 KB; 1 gives 53 dB for half as much again.
  "image/jpeg": ["-c:v", "mjpeg", "-q:v", "2"],
  // The fastest that still makes pictures smaller; "up" needs less time than the others, and no more bytes.
  "image/png": ["-c:v", "png", "-compression_level", "1", "-pred", "up"],
  rgba: ["-c:v", "rawvideo"],
};

/** ffmpeg's own decoders of VP8 and VP9 leave the transparency out. */
function decoderArguments({ codec }: VideoStream, hasAlpha: boolean): readonly string[] {
  if (!hasAlpha) return [];
  if (codec === "vp9") return ["-c:v", "libvpx-vp9"];
  return codec === "vp8" ? ["-c:v", "libvpx"] : [];
}

const EXACT = "flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int";
/** As the filter "scale" calls them. */
const SCALE_MATRICES: Readonly<Record<ColorMatrix, string>> = {
  bt709: "bt709",
  fcc: "fcc",
  smpte170m: "bt601",
  smpte240m: "smpte240m",
  bt2020ncl: "bt2020",
};

function filters({ stream, size, type, startUs }: PictureRequest): readonly string[] {
  const trim = `trim=start=${seconds(startUs)}`;
  const scale = `scale=${sizeArgument(size, ":")}`;
  if (type === "image/jpeg") return [trim, ...jpegFilters(stream, scale)];
  const from = isRgb(stream) ? "" : `in_color_matrix=${SCALE_MATRICES[matrixOf(stream)]}:in_range=${rangeOf(stream)}:`;
  // Newer builds write the colours of the film into a PNG, and browsers would convert them once more.
  return [trim, `${scale}:${from}${EXACT}`, "format=rgba", "setparams=color_primaries=unknown:color_trc=unknown"];
}

/**
 * JPEG is BT.601 in full range by definition (JFIF). The filter "colorspace" converts between matrices in a quarter of the time
 * that "scale" takes, and closer.
 */
function jpegFilters(stream: VideoStream, scale: string): readonly string[] {
  const [matrix, range] = [matrixOf(stream), rangeOf(stream)];
  if (isRgb(stream)) return [`${scale}:out_color_matrix=bt601:out_range=pc:${EXACT}`, "format=yuvj444p"];
  // Colour that the file has at half the resolution is kept so; more of it would be made up.
  const chroma: string = isHalved(stream) ? "420" : "444";
  const kept = "primaries=bt709:trc=bt709";
  return [
    `${scale}:in_range=${range}:out_range=${range}:flags=bicubic+accurate_rnd`,
    `format=yuv${chroma}p${depthOf(stream)}`,
    `colorspace=ispace=${matrix}:irange=${range}:iprimaries=bt709:itrc=bt709:space=smpte170m:range=pc:${kept}:format=yuv${chroma}p`,
    `format=yuvj${chroma}p`,
  ];
}

function isRgb({ pixelFormat }: VideoStream): boolean {
  return /rgb|bgr|gbr|pal8/.test(pixelFormat);
}

function isHalved({ pixelFormat }: VideoStream): boolean {
  return /^(?:yuva?j?420p|nv12|nv21|p01[0-6])/.test(pixelFormat);
}

/** What "colorspace" takes beside 8 bits. */
function depthOf({ pixelFormat }: VideoStream): "" | "10" | "12" {
  const bits = Number(/(?:p|p0)(9|10|12|14|16)(?:le|be)$/.exec(pixelFormat)?.[1] ?? 8);
  return bits === 8 ? "" : bits <= 10 ? "10" : "12";
}

/** What is known of a stream may come from a file of an earlier render. */
function matrixOf({ matrix }: VideoStream): ColorMatrix {
  return wordArgument(matrix, Object.keys(SCALE_MATRICES), "the colour matrix");
}

function rangeOf({ range }: VideoStream): "tv" | "pc" {
  return wordArgument(range, ["tv", "pc"], "the colour range");
}

function seconds(us: number): string {
  return decimalArgument(us / 1_000_000, ranges.fileSeconds, "the time");
}
