import type { Input } from "mediabunny";
import { aborted } from "../errors.ts";
import type { FileSink } from "../sink.ts";
import { SAMPLE_RATE, type AudioCodec } from "../sound.ts";
import type { ContainerWriter } from "./container-writer.ts";
import { soundCodecs, type SoundPacket, type SoundTrack } from "./sound-packets.ts";
import { openSound, type SoundReader } from "./sound-reader.ts";

/** The packets of a track of sound, on their way into the output. */
export class SoundCopy implements Disposable {
  readonly track: SoundTrack;
  readonly #input: Input;
  readonly #config: AudioDecoderConfig;
  readonly #packets: AsyncGenerator<SoundPacket>;
  #next: SoundPacket | null = null;
  #isFirst = true;

  private constructor(input: Input, reader: SoundReader, track: SoundTrack) {
    this.#input = input;
    this.track = track;
    this.#config = reader.config;
    this.#packets = reader.packets();
  }

  /** Null where the file has no sound. Closes the input, at the latest when it is closed itself. */
  static async open(input: Input, file: Pick<FileSink, "byteLength" | "read">, sampleCount: number): Promise<SoundCopy | null> {
    try {
      const reader: SoundReader | null = await openSound(input, file);
      if (reader !== null) return new SoundCopy(input, reader, await trackOf(reader, sampleCount));
    } catch (thrown) {
      input.dispose();
      throw thrown;
    }
    input.dispose();
    return null;
  }

  /** Sound that is heard before a time, in seconds: it lies beside its pictures. */
  async copyUntil(seconds: number, writer: ContainerWriter, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      this.#next ??= (await this.#packets.next()).value ?? null;
      if (this.#next === null || this.#next.start / SAMPLE_RATE >= seconds) return;
      if (signal?.aborted === true) throw aborted(signal.reason);
      await writer.addSound(this.#next, this.#isFirst ? this.#config : null);
      this.#isFirst = false;
      this.#next = null;
    }
  }

  [Symbol.dispose](): void {
    this.#input.dispose();
  }
}

async function trackOf(reader: SoundReader, sampleCount: number): Promise<SoundTrack> {
  if (!(reader.codec in soundCodecs)) throw new Error(`its sound is ${reader.codec}, which is not taken over`);
  const codec = reader.codec as AudioCodec;
  return { codec, primingSamples: reader.primingSamples, sampleCount, packetLimit: await reader.packetCount() };
}
