import type { VideoCodec } from "../core/formats.ts";
import type { Size } from "../core/frame.ts";
import type { FrameRate } from "../core/frame-rate.ts";

/** What a decoder of a level can do at most. Samples are pixels, for H.264 counted in whole macroblocks. */
interface Level {
  /** As the codec's string has it. */
  readonly name: string;
  readonly samples: number;
  readonly samplesPerSecond: number;
}

/** Codecs that WebCodecs has a registration for. */
export type WebCodec = Extract<VideoCodec, "h264" | "hevc" | "av1" | "vp9" | "vp8">;

const level = (name: string, samples: number, samplesPerSecond: number): Level => ({ name, samples, samplesPerSecond });

/** From 3.0 (ITU-T H.264, table A-1), times ten and in hexadecimal. */
const avcLevels: readonly Level[] = [
  level("1e", 1_620 * 256, 40_500 * 256),
  level("1f", 3_600 * 256, 108_000 * 256),
  level("20", 5_120 * 256, 216_000 * 256),
  level("28", 8_192 * 256, 245_760 * 256),
  level("2a", 8_704 * 256, 522_240 * 256),
  level("32", 22_080 * 256, 589_824 * 256),
  level("33", 36_864 * 256, 983_040 * 256),
  level("34", 36_864 * 256, 2_073_600 * 256),
  level("3e", 139_264 * 256, 16_711_680 * 256),
];

/** From 3.0 (ITU-T H.265, tables A.8 and A.9), times thirty. */
const hevcLevels: readonly Level[] = [
  level("L90", 552_960, 16_588_800),
  level("L93", 983_040, 33_177_600),
  level("L120", 2_228_224, 66_846_720),
  level("L123", 2_228_224, 133_693_440),
  level("L150", 8_912_896, 267_386_880),
  level("L153", 8_912_896, 534_773_760),
  level("L156", 8_912_896, 1_069_547_520),
  level("L180", 35_651_584, 1_069_547_520),
  level("L183", 35_651_584, 2_139_095_040),
  level("L186", 35_651_584, 4_278_190_080),
];

/** From 3.0 (VP9 levels and decoder testing, WebM project), times ten. */
const vp9Levels: readonly Level[] = [
  level("30", 552_960, 20_736_000),
  level("31", 983_040, 36_864_000),
  level("40", 2_228_224, 83_558_400),
  level("41", 2_228_224, 160_432_128),
  level("50", 8_912_896, 311_951_360),
  level("51", 8_912_896, 588_251_136),
  level("52", 8_912_896, 1_176_502_272),
  level("61", 35_651_584, 2_353_004_544),
  level("62", 35_651_584, 4_706_009_088),
];

/** From 3.0 (AV1 bitstream specification, section A.3), as `seq_level_idx`, main tier. */
const av1Levels: readonly Level[] = [
  level("04M", 665_856, 19_975_680),
  level("05M", 1_065_024, 31_950_720),
  level("08M", 2_359_296, 70_778_880),
  level("09M", 2_359_296, 141_557_760),
  level("12M", 8_912_896, 267_386_880),
  level("13M", 8_912_896, 534_773_760),
  level("14M", 8_912_896, 1_069_547_520),
  level("17M", 35_651_584, 2_139_095_040),
  level("18M", 35_651_584, 4_278_190_080),
];

/**
 * Codec strings to try, best first, each at the lowest level that holds the job: 8 bits, 4:2:0, BT.709 in limited range.
 * H.264 comes in High, Main and Baseline profile.
 */
export function codecStrings(codec: WebCodec, size: Size, rate: FrameRate): string[] {
  switch (codec) {
    case "h264": {
      const inMacroblocks: Size = { width: Math.ceil(size.width / 16) * 16, height: Math.ceil(size.height / 16) * 16 };
      return ["6400", "4d00", "42e0"].map((profile) => `avc1.${profile}${lowest(avcLevels, inMacroblocks, rate)}`);
    }
    case "hevc":
      return [`hvc1.1.6.${lowest(hevcLevels, size, rate)}.B0`];
    case "vp9":
      return [`vp09.00.${lowest(vp9Levels, size, rate)}.08.01.01.01.01.00`];
    case "av1":
      return [`av01.0.${lowest(av1Levels, size, rate)}.08.0.110.01.01.01.0`];
    case "vp8":
      return ["vp8"];
  }
}

/** The lowest level that holds the job, or the highest there is. */
function lowest(levels: readonly Level[], { width, height }: Size, { numerator, denominator }: FrameRate): string {
  const samples: number = width * height;
  const perSecond: number = (samples * numerator) / denominator;
  const fit: Level | undefined = levels.find((one) => one.samples >= samples && one.samplesPerSecond >= perSecond);
  return (fit ?? levels[levels.length - 1]!).name;
}
