import { CHANNELS, type MixedSound } from "../core/sound.ts";

/**
 * A mix that lies in memory.
 *
 * @param samples 48,000 a second, left and right in turn
 * @param path Of a WAV file of the same, for encoders that read one
 */
export function memorySound(samples: Float32Array, path: string | null = null): MixedSound {
  return {
    sampleCount: samples.length / CHANNELS,
    path,
    read: async (start, end) => samples.slice(start * CHANNELS, end * CHANNELS),
    facts: {
      mixer: "memory",
      clips: 0,
      recordings: 0,
      loudness: null,
      peak: samples.reduce((peak, one) => Math.max(peak, Math.abs(one)), 0),
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
