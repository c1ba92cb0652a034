import { AudioSampleSink, type AudioSample, type InputAudioTrack } from "mediabunny";
import { mediaFault } from "../media/media-fault.ts";
import { inWords, type MediaFile } from "../media/media-file.ts";
import { mp3Delay } from "./mp3-delay.ts";

/** Time stamps of some files are rounded to whole milliseconds and more: what is off by less than this follows the sample before. */
const ROUNDED_SECONDS = 0.02;
/** Decoders need what came before to be exact: 80 ms of Opus, some packets of MP3. */
const AHEAD_SECONDS = 1;
/** Seconds by which sound may be shorter than its packets say: encoders fill the last one. */
const SHORT_SECONDS = 0.1;
/** Of the centre and the back, where more than two channels become two: -3 dB. */
const SHARE: number = Math.SQRT1_2;

/** A stretch of the samples of a file, at its own rate. */
export interface SoundChunk {
  /** Counted from the beginning of the file. */
  readonly first: number;
  /** Left and right. */
  readonly channels: readonly [Float32Array, Float32Array];
}

/** The sound of a file, from any of its samples on. */
export interface DecodedSound {
  readonly sampleRate: number;
  /** Samples from one on, in order, without gaps, to the end of the file. Leaving the loop stops it. */
  from(first: number): AsyncGenerator<SoundChunk, void>;
}

/** Rejects with a `MediaFault`. */
export async function openDecodedSound(file: MediaFile): Promise<DecodedSound> {
  const track: InputAudioTrack | null = await file.input.getPrimaryAudioTrack();
  if (track === null) throw mediaFault("broken", "it has no sound");
  if (!(await track.canDecode())) return decodedAtOnce(file);
  const sampleRate: number = await track.getSampleRate();
  const delay: number = (await track.getCodec()) === "mp3" ? await mp3Delay(file.bytes) : 0;
  const beginning: number = file.beginning + delay / sampleRate;
  return { sampleRate, from: (first) => decoded({ ...file, beginning }, track, first) };
}

async function* decoded(file: MediaFile, track: InputAudioTrack, first: number): AsyncGenerator<SoundChunk, void> {
  const { beginning, bytes } = file;
  const sampleRate: number = await track.getSampleRate();
  const since: number = beginning + first / sampleRate - AHEAD_SECONDS;
  const samples: AsyncGenerator<AudioSample, void> = new AudioSampleSink(track).samples(since);
  // Where the next sample belongs; known from the first one on.
  let next: number | null = null;
  let at: number = first;
  try {
    for (;;) {
      const { value, done } = await inWords(bytes, () => samples.next());
      if (done === true || !value) return await assertWhole(track, file, (next ?? 0) / sampleRate);
      using sample: AudioSample = value;
      const told: number = Math.round((sample.timestamp - beginning) * sampleRate);
      const begins: number = next !== null && Math.abs(told - next) < ROUNDED_SECONDS * sampleRate ? next : told;
      const channels = stereoOf(sample);
      next = begins + channels[0].length;
      if (next <= at) continue;
      // Where packets are missing there is silence.
      if (begins > at) yield { first: at, channels: [new Float32Array(begins - at), new Float32Array(begins - at)] };
      const skipped: number = Math.max(0, at - begins);
      yield { first: begins + skipped, channels: [channels[0].subarray(skipped), channels[1].subarray(skipped)] };
      at = next;
    }
  } finally {
    await samples.return();
  }
}

/** @param endSeconds where the last sample ended, counted from the beginning of the file */
async function assertWhole(track: InputAudioTrack, { beginning }: MediaFile, endSeconds: number): Promise<void> {
  const told: number = (await track.computeDuration()) - beginning;
  if (told - endSeconds > SHORT_SECONDS)
    throw mediaFault("broken", `its sound breaks off after ${endSeconds.toFixed(2)} of ${told.toFixed(2)} seconds`);
}

/** Where pages have no decoder that takes packets, as on insecure origins: the whole file in memory. */
async function decodedAtOnce({ bytes }: MediaFile): Promise<DecodedSound> {
  const whole: Uint8Array = await bytes.read(0, bytes.byteLength);
  const context = new OfflineAudioContext(2, 1, 48_000);
  const buffer: AudioBuffer = await context.decodeAudioData(whole.slice().buffer).catch((cause: unknown) => {
    throw mediaFault("broken", `the browser cannot decode its sound: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  });
  const channels = mixedDown(Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel)));
  return {
    sampleRate: buffer.sampleRate,
    async *from(first) {
      if (first < buffer.length) yield { first, channels: [channels[0].subarray(first), channels[1].subarray(first)] };
    },
  };
}

function stereoOf(sample: AudioSample): readonly [Float32Array, Float32Array] {
  return mixedDown(
    Array.from({ length: sample.numberOfChannels }, (_, planeIndex) => {
      const plane = new Float32Array(sample.numberOfFrames);
      sample.copyTo(plane, { planeIndex, format: "f32-planar" });
      return plane;
    }),
  );
}

/** As browsers do it ("speakers"): one channel on both sides, four, five and six by their places, of others the first two. */
function mixedDown(planes: readonly Float32Array[]): readonly [Float32Array, Float32Array] {
  const [left, right] = [planes[0]!, planes[1] ?? planes[0]!];
  if (planes.length === 4) return [sum([left, 0.5], [planes[2]!, 0.5]), sum([right, 0.5], [planes[3]!, 0.5])];
  if (planes.length !== 5 && planes.length !== 6) return [left, right];
  const [backLeft, backRight] = planes.slice(-2) as [Float32Array, Float32Array];
  const center: Float32Array = planes[2]!;
  return [sum([left, 1], [center, SHARE], [backLeft, SHARE]), sum([right, 1], [center, SHARE], [backRight, SHARE])];
}

function sum(...parts: readonly (readonly [Float32Array, number])[]): Float32Array {
  return parts[0]![0].map((_, at) => parts.reduce((total, [plane, share]) => total + plane[at]! * share, 0));
}
