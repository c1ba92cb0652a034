import type { EncoderSession } from "../encoder.ts";
import { captureStalled } from "../errors.ts";
import type { Frame } from "../frame.ts";
import type { FrameRange } from "../frame-rate.ts";
import type { FrameSource } from "../source.ts";
import { within } from "./watchdog.ts";

export interface PumpOptions {
  readonly signal: AbortSignal;
  /** Longest wait for one frame of the source, in milliseconds. */
  readonly captureTimeoutMs: number;
  /** Called after the encoder took a frame. */
  onFrame?(frame: { readonly index: number; readonly repeats: boolean }): void;
}

/** What went through. */
export interface PumpResult {
  readonly frames: number;
  readonly repeats: number;
}

/**
 * Joins a source to an encoder: one write in flight, and one frame fetched beside it. Frames that were fetched but never
 * written are closed here.
 *
 * @throws RenderError `capture-stalled`, and whatever the source or the encoder throws
 */
export async function pump(source: FrameSource, range: FrameRange, encoder: EncoderSession, options: PumpOptions): Promise<PumpResult> {
  const frames: AsyncIterator<Frame> = source.read(range, options.signal)[Symbol.asyncIterator]();
  let [written, repeats, expected]: [number, number, number] = [0, 0, range.start];
  const inTime = (arrival: Promise<IteratorResult<Frame>>): Promise<IteratorResult<Frame>> => {
    const index: number = expected++;
    return within(options.captureTimeoutMs, arrival, () => captureStalled(index, options.captureTimeoutMs));
  };
  let arrival: Promise<IteratorResult<Frame>> = frames.next();
  let next: Promise<IteratorResult<Frame>> = inTime(arrival);
  try {
    for (;;) {
      const { done, value: frame } = await next;
      if (done === true) return { frames: written, repeats };
      arrival = frames.next();
      next = inTime(arrival);
      const writing: Promise<void> = encoder.write(frame);
      // A source that fails is heard at once: where both live in one page that hangs, the write would wait far longer.
      await Promise.race([writing, next.then(() => writing)]);
      written++;
      if (frame.repeats) repeats++;
      options.onFrame?.(frame);
    }
  } finally {
    // Not `next`, which has given up a frame that comes too late: that one is closed as well.
    arrival.then(
      ({ done, value }) => {
        if (done !== true) value.close();
      },
      () => {},
    );
    // Not awaited: a source that hangs must not hold the failure back. Its owner closes what is under it.
    frames.return?.().catch(() => {});
  }
}
