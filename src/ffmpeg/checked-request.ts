import type { EncodeRequest, Hardware, QualityLevel } from "../core/encoder.ts";
import { codecs, formats } from "../core/formats.ts";
import { presets } from "../core/encoder.ts";
import { ranges } from "../core/ranges.ts";
import { audioCodecs, type AudioRequest } from "../core/sound.ts";
import { decimalArgument, integerArgument, sizeArgument, wordArgument } from "./argument.ts";

const levels: readonly QualityLevel[] = ["draft", "standard", "high", "lossless"];
const hardwares: readonly Hardware[] = ["nvenc", "qsv", "vaapi", "videotoolbox"];
const frameFormats: readonly EncodeRequest["frameFormat"][] = ["RGBA", "I420", "PNG", "JPEG", "page"];

/**
 * Checks everything of a request that becomes an argument of ffmpeg: the job was checked before, and encoders may be called without
 * one.
 *
 * @throws TypeError with the first value that is wrong
 */
export function checkedRequest<Request extends EncodeRequest>(request: Request): Request {
  const { size, frameRate, container, codec, frameFormat, quality, timing, loop, hardware, audio } = request;
  sizeArgument(size, "x");
  integerArgument(frameRate.numerator, ranges.frameRatePart, "the numerator of the frame rate");
  integerArgument(frameRate.denominator, ranges.frameRatePart, "the denominator of the frame rate");
  decimalArgument(frameRate.numerator / frameRate.denominator, ranges.frameRate, "the frame rate");
  wordArgument(container, Object.keys(formats), "the container");
  wordArgument(codec, Object.keys(codecs), "the codec");
  wordArgument(frameFormat, frameFormats, "the frame format");
  wordArgument(timing, ["constant", "variable"], "the timing");
  integerArgument(loop, ranges.loop, "the loop");
  if (hardware !== null) wordArgument(hardware, hardwares, "the hardware");
  const { level, crf, preset, bitrate, pixelFormat, gop } = quality;
  wordArgument(level, levels, "quality.level");
  if (crf !== undefined) decimalArgument(crf, { least: 0, most: codecs[codec].largestCrf ?? 63 }, "quality.crf");
  if (preset !== undefined) wordArgument(preset, presets, "quality.preset");
  if (bitrate !== undefined) decimalArgument(bitrate, ranges.bitrate, "quality.bitrate");
  if (pixelFormat !== undefined) wordArgument(pixelFormat, codecs[codec].pixelFormats, "quality.pixelFormat");
  if (gop !== undefined) integerArgument(gop, ranges.gop, "quality.gop");
  if (audio !== null) checkAudio(audio);
  return request;
}

function checkAudio({ codec, bitrate }: AudioRequest): void {
  wordArgument(codec, new Set(Object.values(audioCodecs).flat()), "the codec of sound");
  if (bitrate !== null) decimalArgument(bitrate, ranges.soundBitrate, "the bitrate of sound");
}
