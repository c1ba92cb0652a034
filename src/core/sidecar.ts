import { pcm24 } from "./pcm.ts";
import type { OutputSink } from "./sink.ts";
import { SAMPLE_RATE, type MixedSound } from "./sound.ts";
import { wavHeader } from "./wav.ts";

/**
 * Writes the mix beside pictures that hold no sound, as a WAV file of 24 bits: it gets its name when the output does.
 *
 * @returns The name that it will have
 * @throws RenderError `disk-full`, `output-not-writable`, and what reading the mix throws
 */
export async function writeSidecar({ sidecar }: Pick<OutputSink, "sidecar">, sound: MixedSound): Promise<string> {
  await sidecar.append(wavHeader(sound.sampleCount, "pcm24"));
  for (let start = 0; start < sound.sampleCount; start += SAMPLE_RATE)
    await sidecar.append(pcm24(await sound.read(start, Math.min(start + SAMPLE_RATE, sound.sampleCount))));
  return sidecar.name;
}
