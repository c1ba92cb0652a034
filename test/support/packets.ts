import { createHash } from "node:crypto";
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input, type InputVideoTrack } from "mediabunny";

/** What a file holds, packet by packet, in the order of the file. Times are whole numbers, as the file itself counts. */
export interface PacketFacts {
  readonly ticksPerSecond: number;
  readonly packets: readonly StoredPacket[];
  readonly colorSpace: VideoColorSpaceInit;
  readonly codecString: string | null;
  /** The track says that its pictures carry alpha. */
  readonly saysAlpha: boolean;
}

export interface StoredPacket {
  readonly start: number;
  readonly duration: number;
  readonly isKey: boolean;
  /** Of the encoded picture, and of its alpha where it has one. */
  readonly hash: string;
  readonly hasAlpha: boolean;
}

export async function readPackets(path: string): Promise<PacketFacts> {
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(path) });
  try {
    const track: InputVideoTrack | null = await input.getPrimaryVideoTrack();
    if (track === null) throw new Error(`"${path}" has no video track`);
    const ticksPerSecond: number = await track.getTimeResolution();
    const packets: StoredPacket[] = [];
    for await (const { timestamp, duration, type, data, sideData } of new EncodedPacketSink(track).packets()) {
      const hash = createHash("md5").update(data);
      if (sideData.alpha) hash.update(sideData.alpha);
      packets.push({
        start: Math.round(timestamp * ticksPerSecond),
        duration: Math.round(duration * ticksPerSecond),
        isKey: type === "key",
        hash: hash.digest("hex"),
        hasAlpha: sideData.alpha !== undefined,
      });
    }
    return {
      ticksPerSecond,
      packets,
      colorSpace: await track.getColorSpace(),
      codecString: await track.getCodecParameterString(),
      saysAlpha: await track.canBeTransparent(),
    };
  } finally {
    input.dispose();
  }
}

/** Stands for bytes that would take long to be compared one by one. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** The exact time of a frame, rounded once to what the file counts in. */
export function exactTick(
  index: number,
  { numerator, denominator }: { numerator: number; denominator: number },
  ticksPerSecond: number,
): number {
  return Math.round((index * denominator * ticksPerSecond) / numerator);
}
