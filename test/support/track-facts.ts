import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input, type InputVideoTrack } from "mediabunny";

/** When each frame of a file begins, as the file itself counts. */
export interface TrackFacts {
  readonly ticksPerSecond: number;
  /** Of each frame, in the order of the file, as whole numbers. */
  readonly ticks: readonly number[];
}

export async function trackFacts(path: string): Promise<TrackFacts> {
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(path) });
  try {
    const track: InputVideoTrack | null = await input.getPrimaryVideoTrack();
    if (track === null) throw new Error(`"${path}" has no video track`);
    const ticksPerSecond: number = await track.getTimeResolution();
    const ticks: number[] = [];
    for await (const { timestamp } of new EncodedPacketSink(track).packets()) ticks.push(Math.round(timestamp * ticksPerSecond));
    return { ticksPerSecond, ticks };
  } finally {
    input.dispose();
  }
}
