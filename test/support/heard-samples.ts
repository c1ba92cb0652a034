import type { SoundRecording } from "../../src/core/sound.ts";

/** The first sample that is heard, in seconds of the video; Infinity where all is silent. */
export function onset({ sampleRate, start, channels }: SoundRecording, side = 0): number {
  const first: number = channels[side]!.findIndex((sample) => Math.abs(sample) > 1e-4);
  return first === -1 ? Infinity : start + first / sampleRate;
}

/** The last sample that is heard, in seconds of the video. */
export function offset({ sampleRate, start, channels }: SoundRecording, side = 0): number {
  return start + channels[side]!.findLastIndex((sample) => Math.abs(sample) > 1e-4) / sampleRate;
}

/** Root mean square of a stretch, in seconds of the video. */
export function rms({ sampleRate, start, channels }: SoundRecording, from: number, to: number, side = 0): number {
  const part = channels[side]!.subarray(Math.round((from - start) * sampleRate), Math.round((to - start) * sampleRate));
  return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
}

export function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

/** Hertz of a tone, from where it rises through zero. */
export function pitch({ sampleRate, start, channels }: SoundRecording, from: number, to: number, side = 0): number {
  const [first, end] = [Math.round((from - start) * sampleRate), Math.round((to - start) * sampleRate)];
  const samples: Float32Array = channels[side]!.subarray(first, end);
  const rises: number[] = [];
  for (let at = 1; at < samples.length; at++) {
    const [before, now] = [samples[at - 1]!, samples[at]!];
    if (before < 0 && now >= 0) rises.push(at - 1 + before / (before - now));
  }
  return ((rises.length - 1) * sampleRate) / (rises.at(-1)! - rises[0]!);
}
