import type { EncodeResult, EncoderSession } from "../encoder.ts";
import type { FrameRange } from "../frame-rate.ts";
import type { FileSink } from "../sink.ts";
import type { FrameSource } from "../source.ts";
import { pump, type PumpOptions, type PumpResult } from "./pump.ts";

/** What captures and encodes one segment. Whoever made it closes its source and discards its file, also after a success. */
export interface SegmentWorker {
  readonly source: FrameSource;
  /** Where its encoder writes. */
  readonly file: FileSink;
  /** Starts the encoder for the frames of this range, the first of which begins the file. */
  openEncoder(range: FrameRange, signal: AbortSignal): Promise<EncoderSession>;
}

/** A finished part of the output. */
export interface Segment {
  readonly range: FrameRange;
  readonly file: FileSink;
  readonly encoded: EncodeResult;
}

/** Makes one file of segments, which come in order: `remux` for the containers that an encoder's traits call joinable. */
export type JoinSegments = (segments: readonly Segment[], signal: AbortSignal) => Promise<void>;

/** What went through. JSON. */
export interface SegmentsResult {
  readonly frames: number;
  readonly repeats: number;
  /** In the order of the output. */
  readonly segments: readonly { readonly range: FrameRange; readonly encoded: EncodeResult; readonly pumped: PumpResult }[];
}

/**
 * Cuts the range into as many segments as there are workers; each is captured and encoded by its own worker, all at the same
 * time, and the files are joined. Encoders then share the cores as captures do. The window's bytes are shared out among the
 * segments; `onFrame` hears of frames as each segment comes to them.
 *
 * The first failure stops all segments, and is thrown when their encoders have ended.
 *
 * @throws RenderError as `pump` and `join` do
 */
export async function pumpSegments(
  workers: readonly SegmentWorker[],
  range: FrameRange,
  join: JoinSegments,
  options: PumpOptions,
): Promise<SegmentsResult> {
  if (workers.length === 0) throw new TypeError("No worker was given for the segments; give at least one");
  const stop = new AbortController();
  const signal: AbortSignal = AbortSignal.any([options.signal, stop.signal]);
  const ranges: readonly FrameRange[] = cutIntoSegments(range, workers.length);
  const windowBytes: number = options.windowBytes / ranges.length;
  const running = ranges.map((range, index) =>
    runSegment(workers[index]!, range, { ...options, ...traced(options, index), windowBytes, signal }),
  );
  try {
    const segments = await Promise.all(running);
    await join(segments, signal);
    return {
      frames: sum(segments.map(({ pumped }) => pumped.frames)),
      repeats: sum(segments.map(({ pumped }) => pumped.repeats)),
      segments: segments.map(({ range, encoded, pumped }) => ({ range, encoded, pumped })),
    };
  } catch (thrown) {
    stop.abort(thrown);
    await Promise.allSettled(running);
    throw thrown;
  }
}

/** Consecutive ranges whose lengths differ by one frame at most; fewer than asked for where there are fewer frames. */
export function cutIntoSegments({ start, end }: FrameRange, count: number): FrameRange[] {
  const frames: number = end - start;
  const segments: number = Math.min(count, frames);
  const cut = (at: number): number => start + Math.floor((at * frames) / segments);
  return Array.from({ length: segments }, (_, at) => ({ start: cut(at), end: cut(at + 1) }));
}

async function runSegment(
  worker: SegmentWorker,
  range: FrameRange,
  options: PumpOptions,
): Promise<Segment & { readonly pumped: PumpResult }> {
  await using encoder = await worker.openEncoder(range, options.signal);
  const pumped: PumpResult = await pump([worker.source], range, encoder, options);
  return { range, file: worker.file, encoded: await encoder.finish(), pumped };
}

/** Each segment is a worker of its own in a trace. */
function traced({ onSpan }: PumpOptions, worker: number): Pick<PumpOptions, "onSpan"> {
  return onSpan ? { onSpan: (span) => onSpan({ ...span, worker }) } : {};
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
