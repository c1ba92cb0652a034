import type { EncodeRequest } from "../core/encoder.ts";

/**
 * Left alone, ffmpeg converts RGB with the matrix of BT.601, whatever the output is tagged with, and rounds down on the way:
 * a colour comes back up to 4 of 255 off.
 */
const EXACT = "flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int";

const BT709 = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"] as const;

/** Says of raw frames what they hold themselves nothing of. */
export const i420InputTags: readonly string[] = ["-color_range", "tv", ...BT709];

/** The filters that turn the frames of a request into a pixel format of ffmpeg, in the colours that its readers expect. */
export function colorFilters({ frameFormat, alpha }: Pick<EncodeRequest, "frameFormat" | "alpha">, pixelFormat: string): readonly string[] {
  // JPEG is BT.601 in full range by definition (JFIF), also where it comes in.
  const from: string = frameFormat === "JPEG" ? "in_color_matrix=bt601:in_range=pc:" : "";
  // Some encoders take no pixels without alpha: what frames say of theirs is dropped on the way.
  if (isRgb(pixelFormat)) return [`scale=${from}${EXACT}`, ...(alpha ? [] : ["format=rgb24"]), `format=${pixelFormat}`];
  if (isFullRange(pixelFormat)) {
    const i420: string = frameFormat === "I420" ? "in_color_matrix=bt709:in_range=tv:" : "";
    return [`scale=${from}${i420}out_color_matrix=bt601:out_range=pc:${EXACT}`, `format=${pixelFormat}`];
  }
  // Newer builds ask each frame for its colours, not the encoder's options.
  const tags = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709";
  if (frameFormat === "I420" && pixelFormat === "yuv420p") return [tags];
  const i420: string = frameFormat === "I420" ? "in_color_matrix=bt709:in_range=tv:" : "";
  return [`scale=${from}${i420}out_color_matrix=bt709:out_range=tv:${EXACT}`, `format=${pixelFormat}`, tags];
}

/** What the file says of its colours. */
export function colorTags(pixelFormat: string): readonly string[] {
  return isRgb(pixelFormat) || isFullRange(pixelFormat) ? [] : [...BT709, "-color_range", "tv"];
}

function isRgb(pixelFormat: string): boolean {
  return /rgb|bgr|gbr/.test(pixelFormat);
}

/** The old names of ffmpeg for JPEG's own formats. */
function isFullRange(pixelFormat: string): boolean {
  return pixelFormat.startsWith("yuvj");
}
