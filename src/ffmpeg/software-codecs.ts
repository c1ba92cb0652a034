import type { EncodeRequest, Quality } from "../core/encoder.ts";
import type { VideoCodec } from "../core/formats.ts";
import { av1Encoders, type FfmpegBuild } from "./build.ts";
import { keyFrameArguments, type CodecChoice, type CodecLack } from "./codec-choice.ts";
import { efforts, jpegQuality, proresProfile, webpQuality, type Effort, type LossyLevel } from "./quality.ts";

type Request = Pick<EncodeRequest, "codec" | "container" | "alpha" | "quality" | "size" | "frameRate">;

/** The encoder in software for a request, and its options. */
export function softwareCodec(request: Request, build: Pick<FfmpegBuild, "release" | "encoders">): CodecChoice | CodecLack {
  return codecTable[request.codec](request, build);
}

const codecTable: Readonly<
  Record<VideoCodec, (request: Request, build: Pick<FfmpegBuild, "release" | "encoders">) => CodecChoice | CodecLack>
> = {
  h264: x264,
  hevc: x265,
  av1,
  vp9,
  vp8,
  "prores-4444": prores4444,
  "prores-422": prores422,
  ffv1: ({ alpha, quality }) => ({
    encoder: "ffv1",
    // RGB as it came: every picture a key frame, in slices that several cores decode, each with a sum that shows damage.
    pixelFormat: alpha ? "bgra" : (quality.pixelFormat ?? "bgr0"),
    options: ["-level", "3", "-g", "1", "-slices", "4", "-slicecrc", "1"],
  }),
  gif: () => ({ encoder: "gif", pixelFormat: "bgra", options: [] }),
  webp,
  png: ({ alpha }) => ({ encoder: "png", pixelFormat: alpha ? "rgba" : "rgb24", options: ["-pred", "mixed"] }),
  jpeg,
};

/** B-frames begin a file at a negative time, which some players show as a frozen first frame. */
const NO_B_FRAMES = ["-bf", "0"] as const;

function x264(request: Request): CodecChoice {
  const { quality } = request;
  const fixed: readonly string[] = [...NO_B_FRAMES, "-flags", "+cgop", ...keyFrameArguments(request)];
  if (asksLossless(quality)) {
    const speed: string = quality.preset ?? efforts.libx264.standard.speed;
    return { encoder: "libx264", pixelFormat: quality.pixelFormat ?? "yuv444p", options: ["-preset", speed, "-qp", "0", ...fixed] };
  }
  const { speed, rate } = effortOf("libx264", quality);
  return {
    encoder: "libx264",
    pixelFormat: quality.pixelFormat ?? "yuv420p",
    options: ["-preset", quality.preset ?? speed, ...rateArguments(quality, rate), ...fixed],
  };
}

function x265(request: Request): CodecChoice {
  const { quality, container } = request;
  const isLossless: boolean = asksLossless(quality);
  const { speed, rate } = effortOf("libx265", quality);
  // It reports on its standard error unless told not to; "open-gop" is on unless told.
  const parameters: string = ["log-level=error", "open-gop=0", ...(isLossless ? ["lossless=1"] : [])].join(":");
  return {
    encoder: "libx265",
    pixelFormat: quality.pixelFormat ?? (isLossless ? "yuv444p" : "yuv420p"),
    options: [
      ...["-preset", quality.preset ?? speed],
      ...(isLossless ? [] : rateArguments(quality, rate)),
      ...["-x265-params", parameters, ...NO_B_FRAMES, ...keyFrameArguments(request)],
      ...hevcTag(container),
    ],
  };
}

/** Apple's players take HEVC under this tag alone. */
export function hevcTag(container: EncodeRequest["container"]): readonly string[] {
  return container === "mp4" || container === "mov" ? ["-tag:v", "hvc1"] : [];
}

function av1(request: Request, build: Pick<FfmpegBuild, "release" | "encoders">): CodecChoice | CodecLack {
  const { quality } = request;
  const wanted: readonly string[] = av1Encoders(build);
  // SVT-AV1 knows no lossless mode.
  const isLossless: boolean = asksLossless(quality);
  const encoder: string = isLossless ? "libaom-av1" : (wanted.find((one) => build.encoders.has(one)) ?? wanted[0]!);
  const pixelFormat: string = quality.pixelFormat ?? (isLossless ? "yuv444p" : "yuv420p");
  const keys: readonly string[] = keyFrameArguments(request);
  if (isLossless)
    return {
      encoder,
      pixelFormat,
      options: ["-cpu-used", efforts["libaom-av1"].standard.speed, "-crf", "0", "-b:v", "0", "-aom-params", "lossless=1", ...keys],
    };
  if (encoder === "libsvtav1") {
    const { speed, rate } = effortOf("libsvtav1", quality);
    return { encoder, pixelFormat, options: ["-preset", speed, ...rateArguments(quality, rate), ...keys] };
  }
  const { speed, rate } = effortOf("libaom-av1", quality);
  return {
    encoder,
    pixelFormat,
    options: ["-cpu-used", speed, "-row-mt", "1", "-tiles", "2x1", ...constrainedRate(quality, rate, "0"), ...keys],
  };
}

function vp9(request: Request): CodecChoice {
  const { quality, alpha } = request;
  const isLossless: boolean = asksLossless(quality);
  const { speed, rate } = effortOf("libvpx-vp9", quality);
  return {
    encoder: "libvpx-vp9",
    // Its alpha is a second picture of 4:2:0, also without loss.
    pixelFormat: alpha ? "yuva420p" : (quality.pixelFormat ?? (isLossless ? "yuv444p" : "yuv420p")),
    options: [
      ...[...cpuUsed(speed), "-row-mt", "1", "-tile-columns", "2"],
      ...(isLossless ? ["-lossless", "1"] : constrainedRate(quality, rate, "0")),
      // Hidden pictures of the visible part and of the alpha would come at different places.
      ...(alpha ? ["-auto-alt-ref", "0"] : []),
      ...keyFrameArguments(request),
    ],
  };
}

function vp8(request: Request): CodecChoice | CodecLack {
  const { quality } = request;
  if (asksLossless(quality)) return lossy("VP8", "webm with vp9");
  const { speed, rate } = effortOf("libvpx", quality);
  return {
    encoder: "libvpx",
    pixelFormat: "yuv420p",
    options: [
      ...[...cpuUsed(speed), "-qmin", "0", "-qmax", "63"],
      ...constrainedRate(quality, rate, `${vp8Ceiling(request)}`),
      // VP8 writes a hidden picture as a packet of its own, and a file would hold more packets than frames.
      ...["-auto-alt-ref", "0", ...keyFrameArguments(request)],
    ],
  };
}

/** Numbers past 5 mean something in real time alone. */
function cpuUsed(speed: string): readonly string[] {
  return ["-deadline", Number(speed) > 5 ? "realtime" : "good", "-cpu-used", speed];
}

/** VP8 keeps to its rate factor below a bitrate alone; twelve bits a pixel are what a picture takes without any prediction. */
function vp8Ceiling({ size, frameRate }: Request): number {
  return Math.ceil((size.width * size.height * 12 * frameRate.numerator) / frameRate.denominator);
}

function prores4444({ alpha, quality }: Request): CodecChoice | CodecLack {
  if (quality.level === "lossless") return lossy("ProRes", "mkv with ffv1");
  const pixelFormat: string = alpha ? "yuva444p10le" : "yuv444p10le";
  return {
    encoder: "prores_ks",
    pixelFormat,
    options: ["-profile:v", "4444", "-vendor", "apl0", ...(alpha ? ["-alpha_bits", "16"] : [])],
  };
}

function prores422({ quality }: Request): CodecChoice | CodecLack {
  if (quality.level === "lossless") return lossy("ProRes", "mkv with ffv1");
  return {
    encoder: "prores_ks",
    pixelFormat: "yuv422p10le",
    options: ["-profile:v", `${proresProfile[quality.level]}`, "-vendor", "apl0"],
  };
}

function webp({ quality, container }: Request): CodecChoice {
  const isAnimation: boolean = container === "webp";
  return {
    encoder: isAnimation ? "libwebp_anim" : "libwebp",
    // The library makes 4:2:0 of it by itself, in WebP's own colours.
    pixelFormat: "bgra",
    options: quality.level === "lossless" ? ["-lossless", "1"] : ["-lossless", "0", "-quality", `${webpQuality[quality.level]}`],
  };
}

function jpeg({ quality }: Request): CodecChoice | CodecLack {
  if (quality.level === "lossless") return lossy("JPEG", "png-sequence");
  return {
    encoder: "mjpeg",
    pixelFormat: quality.pixelFormat ?? (quality.level === "high" ? "yuvj444p" : "yuvj420p"),
    options: ["-q:v", `${jpegQuality[quality.level]}`, "-qmin", "1", "-huffman", "optimal"],
  };
}

function lossy(what: string, instead: string): CodecLack {
  return { lacks: `${what} knows no lossless mode; use ${instead}` };
}

/** Where a rate is given the picture follows it, whatever the level. */
function asksLossless({ level, crf, bitrate }: Quality): boolean {
  return level === "lossless" && crf === undefined && bitrate === undefined;
}

function effortOf(encoder: keyof typeof efforts, { level }: Quality): Effort {
  const lossyLevel: LossyLevel = level === "lossless" ? "high" : level;
  return efforts[encoder][lossyLevel];
}

/** ffmpeg reads no exponents. */
export function rateFactor(crf: number): string {
  return `${Number(crf.toFixed(3))}`;
}

function rateArguments({ crf, bitrate }: Quality, rate: number): readonly string[] {
  return bitrate === undefined ? ["-crf", rateFactor(crf ?? rate)] : ["-b:v", bitrate.toFixed(0)];
}

/** Encoders of Google hold a rate factor below a bitrate; "0" is none. */
function constrainedRate({ crf, bitrate }: Quality, rate: number, ceiling: string): readonly string[] {
  return bitrate === undefined ? ["-crf", rateFactor(crf ?? rate), "-b:v", ceiling] : ["-b:v", bitrate.toFixed(0)];
}
