import { AudioSample, AudioSampleSource, MkvOutputFormat, NullTarget, Output, type EncodedPacket } from "mediabunny";
import { registerAacEncoder } from "@mediabunny/aac-encoder";
import { fromBase64, toBase64 } from "../../core/base64.ts";
import type { EncodedSound, PageSoundEncoder, SoundEncoderSettings } from "../messages.ts";

/** AAC by an encoder that comes along: browsers for Linux have none. */
class AacEncoder implements PageSoundEncoder {
  #settings: SoundEncoderSettings | undefined;
  #output: Output | undefined;
  #source: AudioSampleSource | undefined;
  #samplesIn = 0;
  #out: EncodedSound[] = [];

  async isSupported(): Promise<boolean> {
    return typeof WebAssembly !== "undefined";
  }

  async open(settings: SoundEncoderSettings): Promise<void> {
    registerAacEncoder();
    this.#settings = settings;
    this.#source = new AudioSampleSource({
      codec: "aac",
      bitrate: settings.bitrate,
      onEncodedPacket: (packet, metadata) => void this.#out.push(describePacket(packet, metadata, settings)),
    });
    // The library encodes on the way into a file alone; this one is thrown away.
    this.#output = new Output({ format: new MkvOutputFormat({ appendOnly: true }), target: new NullTarget() });
    this.#output.addAudioTrack(this.#source);
    await this.#output.start();
  }

  async encode(samples: string): Promise<readonly EncodedSound[]> {
    const { sampleRate, channels } = this.#settings!;
    const data: Uint8Array<ArrayBuffer> = fromBase64(samples);
    const timestamp: number = this.#samplesIn / sampleRate;
    const sound = new AudioSample({ data, format: "f32", numberOfChannels: channels, sampleRate, timestamp });
    this.#samplesIn += sound.numberOfFrames;
    await this.#source!.add(sound);
    sound.close();
    return this.#taken();
  }

  async finish(): Promise<readonly EncodedSound[]> {
    await this.#output!.finalize();
    return this.#taken();
  }

  #taken(): readonly EncodedSound[] {
    const taken: EncodedSound[] = this.#out;
    this.#out = [];
    return taken;
  }
}

function describePacket(
  { data, duration }: EncodedPacket,
  metadata: EncodedAudioChunkMetadata | undefined,
  { sampleRate }: SoundEncoderSettings,
): EncodedSound {
  const description = metadata?.decoderConfig?.description;
  return {
    data: toBase64(data),
    samples: Math.round(duration * sampleRate),
    ...(description ? { description: toBase64(description as Uint8Array) } : {}),
  };
}

Object.assign(globalThis, { __framewrightSoundEncoder: new AacEncoder() });
