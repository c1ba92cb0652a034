import { CHANNELS, SAMPLE_RATE } from "../../src/core/sound.ts";
import { runFfmpeg } from "./video-frames.ts";

/** Names of this file: one that is imported is looked up at each use, which for every sample costs more than all the rest. */
const STEP: number = CHANNELS;
const RATE: number = SAMPLE_RATE;

/** The level of each channel at a time of a sound, in seconds. */
export type Wave = (seconds: number) => readonly [left: number, right: number];

export function tone(frequency: number, amplitude = 0.5): Wave {
  return (seconds) => {
    const level: number = amplitude * Math.sin(2 * Math.PI * frequency * seconds);
    return [level, level];
  };
}

const CHIRP_SECONDS = 0.25;

/** A sweep from 300 to 5,000 Hz that begins at a time: there is one place where it fits. */
export function chirpAt(start: number, amplitude = 0.5): Wave {
  return (seconds) => {
    const passed: number = seconds - start;
    if (passed < 0 || passed >= CHIRP_SECONDS) return [0, 0];
    const level: number = amplitude * Math.sin(2 * Math.PI * (300 + (4_700 * passed) / (2 * CHIRP_SECONDS)) * passed);
    return [level, level];
  };
}

/** Samples of both channels in turn. */
export function samplesOf(wave: Wave, seconds: number, sampleRate: number = RATE): Float32Array {
  const samples = new Float32Array(Math.round(seconds * sampleRate) * STEP);
  for (let at = 0; at < samples.length; at += STEP) samples.set(wave(at / STEP / sampleRate), at);
  return samples;
}

/** Has ffmpeg write a wave to a file, with the arguments of its format. */
export async function writeSound(
  path: string,
  wave: Wave,
  seconds: number,
  args: readonly string[] = ["-c:a", "pcm_f32le"],
): Promise<string> {
  const samples: Float32Array = samplesOf(wave, seconds);
  const input: readonly string[] = ["-f", "f32le", "-ar", `${RATE}`, "-ac", `${STEP}`, "-i", "pipe:0"];
  await runFfmpeg([...input, ...args, "-y", `file:${path}`], [new Uint8Array(samples.buffer)]);
  return path;
}

/** One channel of samples that come in turn. */
export function channelOf(samples: Float32Array, channel: 0 | 1): Float32Array {
  const taken = new Float32Array(samples.length / STEP);
  for (let at = 0; at < taken.length; at++) taken[at] = samples[at * STEP + channel]!;
  return taken;
}

/** Both of them. */
export function channelsOf(samples: Float32Array): [left: Float32Array, right: Float32Array] {
  return [channelOf(samples, 0), channelOf(samples, 1)];
}

/** The amplitude of a frequency in one channel, between two times (Goertzel). */
export function amplitudeOf(channel: Float32Array, frequency: number, from: number, to: number): number {
  const piece: Float32Array = channel.subarray(Math.round(from * RATE), Math.round(to * RATE));
  let [real, imaginary] = [0, 0];
  for (const [at, sample] of piece.entries()) {
    const angle: number = (2 * Math.PI * frequency * at) / RATE;
    real += sample * Math.cos(angle);
    imaginary += sample * Math.sin(angle);
  }
  return (2 * Math.hypot(real, imaginary)) / piece.length;
}

export function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

/** The frequency of a tone in one channel between two times, by its way through zero. */
export function frequencyOf(channel: Float32Array, from: number, to: number): number {
  const crossings: number[] = [];
  for (let at = Math.round(from * RATE); at < Math.round(to * RATE); at++) {
    const [before, after]: readonly number[] = [channel[at]!, channel[at + 1]!];
    if (before! < 0 && after! >= 0) crossings.push(at + before! / (before! - after!));
  }
  return ((crossings.length - 1) * RATE) / (crossings.at(-1)! - crossings[0]!);
}

/** Samples by which a chirp comes later than at `start` seconds: the shift at which it fits best. */
export function chirpDelay(channel: Float32Array, start: number, reach = 480): number {
  const chirp: Float32Array = channelOf(samplesOf(chirpAt(0), CHIRP_SECONDS), 0);
  const first: number = Math.round(start * RATE);
  let best = { delay: 0, fit: 0 };
  for (let delay = -reach; delay <= reach; delay++) {
    let fit = 0;
    for (let at = 0; at < chirp.length; at++) fit += chirp[at]! * (channel[first + delay + at] ?? 0);
    if (fit > best.fit) best = { delay, fit };
  }
  return best.delay;
}

/** The largest sample between two times. */
export function peakOf(channel: Float32Array, from: number, to: number): number {
  return channel.subarray(Math.round(from * RATE), Math.round(to * RATE)).reduce((peak, one) => Math.max(peak, Math.abs(one)), 0);
}

/** How many samples are not the same in both; all where one is longer. */
export function differences(one: Float32Array, other: Float32Array): number {
  return one.length === other.length ? one.filter((sample, at) => sample !== other[at]).length : Math.max(one.length, other.length);
}
