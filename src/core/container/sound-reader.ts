import { EncodedPacketSink, MATROSKA, WEBM, type EncodedPacket, type Input, type InputAudioTrack, type InputFormat } from "mediabunny";
import { ByteWindow } from "../output-facts/byte-window.ts";
import { readCodecDelay } from "../output-facts/matroska-codec.ts";
import type { FileSink } from "../sink.ts";
import type { AudioCodec } from "../sound.ts";
import type { SoundPacket } from "./sound-packets.ts";

/** The first track of sound in a file. Samples are those of one channel. */
export interface SoundReader {
  /** One of ours, or another by the library's name. */
  readonly codec: AudioCodec | string;
  readonly sampleRate: number;
  readonly channels: number;
  readonly config: AudioDecoderConfig;
  /** What decoders throw away at the beginning. */
  readonly primingSamples: number;
  /** How many packets there are: looked up in MP4 and QuickTime, null elsewhere. */
  packetCount(): Promise<number | null>;
  /** Where the first sample that is heard lies, and the end of the last. */
  span(): Promise<{ readonly start: number; readonly end: number }>;
  packets(): AsyncGenerator<SoundPacket>;
}

/** How a file counts. */
interface Counting {
  readonly rate: number;
  /** Matroska counts from the delay of the track. */
  readonly delaySamples: number;
  /** Samples of a packet whose length the file does not say; null where it says each. */
  samplesOf(packet: EncodedPacket): number;
  /** Where nothing more comes, as the stream's own header says. */
  readonly totalSamples: number;
}

/** @returns null where a file has no sound */
export async function openSound(input: Input, file: Pick<FileSink, "byteLength" | "read">): Promise<SoundReader | null> {
  const track: InputAudioTrack | null = await input.getPrimaryAudioTrack();
  if (track === null) return null;
  const sink = new EncodedPacketSink(track);
  const [config, first] = [await track.getDecoderConfig(), await sink.getFirstPacket()];
  if (config === null || first === null) throw new Error("its track of sound is empty, or of an unknown codec");
  const format: InputFormat = await input.getFormat();
  const isMatroska: boolean = format === MATROSKA || format === WEBM;
  const counting: Counting = await countingOf(config, first, isMatroska, file);
  const startOf = ({ timestamp }: EncodedPacket): number => Math.round(timestamp * counting.rate) - counting.delaySamples;
  const codec: string = (await track.getCodec()) ?? "unknown";
  const firstStart: number = startOf(first);
  return {
    codec: codec.startsWith("pcm") ? (codec === "pcm-s24" ? "pcm" : codec) : codec,
    sampleRate: config.sampleRate,
    channels: config.numberOfChannels,
    config,
    primingSamples: Math.max(0, -firstStart),
    async packetCount() {
      if (isMatroska) return null;
      let count = 0;
      for await (const _ of sink.packets(undefined, undefined, { metadataOnly: true })) count++;
      return count;
    },
    async span() {
      let last: EncodedPacket = first;
      for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true })) last = packet;
      const end: number = Math.min(startOf(last) + counting.samplesOf(last), counting.totalSamples);
      return { start: Math.max(0, firstStart), end };
    },
    async *packets() {
      let start: number = firstStart;
      for await (const packet of sink.packets()) {
        const samples: number = counting.samplesOf(packet);
        yield { data: packet.data, start, samples };
        start += samples;
      }
    },
  };
}

async function countingOf(
  config: AudioDecoderConfig,
  first: EncodedPacket,
  isMatroska: boolean,
  file: Pick<FileSink, "byteLength" | "read">,
): Promise<Counting> {
  const rate: number = config.sampleRate;
  const flac: FlacHeader | null = config.codec === "flac" ? flacHeader(config) : null;
  if (!isMatroska) {
    const samplesOf = ({ duration }: EncodedPacket): number => Math.round(duration * rate);
    return { rate, delaySamples: 0, samplesOf, totalSamples: Infinity };
  }
  const window = new ByteWindow(await file.byteLength(), (start, end) => file.read(start, end));
  return {
    rate,
    delaySamples: Math.round((await readCodecDelay(window)) * rate),
    samplesOf: samplesIn(config, first, flac),
    totalSamples: flac?.totalSamples ?? Infinity,
  };
}

/** Matroska's blocks say no length: the codec does. */
function samplesIn({ codec, numberOfChannels }: AudioDecoderConfig, first: EncodedPacket, flac: FlacHeader | null): Counting["samplesOf"] {
  if (codec.startsWith("mp4a")) return () => 1024;
  if (codec === "opus") return () => opusSamples(first.data[0]!);
  if (flac !== null) return () => flac.blockSamples;
  const bits: number = Number(/^pcm-\D+(\d+)/.exec(codec)?.[1] ?? 8);
  return ({ byteLength }) => byteLength / (numberOfChannels * (bits / 8));
}

/** Samples at 48,000 a second of a packet with one frame, by its first byte (RFC 6716, section 3.1). */
function opusSamples(first: number): number {
  const configuration: number = first >> 3;
  if (configuration < 12) return [480, 960, 1920, 2880][configuration & 3]!;
  return configuration < 16 ? [480, 960][configuration & 1]! : [120, 240, 480, 960][configuration & 3]!;
}

interface FlacHeader {
  readonly blockSamples: number;
  readonly totalSamples: number;
}

/** Behind the mark and the head of its first block (RFC 9639). */
function flacHeader({ description }: AudioDecoderConfig): FlacHeader | null {
  if (description === undefined) return null;
  const view: DataView = ArrayBuffer.isView(description)
    ? new DataView(description.buffer, description.byteOffset, description.byteLength)
    : new DataView(description);
  const totalSamples: number = (view.getUint8(21) & 0x0f) * 2 ** 32 + view.getUint32(22);
  // 0 is unknown.
  return { blockSamples: view.getUint16(8), totalSamples: totalSamples === 0 ? Infinity : totalSamples };
}
