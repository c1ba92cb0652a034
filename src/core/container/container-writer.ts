import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  MkvOutputFormat,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  WebMOutputFormat,
  type OutputFormat,
  type StreamTargetChunk,
} from "mediabunny";
import { formats, type Container, type VideoCodec } from "../formats.ts";
import { frameTime, type FrameRate } from "../frame-rate.ts";
import type { FileSink } from "../sink.ts";
import { SAMPLE_RATE } from "../sound.ts";
import { alphaModeAt } from "./matroska-alpha-mode.ts";
import { codecDelayPatches, DELAY_PLACEHOLDER, type Patch } from "./matroska-codec-delay.ts";
import { soundCodecs, soundTimes, type SoundPacket, type SoundTrack } from "./sound-packets.ts";

/** Codecs by the names of the library that writes containers. FFV1 is none of them. */
const packetCodecs = {
  h264: "avc",
  hevc: "hevc",
  av1: "av1",
  vp9: "vp9",
  vp8: "vp8",
  "prores-4444": "prores",
  "prores-422": "prores",
} as const;

/** What a container is told before its first packet. */
export interface ContainerSettings {
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly frameRate: FrameRate;
  /** `variable`: packets last as long as they say; otherwise each lasts one frame. */
  readonly timing: "constant" | "variable";
  /** The most packets that will come, so that the index of MP4 and MOV finds room in front; null puts it at the end. */
  readonly packetLimit: number | null;
  /** Packets carry an alpha picture beside the visible one, as those of VP9 in WebM do. */
  readonly alpha: boolean;
  /** Null for pictures alone. */
  readonly sound: SoundTrack | null;
}

/** Decoders of Opus need so much before a place that was sought to sound right there (RFC 7845). */
const OPUS_PRE_ROLL_NS = 80_000_000;

/** One encoded picture, its time counted in frames: times are made of whole numbers alone, and nothing adds up. */
export interface TimedPacket {
  readonly data: Uint8Array;
  readonly isKey: boolean;
  /** The number of the frame at which it begins, from 0. */
  readonly start: number;
  /** How many frames it lasts. */
  readonly frames: number;
  readonly alpha?: Uint8Array | undefined;
}

/** Whether packets of this codec can be put into this container without ffmpeg. */
export function canRemux(container: Container, codec: VideoCodec): boolean {
  return formats[container].kind === "video" && formats[container].codecs.includes(codec) && codec in packetCodecs;
}

/** Writes encoded packets into an MP4, MOV, WebM or Matroska file as they come. */
export class ContainerWriter {
  readonly #sink: FileSink;
  readonly #settings: ContainerSettings;
  readonly #output: Output;
  readonly #packets: EncodedVideoPacketSource;
  readonly #sound: EncodedAudioPacketSource | null;
  /**
   * Matroska's plain blocks say no duration, and players guess. Blocks with additions, which are there for alpha, do say it: so
   * where packets last unequally long each has an empty one, and the flag that there is alpha is taken back at the end.
   */
  readonly #saysDurations: boolean;
  #alphaModeAt: number | null = null;
  /** Matroska's delay of the sound. */
  #delayPatches: readonly Patch[] = [];

  private constructor(sink: FileSink, settings: ContainerSettings) {
    this.#sink = sink;
    this.#settings = settings;
    const isMatroska: boolean = settings.container === "webm" || settings.container === "mkv";
    this.#saysDurations = isMatroska && settings.timing === "variable" && !settings.alpha;
    const target = new StreamTarget(new WritableStream<StreamTargetChunk>({ write: ({ data, position }) => sink.write(data, position) }), {
      chunked: true,
    });
    this.#output = new Output({ format: this.#format(), target });
    this.#packets = new EncodedVideoPacketSource(packetCodecs[settings.codec as keyof typeof packetCodecs]);
    const { packetLimit, frameRate, alpha, timing } = settings;
    this.#output.addVideoTrack(this.#packets, {
      // Sets the timescale of MP4; in Matroska it says that every packet lasts this long, which must be true then.
      ...(isMatroska && timing === "variable" ? {} : { frameRate: frameRate.numerator / frameRate.denominator }),
      ...(packetLimit === null ? {} : { maximumPacketCount: packetLimit }),
      canBeTransparent: alpha || this.#saysDurations,
    });
    this.#sound = settings.sound === null ? null : this.#addSoundTrack(settings.sound);
  }

  #addSoundTrack({ codec, packetLimit }: SoundTrack): EncodedAudioPacketSource {
    const sound = new EncodedAudioPacketSource(soundCodecs[codec]);
    this.#output.addAudioTrack(sound, {
      ...(packetLimit === null ? {} : { maximumPacketCount: packetLimit }),
      ...(this.#delaysSound() ? { name: DELAY_PLACEHOLDER } : {}),
    });
    return sound;
  }

  #delaysSound(): boolean {
    const { container, sound } = this.#settings;
    return (container === "webm" || container === "mkv") && sound !== null && sound.primingSamples > 0;
  }

  /** @throws TypeError where `canRemux` says no */
  static async open(sink: FileSink, settings: ContainerSettings): Promise<ContainerWriter> {
    const { container, codec } = settings;
    if (!canRemux(container, codec)) throw new TypeError(`Packets of ${codec} cannot be written into ${container} here`);
    const writer = new ContainerWriter(sink, settings);
    await writer.#output.start();
    return writer;
  }

  /** In the order of decoding. The first one comes with the decoder's configuration. */
  async add(packet: TimedPacket, decoderConfig: VideoDecoderConfig | null): Promise<void> {
    const [start, end] = [this.#timeOf(packet.start), this.#timeOf(packet.start + packet.frames)];
    const alpha: Uint8Array | undefined = this.#saysDurations ? new Uint8Array(0) : packet.alpha;
    await this.#packets.add(
      new EncodedPacket(
        packet.data,
        packet.isKey ? "key" : "delta",
        start,
        end - start,
        undefined,
        undefined,
        alpha === undefined ? {} : { alpha },
      ),
      decoderConfig === null ? undefined : { decoderConfig },
    );
  }

  /** In order, beside the pictures: what comes earlier than they do waits in memory. The first one comes with the configuration. */
  async addSound(packet: SoundPacket, decoderConfig: AudioDecoderConfig | null): Promise<void> {
    const { container, sound } = this.#settings;
    if (sound === null || this.#sound === null) throw new TypeError("The container was told of no sound");
    if (packet.start >= sound.sampleCount) return;
    const { timestamp, duration } = soundTimes(container, sound, packet);
    await this.#sound.add(
      new EncodedPacket(packet.data, "key", timestamp, duration),
      decoderConfig === null ? undefined : { decoderConfig },
    );
  }

  /** No more pictures come: sound that is longer need not wait for them. */
  endPictures(): void {
    this.#packets.close();
  }

  /** Writes what is held back and the index. */
  async finish(): Promise<void> {
    await this.#output.finalize();
    if (this.#delaysSound() && this.#delayPatches.length === 0)
      throw new Error("The place for the delay of the sound is not where the muxer used to write it");
    for (const { position, bytes } of this.#delayPatches) await this.#sink.write(bytes, position);
    if (!this.#saysDurations) return;
    if (this.#alphaModeAt === null) throw new Error("The flag for alpha is not where the muxer used to write it");
    await this.#sink.write(Uint8Array.of(0), this.#alphaModeAt);
  }

  /** Ends without a usable file. Never rejects. */
  async cancel(): Promise<void> {
    if (this.#output.state === "started") await this.#output.cancel().catch(() => {});
  }

  /** In seconds. Where durations are said, in whole milliseconds, as Matroska counts: so that each ends where the next begins. */
  #timeOf(frame: number): number {
    const seconds: number = frameTime(frame, this.#settings.frameRate);
    return this.#saysDurations ? Math.round(seconds * 1000) / 1000 : seconds;
  }

  #delayPatchesFor(segment: Uint8Array): Patch[] {
    const { sound } = this.#settings;
    if (sound === null || !this.#delaysSound()) return [];
    const delay: number = Math.round((sound.primingSamples * 1e9) / SAMPLE_RATE);
    return codecDelayPatches(segment, { delay, preRoll: sound.codec === "opus" ? OPUS_PRE_ROLL_NS : null });
  }

  #format(): OutputFormat {
    const { container, packetLimit, sound } = this.#settings;
    // The index goes to the front, into room that the number of packets tells: nothing is kept in memory or written twice.
    const fastStart = packetLimit === null || sound?.packetLimit === null ? false : "reserve";
    const onSegmentHeader = (segment: Uint8Array, position: number): void => {
      const at: number | null = alphaModeAt(segment);
      this.#alphaModeAt = at === null ? null : position + at;
      this.#delayPatches = this.#delayPatchesFor(segment).map(({ position: within, bytes }) => ({ position: position + within, bytes }));
    };
    switch (container) {
      case "mov":
        return new MovOutputFormat({ fastStart });
      case "webm":
        return new WebMOutputFormat({ onSegmentHeader });
      case "mkv":
        return new MkvOutputFormat({ onSegmentHeader });
      default:
        return new Mp4OutputFormat({ fastStart });
    }
  }
}
