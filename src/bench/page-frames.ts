import type { Browser } from "../core/browser.ts";
import { defaultComposition, type Capture, type CaptureContext, type CaptureSession } from "../core/capture.ts";
import { aborted } from "../core/errors.ts";
import type { Frame, FrameFormat, Size } from "../core/frame.ts";

/** Frames a second of all pages that are measured. */
export const BENCH_RATE = { numerator: 30, denominator: 1 } as const;

const READINESS_MS = 15_000;
/** More frames than anybody takes: the page runs ahead of its reader, and must not come to an end. */
const ENDLESS = 100_000;

/** A page, and the browser to open it in. */
export interface PagePlace {
  readonly browser: Browser;
  readonly url: string;
  readonly size: Size;
  readonly signal: AbortSignal;
}

/**
 * Opens the page as a render would. The caller closes it.
 *
 * @param attachMedia Who feeds its videos; null leaves them to the browser
 */
export function openCapture(
  capture: Capture,
  frameFormat: FrameFormat,
  { browser, url, size, signal }: PagePlace,
  attachMedia: CaptureContext["attachMedia"] = null,
): Promise<CaptureSession> {
  return capture.open(
    {
      ...{ url, size, frameRate: BENCH_RATE, frameFormat },
      alpha: false,
      composition: defaultComposition,
      readinessTimeoutMs: READINESS_MS,
    },
    { browser, signal, warn: () => {}, attachMedia },
  );
}

/** Frames in order, one at a time. Whoever takes one closes it. */
export class FrameReader implements AsyncDisposable {
  readonly #frames: AsyncIterator<Frame>;
  readonly #signal: AbortSignal;

  constructor(session: CaptureSession, signal: AbortSignal) {
    this.#frames = session.read({ start: 0, end: ENDLESS }, { signal })[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /** @throws RenderError `aborted`, and what the capture throws */
  async next(): Promise<Frame> {
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
    const { done, value } = await this.#frames.next();
    if (done === true) throw aborted(this.#signal.reason);
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#frames.return?.();
  }
}
