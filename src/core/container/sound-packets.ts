import { SAMPLE_RATE, type AudioCodec } from "../sound.ts";
import type { Container } from "../formats.ts";

/** Names of codecs in the library that writes containers. PCM has 24 bits, as everything without loss has here. */
export const soundCodecs = { aac: "aac", opus: "opus", flac: "flac", pcm: "pcm-s24" } as const;

/** What a container is told of the sound before its first packet. Samples are those of one channel, 48,000 a second. */
export interface SoundTrack {
  readonly codec: AudioCodec;
  /** What the encoder put before the first sample, and decoders throw away. */
  readonly primingSamples: number;
  /** How many there are to be heard: what comes behind them is left out. */
  readonly sampleCount: number;
  /** The most packets that will come; null where nobody knows. */
  readonly packetLimit: number | null;
}

/** One encoded piece of sound. */
export interface SoundPacket {
  readonly data: Uint8Array;
  /** Of the sample at which it begins: below 0 for what lies before the first. */
  readonly start: number;
  readonly samples: number;
}

/** Matroska says the delay of a track, and counts its blocks from there; MP4 counts from below 0. */
export function soundTimes(container: Container, { primingSamples, sampleCount }: SoundTrack, { start, samples }: SoundPacket): Times {
  const offset: number = container === "webm" || container === "mkv" ? primingSamples : 0;
  const end: number = Math.min(start + samples, sampleCount);
  return { timestamp: (start + offset) / SAMPLE_RATE, duration: (end - start) / SAMPLE_RATE };
}

interface Times {
  readonly timestamp: number;
  readonly duration: number;
}
