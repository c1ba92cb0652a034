import { ALL_FORMATS, CustomSource, EncodedPacketSink, Input, type EncodedPacket, type InputVideoTrack } from "mediabunny";
import { openSound, type SoundReader } from "../container/sound-reader.ts";
import type { VideoCodec } from "../formats.ts";
import type { Size } from "../frame.ts";
import type { FileSink } from "../sink.ts";
import { ByteWindow } from "./byte-window.ts";
import { ffv1HasAlpha } from "./ffv1.ts";
import { readMatroskaCodec, type MatroskaCodec } from "./matroska-codec.ts";

/** What the colours of a video are said to be; null where the file says nothing. */
export interface ColorTags {
  readonly primaries: string | null;
  readonly transfer: string | null;
  readonly matrix: string | null;
  readonly fullRange: boolean | null;
}

/** What a video file holds. */
export interface VideoFacts {
  /** When each picture begins, in seconds, in the order in which they are shown. */
  readonly timestamps: readonly number[];
  /** From the first picture's beginning to the last one's end. */
  readonly durationSeconds: number;
  /** The finest difference that the file's timestamps can have. */
  readonly tickSeconds: number;
  readonly size: Size;
  /** One of ours, or another by the file's own name; null where the file does not say. */
  readonly codec: VideoCodec | string | null;
  /** Whether the stream itself carries alpha, whatever the container says. */
  readonly alpha: boolean;
  readonly colorSpace: ColorTags;
  /** Null where it is silent: it has no track of sound. */
  readonly audio: SoundFacts | null;
}

/** What a file's track of sound is. JSON. */
export interface SoundFacts {
  /** One of `AudioCodec` where all is well; another by the name of the library that reads it. */
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  /** Of what is heard: without what decoders throw away at the beginning, and without a silence before its first packet. */
  readonly durationSeconds: number;
}

const codecNames: Readonly<Record<string, VideoCodec>> = { avc: "h264", hevc: "hevc", av1: "av1", vp9: "vp9", vp8: "vp8" };
/** ProRes names its kinds by four letters. */
const proresNames: Readonly<Record<string, VideoCodec>> = {
  ap4h: "prores-4444",
  apcs: "prores-422",
  apcn: "prores-422",
  apch: "prores-422",
};

/** Reads a video file's tables, and the first picture's header. @throws Error where it is none, or has no picture */
export async function readVideo(sink: FileSink): Promise<VideoFacts> {
  const byteLength: number = await sink.byteLength();
  const input = new Input({
    formats: ALL_FORMATS,
    source: new CustomSource({ getSize: () => byteLength, read: (start, end) => sink.read(start, end) }),
  });
  try {
    const track: InputVideoTrack | null = await input.getPrimaryVideoTrack();
    if (track === null) throw new Error("it has no video track");
    const packets = new EncodedPacketSink(track);
    const first: EncodedPacket | null = await packets.getFirstPacket();
    if (first === null) throw new Error("it has no picture");
    const timestamps: number[] = [];
    let end = 0;
    for await (const { timestamp, duration } of packets.packets(undefined, undefined, { metadataOnly: true })) {
      timestamps.push(timestamp);
      end = Math.max(end, timestamp + duration);
    }
    timestamps.sort((one, other) => one - other);
    const color = await track.getColorSpace();
    const stream: Stream = await streamOf(track, sink, byteLength);
    return {
      timestamps,
      durationSeconds: end - timestamps[0]!,
      tickSeconds: 1 / (await track.getTimeResolution()),
      size: { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() },
      codec: stream.codec,
      alpha: carriesAlpha(stream, first),
      colorSpace: {
        primaries: color.primaries ?? null,
        transfer: color.transfer ?? null,
        matrix: color.matrix ?? null,
        fullRange: color.fullRange ?? null,
      },
      audio: await readSound(input, sink),
    };
  } finally {
    input.dispose();
  }
}

async function readSound(input: Input, sink: FileSink): Promise<SoundFacts | null> {
  const sound: SoundReader | null = await openSound(input, sink);
  if (sound === null) return null;
  const { codec, sampleRate, channels } = sound;
  const { start, end } = await sound.span();
  return { codec, sampleRate, channels, durationSeconds: (end - start) / sampleRate };
}

/** The codec, and what a decoder of FFV1 would need to know of it. */
interface Stream {
  readonly codec: string | null;
  readonly setup?: Uint8Array;
}

async function streamOf(track: InputVideoTrack, sink: FileSink, byteLength: number): Promise<Stream> {
  const [codec, internal] = [await track.getCodec(), await track.getInternalCodecId()];
  if (codec === "prores") return { codec: proresNames[String(internal)] ?? `prores ${String(internal)}` };
  if (codec !== null) return { codec: codecNames[codec] ?? codec };
  if (typeof internal !== "string" || !internal.startsWith("V_")) return { codec: internal === null ? null : String(internal) };
  // Matroska holds what mediabunny does not know by a name of its own, or of Video for Windows.
  const { id, setup }: MatroskaCodec = await readMatroskaCodec(new ByteWindow(byteLength, (start, end) => sink.read(start, end)));
  if (id === "V_FFV1") return { codec: "ffv1", setup };
  if (id !== "V_MS/VFW/FOURCC") return { codec: id };
  const fourCc: string = String.fromCharCode(...setup.subarray(16, 20));
  return { codec: fourCc === "FFV1" ? "ffv1" : fourCc, setup: setup.subarray(BITMAP_HEADER_BYTES) };
}

/** Of Video for Windows, before what the codec itself keeps there. */
const BITMAP_HEADER_BYTES = 40;

function carriesAlpha({ codec, setup }: Stream, first: EncodedPacket): boolean {
  switch (codec) {
    case "vp9":
      // A second picture beside each one; some builds of ffmpeg write the header's mark without it.
      return first.sideData.alpha !== undefined;
    case "prores-4444":
      return proresHasAlpha(first.data);
    case "ffv1":
      return ffv1HasAlpha(
        setup !== undefined && setup.length > 0 ? { from: "configuration", bytes: setup } : { from: "key frame", bytes: first.data },
      );
    default:
      return false;
  }
}

/** The frame header's alpha_channel_type (SMPTE RDD 36): behind the size of the frame and its mark "icpf". */
function proresHasAlpha(frame: Uint8Array): boolean {
  return (frame[8 + 17]! & 0x0f) !== 0;
}
