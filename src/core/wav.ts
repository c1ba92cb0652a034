import { PCM_BYTES } from "./pcm.ts";
import { CHANNELS, SAMPLE_RATE } from "./sound.ts";

/** How samples lie in a WAV file: as 32-bit floats, or as whole numbers of 24 bits. */
export type WavSamples = "float" | "pcm24";

export const WAV_HEADER_BYTES = 44;
/** Of one float sample of both channels. */
export const WAV_FRAME_BYTES: number = CHANNELS * 4;

/** The longest that a header can say; what is longer is read to its end. */
const LARGEST_SIZE = 0xffffffff;

/** What stands before the samples, left and right in turn, of a WAV file of the mix. */
export function wavHeader(sampleCount: number, samples: WavSamples = "float"): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(header.buffer);
  const text = (at: number, letters: string): void => header.set(new TextEncoder().encode(letters), at);
  const [tag, sampleBytes] = samples === "float" ? [3, 4] : [1, PCM_BYTES];
  const frameBytes: number = CHANNELS * sampleBytes;
  const dataBytes: number = sampleCount * frameBytes;
  text(0, "RIFF");
  view.setUint32(4, Math.min(LARGEST_SIZE, WAV_HEADER_BYTES - 8 + dataBytes), true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, tag, true);
  view.setUint16(22, CHANNELS, true);
  view.setUint32(24, SAMPLE_RATE, true);
  view.setUint32(28, SAMPLE_RATE * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, sampleBytes * 8, true);
  text(36, "data");
  view.setUint32(40, Math.min(LARGEST_SIZE, dataBytes), true);
  return header;
}
