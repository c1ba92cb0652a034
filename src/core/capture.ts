import type { Browser, BrowserPage } from "./browser.ts";
import type { Frame, FrameFormat, Size } from "./frame.ts";
import type { FrameRange, FrameRate } from "./frame-rate.ts";
import type { BlockAverages } from "./blocks.ts";
import type { Support } from "./support.ts";

/** Takes the pixels of an open page at one time after another. A plain object, made by a factory. */
export interface Capture {
  readonly contract: 1;
  readonly name: string;
  readonly traits: CaptureTraits;
  /** Really captures a canary page in this browser. Never rejects for a lack; says it. */
  probe(context: CaptureProbeContext): Promise<Support>;
  /** Opens the composition and makes it ready: contract found, fonts, images and style sheets loaded. */
  open(request: CaptureRequest, context: CaptureContext): Promise<CaptureSession>;
}

export interface CaptureTraits {
  /** Formats that it can give, best first. */
  readonly gives: readonly FrameFormat[];
  /** Command-line flags that the browser needs for it. */
  readonly browserFlags: readonly string[];
  /** False where scenes with `transform-style: preserve-3d` may be painted in the wrong order. */
  readonly sortsDepth: boolean;
  /** True where pictures must be compared with the reference capture's. */
  readonly needsCheck: boolean;
}

/** What a composition says of itself once it is ready. JSON. */
export interface PageFacts {
  /** Where the page ended up, after redirects. */
  readonly url: string;
  /** Seconds; null where the page does not say. Not yet judged: may be infinite, negative or NaN. */
  readonly durationSeconds: number | null;
  /** Which object the page offered. */
  readonly contract: "framewright" | "__hf";
  /** Whether the page's origin counts as secure: https, or this host. */
  readonly isSecureContext: boolean;
  /** A scene with `transform-style: preserve-3d` is in the page. */
  readonly hasDepthScene: boolean;
  /** What went wrong without stopping the page: pictures that did not load, scripts that threw. */
  readonly warnings: readonly string[];
}

export interface CaptureProbeContext {
  readonly browser: Browser;
  /** The origin of the page that will be captured. */
  readonly origin: string;
  readonly signal?: AbortSignal;
}

export interface CaptureRequest {
  /** Absolute URL of the composition. */
  readonly url: string;
  readonly size: Size;
  readonly frameRate: FrameRate;
  /** The format to give, one of `traits.gives`. */
  readonly frameFormat: FrameFormat;
  /** Longest time in milliseconds to become ready. */
  readonly readinessTimeoutMs: number;
}

export interface CaptureContext {
  readonly browser: Browser;
  readonly signal: AbortSignal;
  warn(reason: string): void;
}

export interface CaptureSession extends AsyncDisposable {
  readonly facts: PageFacts;
  /** The page that is captured; it holds the `page` frames. */
  readonly page: BrowserPage;
  /** Name of the transport that carries the pixels to the host; null where there is none. */
  readonly transport: string | null;
  /**
   * Seeks and captures each frame of the range, in order. The reader closes each frame. Leaving the loop stops the page.
   *
   * @throws RenderError `seek-failed`, `capture-failed`, `capture-distrusted`, `browser-closed`, `aborted`
   */
  read(range: FrameRange, options: ReadOptions): AsyncIterable<Frame>;
  /** The block averages of one frame, seeked and captured as `read` does. Not during a `read`. */
  sample(index: number): Promise<BlockAverages>;
  close(): Promise<void>;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Frames whose block averages `onSample` is given, taken from the very pixels that are delivered. */
  readonly sampleAt?: readonly number[];
  onSample?(index: number, averages: BlockAverages): void;
}
