import { ALL_FORMATS, CustomSource, Input, type InputVideoTrack } from "mediabunny";
import type { VideoCodec } from "../encoder.ts";
import { messageOf, outputInvalid } from "../errors.ts";
import type { Size } from "../frame.ts";
import { frameTime, type FrameRate } from "../frame-rate.ts";
import type { OutputSink } from "../sink.ts";

/** What the finished file must be. */
export interface ExpectedOutput {
  readonly frameCount: number;
  readonly frameRate: FrameRate;
  readonly size: Size;
  readonly codec: VideoCodec;
}

/** What the finished file is. JSON. */
export interface OutputFacts {
  readonly frameCount: number;
  readonly durationSeconds: number;
  readonly size: Size;
  readonly codec: string | null;
  readonly colorSpace: {
    readonly primaries: string | null;
    readonly transfer: string | null;
    readonly matrix: string | null;
    readonly fullRange: boolean | null;
  };
  readonly byteLength: number;
}

const mediabunnyCodec: Readonly<Record<VideoCodec, string>> = { h264: "avc" };

/**
 * Reads the finished file back and holds it against what was asked for. It is called before the file gets its name.
 *
 * @throws RenderError `output-invalid`
 */
export async function checkOutput(sink: OutputSink, expected: ExpectedOutput): Promise<OutputFacts> {
  let facts: OutputFacts;
  try {
    facts = await readOutputFacts(sink);
  } catch (thrown) {
    throw outputInvalid(sink.name, [`it cannot be read back (${messageOf(thrown)})`]);
  }
  const faults: readonly string[] = outputFaults(facts, expected);
  if (faults.length > 0) throw outputInvalid(sink.name, faults);
  return facts;
}

async function readOutputFacts(sink: OutputSink): Promise<OutputFacts> {
  const byteLength: number = await sink.byteLength();
  const input = new Input({
    formats: ALL_FORMATS,
    source: new CustomSource({ getSize: () => byteLength, read: (start, end) => sink.read(start, end) }),
  });
  try {
    const track: InputVideoTrack | null = await input.getPrimaryVideoTrack();
    if (track === null) throw new Error("it has no video track");
    const [{ packetCount }, firstTimestamp, end, color, width, height, codec] = await Promise.all([
      track.computePacketStats(),
      track.getFirstTimestamp(),
      track.computeDuration(),
      track.getColorSpace(),
      track.getDisplayWidth(),
      track.getDisplayHeight(),
      track.getCodec(),
    ]);
    return {
      frameCount: packetCount,
      durationSeconds: end - firstTimestamp,
      size: { width, height },
      codec,
      colorSpace: {
        primaries: color.primaries ?? null,
        transfer: color.transfer ?? null,
        matrix: color.matrix ?? null,
        fullRange: color.fullRange ?? null,
      },
      byteLength,
    };
  } finally {
    input.dispose();
  }
}

/** Every way in which the file differs from what was asked for, in words. */
export function outputFaults(facts: OutputFacts, expected: ExpectedOutput): string[] {
  const faults: string[] = [];
  const compare = (what: string, found: unknown, wanted: unknown): void => {
    if (found !== wanted) faults.push(`${what} is ${found} instead of ${wanted}`);
  };
  compare("the number of frames", facts.frameCount, expected.frameCount);
  compare("the width", facts.size.width, expected.size.width);
  compare("the height", facts.size.height, expected.size.height);
  compare("the codec", facts.codec, mediabunnyCodec[expected.codec]);
  compare("the colour matrix", facts.colorSpace.matrix, "bt709");
  compare("the colour primaries", facts.colorSpace.primaries, "bt709");
  compare("the transfer function", facts.colorSpace.transfer, "bt709");
  compare("the full colour range", facts.colorSpace.fullRange, false);
  const duration: number = frameTime(expected.frameCount, expected.frameRate);
  const frame: number = frameTime(1, expected.frameRate);
  if (Math.abs(facts.durationSeconds - duration) > frame / 2)
    faults.push(`the duration is ${facts.durationSeconds} s instead of ${duration} s`);
  return faults;
}
