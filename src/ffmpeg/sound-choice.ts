import type { EncodeRequest } from "../core/encoder.ts";
import type { Container } from "../core/formats.ts";
import type { AudioCodec, AudioRequest } from "../core/sound.ts";
import { ranges } from "../core/ranges.ts";
import { fileArgument, integerArgument } from "./argument.ts";
import { soundDelayArguments, type FfmpegBuild } from "./build.ts";

/** Encoders of sound by the names of ffmpeg, best first. Its own of Opus is an experiment, and no good one. */
const encoders: Readonly<Record<AudioCodec, readonly string[]>> = {
  aac: ["libfdk_aac", "aac"],
  opus: ["libopus"],
  flac: ["flac"],
  pcm: ["pcm_s24le"],
};

/** The encoder for a codec: the best that the build has, or the one that every full build has. */
export function soundEncoder(codec: AudioCodec, build: Pick<FfmpegBuild, "encoders">): string {
  return encoders[codec].find((one) => build.encoders.has(one)) ?? encoders[codec].at(-1)!;
}

/** What stands before the outputs: the file of the mix, as the last of the inputs. */
export function soundInput(
  { container, audio }: Pick<EncodeRequest, "container" | "audio">,
  path: string,
  build: Pick<FfmpegBuild, "release">,
): readonly string[] {
  return [...(isMatroska(container) && audio !== null ? soundDelayArguments(audio.codec, build) : []), "-i", fileArgument(path)];
}

/** How the sound is encoded and put into the container. ffmpeg writes all of it, whatever the pictures' length. */
export function soundOutput(container: Container, audio: AudioRequest, build: Pick<FfmpegBuild, "encoders">): readonly string[] {
  return [
    ...["-c:a", soundEncoder(audio.codec, build)],
    ...(audio.bitrate === null ? [] : ["-b:a", integerArgument(Math.round(audio.bitrate), ranges.soundBitrate, "the bitrate of sound")]),
    // 24 bits keep what ears and converters can tell of the float mix.
    ...(audio.codec === "flac" ? ["-sample_fmt", "s32", "-bits_per_raw_sample", "24"] : []),
    // What encoders put before the first sample lies before 0: moved up it would move the pictures with it.
    ...(isMatroska(container) ? ["-avoid_negative_ts", "disabled"] : []),
    // Older releases hold FLAC and Opus in MP4 for an experiment.
    ...(container === "mp4" ? ["-strict", "experimental"] : []),
  ];
}

function isMatroska(container: Container): boolean {
  return container === "mkv" || container === "webm";
}
