import { Resampler } from "../core/resampler.ts";
import { samplesAt } from "../core/sample-times.ts";
import { CHANNELS, SAMPLE_RATE, type SoundRecording } from "../core/sound.ts";

/** A recording at the rate of the mix, left and right in turn; one channel is heard on both sides, of more than two the first two. */
export function recordedSound({ sampleRate, start, channels }: SoundRecording): { readonly first: number; readonly samples: Float32Array } {
  const [left, right = left] = channels.map((channel) => atMixRate(channel, sampleRate));
  const samples = new Float32Array((left?.length ?? 0) * CHANNELS);
  for (let at = 0; at * CHANNELS < samples.length; at++) {
    samples[at * CHANNELS] = left![at]!;
    samples[at * CHANNELS + 1] = right![at]!;
  }
  return { first: samplesAt(start), samples };
}

function atMixRate(channel: Float32Array, sampleRate: number): Float32Array {
  if (sampleRate === SAMPLE_RATE) return channel;
  const length: number = Math.round((channel.length * SAMPLE_RATE) / sampleRate);
  const resampler = new Resampler(sampleRate / SAMPLE_RATE);
  const input = new Float32Array(resampler.needed(length));
  input.set(channel.subarray(0, input.length));
  resampler.push(input);
  return resampler.pull(length);
}
