import { fromBase64, toBase64 } from "../../core/base64.ts";
import type { EncodedSound, PageSoundEncoder, SoundEncoderSettings } from "../messages.ts";

/** Opus by the browser's own encoder. */
class OpusEncoder implements PageSoundEncoder {
  #settings: SoundEncoderSettings | undefined;
  #encoder: AudioEncoder | undefined;
  #fault: Error | null = null;
  #samplesIn = 0;
  #out: EncodedSound[] = [];

  async isSupported(settings: SoundEncoderSettings): Promise<boolean> {
    if (typeof AudioEncoder === "undefined") return false;
    return (await AudioEncoder.isConfigSupported(config(settings))).supported === true;
  }

  async open(settings: SoundEncoderSettings): Promise<void> {
    this.#settings = settings;
    this.#encoder = new AudioEncoder({
      output: (chunk, metadata) => this.#out.push(describeChunk(chunk, metadata, settings)),
      error: (thrown) => (this.#fault ??= thrown),
    });
    this.#encoder.configure(config(settings));
  }

  async encode(samples: string): Promise<readonly EncodedSound[]> {
    const { sampleRate, channels } = this.#settings!;
    const data: Uint8Array<ArrayBuffer> = fromBase64(samples);
    const numberOfFrames: number = data.byteLength / (channels * 4);
    const timestamp: number = Math.round((this.#samplesIn * 1e6) / sampleRate);
    const sound = new AudioData({ format: "f32", sampleRate, numberOfChannels: channels, numberOfFrames, timestamp, data });
    this.#samplesIn += numberOfFrames;
    this.#encoder!.encode(sound);
    sound.close();
    while (this.#encoder!.state === "configured" && this.#encoder!.encodeQueueSize > 0)
      await new Promise((resolve) => this.#encoder!.addEventListener("dequeue", resolve, { once: true }));
    return this.#taken();
  }

  async finish(): Promise<readonly EncodedSound[]> {
    await this.#encoder!.flush();
    return this.#taken();
  }

  #taken(): readonly EncodedSound[] {
    if (this.#fault !== null) throw this.#fault;
    const taken: EncodedSound[] = this.#out;
    this.#out = [];
    return taken;
  }
}

function config({ sampleRate, channels, bitrate }: SoundEncoderSettings): AudioEncoderConfig {
  return { codec: "opus", sampleRate, numberOfChannels: channels, bitrate };
}

function describeChunk(
  chunk: EncodedAudioChunk,
  metadata: EncodedAudioChunkMetadata | undefined,
  { sampleRate }: SoundEncoderSettings,
): EncodedSound {
  const data = new Uint8Array(chunk.byteLength);
  chunk.copyTo(data);
  const description = metadata?.decoderConfig?.description;
  return {
    data: toBase64(data),
    samples: Math.round(((chunk.duration ?? 0) * sampleRate) / 1e6),
    ...(description ? { description: toBase64(new Uint8Array(description as ArrayBuffer)) } : {}),
  };
}

Object.assign(globalThis, { __framewrightSoundEncoder: new OpusEncoder() });
