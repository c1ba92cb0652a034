import type { EncodeRequest } from "../core/encoder.ts";
import { formatFrameRate } from "../core/frame-rate.ts";

/** Visually lossless on pages; the defaults of a job that says nothing. */
const DEFAULT_CRF = 18;
const DEFAULT_PRESET = "medium";

/** ffmpeg's arguments for frames that come through its standard input and leave as one file. */
export function pipeArguments(request: EncodeRequest, outputPath: string): string[] {
  return [
    ...["-hide_banner", "-loglevel", "error", "-nostats", "-progress", "pipe:1", "-y"],
    ...inputArguments(request),
    ...["-map", "0:v:0", ...filterArguments(request)],
    ...x264Arguments(request),
    // B-frames begin a file at a negative time, which some players show as a frozen first frame.
    ...["-bf", "0", "-pix_fmt", "yuv420p", "-r", formatFrameRate(request.frameRate)],
    ...["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"],
    ...["-movflags", "+faststart", "-f", "mp4", outputPath],
  ];
}

function inputArguments({ frameFormat, size, frameRate }: EncodeRequest): string[] {
  const rate: string = formatFrameRate(frameRate);
  const raw = (pixelFormat: string): string[] => [
    "-f",
    "rawvideo",
    "-pix_fmt",
    pixelFormat,
    "-s",
    `${size.width}x${size.height}`,
    "-framerate",
    rate,
    "-i",
    "pipe:0",
  ];
  const pictures = (codec: string): string[] => ["-f", "image2pipe", "-c:v", codec, "-framerate", rate, "-i", "pipe:0"];
  switch (frameFormat) {
    case "I420":
      return ["-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", ...raw("yuv420p")];
    case "RGBA":
      return raw("rgba");
    case "PNG":
      return pictures("png");
    case "JPEG":
      return pictures("mjpeg");
    case "page":
      throw new TypeError("Frames that stay in the page cannot be piped");
  }
}

/**
 * Left alone, ffmpeg converts RGB with the matrix of BT.601, whatever the output is tagged with, and rounds down on the way:
 * a colour comes back up to 4 of 255 off.
 */
function filterArguments({ frameFormat }: EncodeRequest): string[] {
  const toBt709 = "out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int";
  if (frameFormat === "I420") return [];
  // JPEG is BT.601 in full range by definition (JFIF).
  return ["-vf", frameFormat === "JPEG" ? `scale=in_color_matrix=bt601:in_range=pc:${toBt709}` : `scale=${toBt709}`];
}

function x264Arguments({ quality: { crf, preset, bitrate } }: EncodeRequest): string[] {
  const rate: string[] = bitrate === undefined ? ["-crf", `${crf ?? DEFAULT_CRF}`] : ["-b:v", `${bitrate}`];
  return ["-c:v", "libx264", "-preset", preset ?? DEFAULT_PRESET, ...rate];
}
