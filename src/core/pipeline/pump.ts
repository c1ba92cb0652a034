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
  const fetchNext = (): Promise<IteratorResult<Frame>> => {
    const index: number = expected++;
    return within(options.captureTimeoutMs, frames.next(), () => captureStalled(index, options.captureTimeoutMs));
  };
  let next: Promise<IteratorResult<Frame>> = fetchNext();
  try {
    for (;;) {
      const { done, value: frame } = await next;
      if (done === true) return { frames: written, repeats };
      next = fetchNext();
      // Heard where it is awaited; without this a fault beside a failing write would be an unhandled rejection.
      next.catch(() => {});
      await encoder.write(frame);
      written++;
      if (frame.repeats) repeats++;
      options.onFrame?.(frame);
    }
  } finally {
    next.then(
      ({ done, value }) => {
        if (done !== true) value.close();
      },
      () => {},
    );
    // Not awaited: a source that hangs must not hold the failure back. Its owner closes what is under it.
    frames.return?.().catch(() => {});
  }
}
