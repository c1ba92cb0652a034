import type { Quality, QualityLevel } from "../core/encoder.ts";
import type { RateControl } from "../browser/messages.ts";
import type { WebCodec } from "./codec-strings.ts";

type LossyLevel = Exclude<QualityLevel, "lossless">;
type ByLevel = Readonly<Record<LossyLevel, number>>;

/** Browsers encode VP9 and AV1 at a constant quantizer, which counts as CRF does. Figures: docs/encoders.md. */
const quantizers: Readonly<Record<"vp9" | "av1", ByLevel>> = {
  vp9: { draft: 63, standard: 46, high: 16 },
  av1: { draft: 63, standard: 58, high: 28 },
};

/** What a level is as CRF of x264, for the others, which know a bitrate alone. */
const crfs: ByLevel = { draft: 26, standard: 18, high: 14 };
/** What CRF 18 is worth; six more of CRF halve it. HEVC is not measured: Chromium for Linux has none. */
const bitsPerPixel: Readonly<Record<"h264" | "hevc" | "vp8", number>> = { h264: 0.19, hevc: 0.13, vp8: 0.26 };
/** The CRF of VP8 goes to 63, that of x264 to 51. */
const VP8_CRF_SCALE = 51 / 63;

/** How the browser's encoder is held to a quality. */
export function rateControl(codec: WebCodec, { level, crf, bitrate }: Quality, pixelsPerSecond: number): RateControl {
  if (bitrate !== undefined) return { bitrate };
  if (level === "lossless") throw new TypeError("Encoders of browsers are not lossless");
  if (codec === "vp9" || codec === "av1") return { quantizer: crf ?? quantizers[codec][level] };
  const comparable: number = crf === undefined ? crfs[level] : crf * (codec === "vp8" ? VP8_CRF_SCALE : 1);
  return { bitrate: Math.round(pixelsPerSecond * bitsPerPixel[codec] * 2 ** ((crfs.standard - comparable) / 6)) };
}
