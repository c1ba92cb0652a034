import { rm, writeFile } from "node:fs/promises";
import { CHANNELS, SAMPLE_RATE, type MixedSound } from "../../src/core/sound.ts";
import { wavHeader } from "../../src/core/wav.ts";
import { memorySound } from "../../src/testing/index.ts";
import { channelsOf } from "./tones.ts";

/** A mix that lies in memory, and in a float WAV file until it is closed. */
export async function mixedSound(samples: Float32Array, path: string): Promise<MixedSound> {
  await writeFile(path, Buffer.concat([wavHeader(samples.length / CHANNELS), new Uint8Array(samples.buffer)]));
  return { ...memorySound(samples, path), [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

/** When the sweep below is heard, in seconds. */
export const SWEEP = { start: 0.5, end: 1 } as const;
/** Of the left channel; the right one has half of it. */
export const SWEEP_LEVEL = 0.5;

/** Silence but for one sweep from 300 to 6,000 Hz: no two of its places are alike. */
export function sweepSamples(sampleCount: number): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(sampleCount * CHANNELS);
  const length: number = SWEEP.end - SWEEP.start;
  for (let at = SWEEP.start * SAMPLE_RATE; at < SWEEP.end * SAMPLE_RATE; at++) {
    const seconds: number = at / SAMPLE_RATE - SWEEP.start;
    const value: number = SWEEP_LEVEL * Math.sin(2 * Math.PI * (300 * seconds + ((6_000 - 300) / (2 * length)) * seconds ** 2));
    samples[at * CHANNELS] = value;
    samples[at * CHANNELS + 1] = value / 2;
  }
  return samples;
}

/** How a sweep came out. */
export interface HeardSweep {
  /** Samples by which it is late. */
  readonly lateBy: number;
  /** Of each channel against what went in. */
  readonly decibels: readonly number[];
  /** Sound before and behind it, against its level. */
  readonly restDecibels: number;
}

/** Holds samples, the channels in turn, against the sweep that went in. */
export function heardSweep(samples: Float32Array): HeardSweep {
  const sampleCount: number = samples.length / CHANNELS;
  const heard: readonly Float32Array[] = channelsOf(samples);
  const sent: readonly Float32Array[] = channelsOf(sweepSamples(sampleCount));
  const [from, to]: [number, number] = [SWEEP.start * SAMPLE_RATE, SWEEP.end * SAMPLE_RATE];
  const lateBy: number = lagOf(heard[0]!, sent[0]!, from, to);
  const decibels = (one: number, other: number): number => 20 * Math.log10(Math.max(one, 1e-9) / other);
  // Lossy codecs smear the edges over a packet.
  const rest: number = Math.max(level(heard[0]!, 0, from - EDGE), level(heard[0]!, to + EDGE, sampleCount));
  return {
    lateBy,
    decibels: [0, 1].map((at) => decibels(level(heard[at]!, from + lateBy, to + lateBy), level(sent[at]!, from, to))),
    restDecibels: decibels(rest, level(sent[0]!, from, to)),
  };
}

/** The shift at which one channel is most like the other between two samples. */
function lagOf(heard: Float32Array, sent: Float32Array, from: number, to: number): number {
  let [lag, most]: [number, number] = [0, -Infinity];
  for (let shift = -LARGEST_LAG; shift <= LARGEST_LAG; shift++) {
    let likeness = 0;
    for (let at = from; at < to; at += 2) likeness += sent[at]! * (heard[at + shift] ?? 0);
    if (likeness > most) [lag, most] = [shift, likeness];
  }
  return lag;
}

/** Root mean square between two samples. */
function level(channel: Float32Array, start: number, end: number): number {
  let power = 0;
  for (let at = start; at < end; at++) power += (channel[at] ?? 0) ** 2;
  return Math.sqrt(power / (end - start));
}

/** More than any encoder puts before the first sample. */
const LARGEST_LAG = 1_100;
const EDGE = 2_048;
