import { EncodedPacketSink, type EncodedPacket, type InputAudioTrack, type InputTrack, type InputVideoTrack } from "mediabunny";
import type { AudioFacts, MediaFacts, VideoFacts } from "../../../core/media.ts";
import { mediaFault } from "./media-fault.ts";
import { inWords, type MediaFile } from "./media-file.ts";

/** As many pictures tell the rate of a video: a file of hours is not read to its end for it. */
const PICTURES_FOR_RATE = 64;

/** What the headers of a file say. Rejects with a `MediaFault`. */
export function mediaFacts(source: string, file: MediaFile): Promise<MediaFacts> {
  return inWords(file.bytes, async () => {
    const { input, tracks, bytes, beginning } = file;
    const [video, audio] = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()];
    const end: number = await input.computeDuration([...tracks]);
    if (video) await assertWhole(video, file);
    return {
      source,
      durationSeconds: Math.max(0, end - beginning),
      byteLength: bytes.byteLength,
      video: video && (await videoFacts(video)),
      audio: audio && (await audioFacts(audio)),
    };
  });
}

async function videoFacts(track: InputVideoTrack): Promise<VideoFacts> {
  return {
    codec: await codecOf(track),
    size: { width: Math.round(await track.getDisplayWidth()), height: Math.round(await track.getDisplayHeight()) },
    rotation: await track.getRotation(),
    hasAlpha: await track.canBeTransparent(),
    tickSeconds: 1 / (await track.getTimeResolution()),
    frameRate: await frameRateOf(track),
    decodesInPage: await track.canDecode(),
  };
}

async function audioFacts(track: InputAudioTrack): Promise<AudioFacts> {
  return {
    codec: await codecOf(track),
    sampleRate: await track.getSampleRate(),
    channels: await track.getNumberOfChannels(),
    decodesInPage: await track.canDecode(),
  };
}

async function codecOf(track: InputTrack): Promise<string> {
  const known: string | null = await track.getCodecParameterString();
  if (known !== null) return known;
  const own: string | number | Uint8Array | null = await track.getInternalCodecId();
  return own === null ? "unknown" : typeof own === "object" ? new TextDecoder("latin1").decode(own) : String(own);
}

async function frameRateOf(track: InputVideoTrack): Promise<number | null> {
  const sink = new EncodedPacketSink(track);
  let [count, first, last]: [number, number, number] = [0, Infinity, -Infinity];
  let packet: EncodedPacket | null = await sink.getFirstPacket({ metadataOnly: true });
  // Those that are decoded early are shown behind some that are still to come.
  for (; packet !== null && (count < PICTURES_FOR_RATE || packet.timestamp < last); count++) {
    [first, last] = [Math.min(first, packet.timestamp), Math.max(last, packet.timestamp)];
    packet = await sink.getNextPacket(packet, { metadataOnly: true });
  }
  return last > first ? (count - 1) / (last - first) : null;
}

/** An upload that broke off has a table of contents for pictures that are not there. */
async function assertWhole(track: InputVideoTrack, { bytes }: MediaFile): Promise<void> {
  const sink = new EncodedPacketSink(track);
  const last: EncodedPacket | null = await sink.getPacket(Infinity, { metadataOnly: true });
  if (last === null) throw mediaFault("broken", "its video track holds no pictures");
  if ((await sink.getPacket(Infinity)) !== null) return;
  const place: string = `its last picture, at ${last.timestamp.toFixed(3)} s, lies behind that`;
  throw mediaFault("broken", `the file is cut off: it ends after ${bytes.byteLength} bytes, and ${place}`);
}
