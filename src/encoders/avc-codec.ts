import type { Size } from "../core/frame.ts";
import type { FrameRate } from "../core/frame-rate.ts";

interface Level {
  /** Level times ten, as the codec string has it in hexadecimal. */
  readonly level: number;
  readonly macroblocksPerSecond: number;
  readonly macroblocks: number;
}

/** H.264 levels from 3.0 (ITU-T H.264, table A-1). */
const levels: readonly Level[] = [
  { level: 30, macroblocksPerSecond: 40_500, macroblocks: 1_620 },
  { level: 31, macroblocksPerSecond: 108_000, macroblocks: 3_600 },
  { level: 32, macroblocksPerSecond: 216_000, macroblocks: 5_120 },
  { level: 40, macroblocksPerSecond: 245_760, macroblocks: 8_192 },
  { level: 42, macroblocksPerSecond: 522_240, macroblocks: 8_704 },
  { level: 50, macroblocksPerSecond: 589_824, macroblocks: 22_080 },
  { level: 51, macroblocksPerSecond: 983_040, macroblocks: 36_864 },
  { level: 52, macroblocksPerSecond: 2_073_600, macroblocks: 36_864 },
  { level: 62, macroblocksPerSecond: 16_711_680, macroblocks: 139_264 },
];

/** Codec strings to try, best first: High, Main and Baseline profile, each at the lowest level that holds the job. */
export function avcCodecs(size: Size, rate: FrameRate): string[] {
  const macroblocks: number = Math.ceil(size.width / 16) * Math.ceil(size.height / 16);
  const perSecond: number = (macroblocks * rate.numerator) / rate.denominator;
  const fit: Level =
    levels.find((one) => one.macroblocks >= macroblocks && one.macroblocksPerSecond >= perSecond) ?? levels[levels.length - 1]!;
  const level: string = fit.level.toString(16).padStart(2, "0");
  return ["6400", "4d00", "42e0"].map((profile) => `avc1.${profile}${level}`);
}
