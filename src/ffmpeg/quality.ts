import type { QualityLevel } from "../core/encoder.ts";

/** What a level of quality means to one encoder of ffmpeg. */
export interface Effort {
  /** How long it looks for savings: a preset, or a number of `-cpu-used`. */
  readonly speed: string;
  /** Constant rate factor, or the encoder's own scale where it knows none. */
  readonly rate: number;
}

export type LossyLevel = Exclude<QualityLevel, "lossless">;
export type Efforts = Readonly<Record<LossyLevel, Effort>>;

/** Figures: `npm run bench -- quality`; how they were chosen: docs/encoders.md. */
export const efforts: Readonly<Record<"libx264" | "libx265" | "libsvtav1" | "libaom-av1" | "libvpx-vp9" | "libvpx", Efforts>> = {
  libx264: { draft: { speed: "superfast", rate: 28 }, standard: { speed: "fast", rate: 18 }, high: { speed: "fast", rate: 14 } },
  libx265: { draft: { speed: "superfast", rate: 24 }, standard: { speed: "veryfast", rate: 21 }, high: { speed: "veryfast", rate: 16 } },
  libsvtav1: { draft: { speed: "12", rate: 30 }, standard: { speed: "8", rate: 26 }, high: { speed: "6", rate: 16 } },
  // Not measured: the rates of SVT-AV1, for the builds without it.
  "libaom-av1": { draft: { speed: "8", rate: 30 }, standard: { speed: "6", rate: 26 }, high: { speed: "6", rate: 16 } },
  "libvpx-vp9": { draft: { speed: "8", rate: 40 }, standard: { speed: "5", rate: 20 }, high: { speed: "5", rate: 14 } },
  libvpx: { draft: { speed: "5", rate: 40 }, standard: { speed: "5", rate: 8 }, high: { speed: "5", rate: 4 } },
};

/** 0 to 100, better as it grows. */
export const webpQuality: Readonly<Record<LossyLevel, number>> = { draft: 60, standard: 92, high: 97 };

/** 1 to 31, better as it falls; `high` keeps the colour of every pixel as well. */
export const jpegQuality: Readonly<Record<LossyLevel, number>> = { draft: 4, standard: 1, high: 1 };

/** Profiles of ProRes 422: LT, standard, HQ. */
export const proresProfile: Readonly<Record<LossyLevel, number>> = { draft: 1, standard: 2, high: 3 };

/** Efforts of hardware, which nobody measured here: rates are those of libx264 with what hardware commonly needs more. */
export const hardwareRate: Readonly<Record<LossyLevel, number>> = { draft: 30, standard: 22, high: 17 };

/** VideoToolbox counts from 1 to 100, better as it grows. */
export const videotoolboxQuality: Readonly<Record<LossyLevel, number>> = { draft: 45, standard: 65, high: 80 };
