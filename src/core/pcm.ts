/** Bytes of one sample: 24 bits keep what ears and converters can tell of the float mix. */
export const PCM_BYTES = 3;

const LARGEST = 2 ** 23 - 1;

/** Samples from -1 to 1 as whole numbers of 24 bits, the lowest byte first; what is louder is cut off. */
export function pcm24(samples: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(samples.length * PCM_BYTES);
  for (let index = 0; index < samples.length; index++) {
    const value: number = Math.max(-LARGEST - 1, Math.min(LARGEST, Math.round(samples[index]! * (LARGEST + 1))));
    const at: number = index * PCM_BYTES;
    bytes[at] = value;
    bytes[at + 1] = value >> 8;
    bytes[at + 2] = value >> 16;
  }
  return bytes;
}
