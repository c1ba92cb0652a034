import type { Browser, BrowserPage } from "./browser.ts";
import type { Frame, FrameFormat, Size } from "./frame.ts";
import type { FrameRange, FrameRate, FrameRateInput } from "./frame-rate.ts";
import type { BlockAverages } from "./blocks.ts";
import type { PageMedia, PageSound } from "./media.ts";
import type { SoundScore } from "./sound.ts";
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
  /** `own`: its flags change what every page of the browser does, so that it shares one with no other part. */
  readonly browser: "shared" | "own";
  /** True where it can only read a page that is one `<canvas>` which fills it. */
  readonly needsSingleCanvas: boolean;
  /** False where scenes with `transform-style: preserve-3d` may be painted in the wrong order. */
  readonly sortsDepth: boolean;
  /** False where pictures, frames and videos of other origins are left out while the browser's web security is on. */
  readonly paintsCrossOrigin: boolean;
  /** True where pictures must be compared with the reference capture's. */
  readonly needsCheck: boolean;
}

/** Where the page says a thing: an object of its scripts, its `<meta name="framewright">`, its data attributes, or its animations. */
export type DeclaredBy = "contract" | "meta" | "attributes" | "animations";

/** What the page says of itself, and where. Not yet judged: a duration may be infinite, negative or NaN. */
export interface Declared<Value> {
  readonly value: Value;
  readonly by: DeclaredBy;
}

/** What a composition says of itself once it is ready. JSON. */
export interface PageFacts {
  /** Where the page ended up, after redirects. */
  readonly url: string;
  /** Seconds; null where the page does not say. */
  readonly duration: Declared<number> | null;
  /** CSS pixels; null where the page does not say. */
  readonly size: Declared<Size> | null;
  /** Null where the page does not say. */
  readonly frameRate: Declared<FrameRateInput> | null;
  /** Which contract the page offers; `none`: it is driven by the virtual clock and the adapters alone. */
  readonly contract: "framewright" | "__hf" | "hyperframes" | "none";
  /** `sequential`: what the page shows depends on what it did before, so that going back means to load it again. */
  readonly access: "random" | "sequential";
  /** The page is one `<canvas>` that fills it. */
  readonly isSingleCanvas: boolean;
  /** URLs of pictures, frames and videos of other origins, which some captures leave out. */
  readonly crossOrigin: readonly string[];
  /** Names of the adapters that have something to drive. */
  readonly adapters: readonly string[];
  /** Whether the page's origin counts as secure: https, or this host. */
  readonly isSecureContext: boolean;
  /** A scene with `transform-style: preserve-3d` is in the page. */
  readonly hasDepthScene: boolean;
  /** The page, or a frame of its origin, got a WebGL context before it was ready. Workers are not looked into. */
  readonly drawsWebGl: boolean;
  /** Its `<video>` and `<audio>` elements that have a source. */
  readonly media: readonly PageMedia[];
  readonly sound: PageSound;
  /** What went wrong without stopping the page: pictures that did not load, scripts that threw. */
  readonly warnings: readonly string[];
}

export interface CaptureProbeContext {
  readonly browser: Browser;
  /** The origin of the page that will be captured. */
  readonly origin: string;
  readonly signal?: AbortSignal;
}

/** What the page's virtual world is made of: equal settings give equal frames. JSON. */
export interface CompositionSettings {
  /** Seeds `Math.random` and `crypto.getRandomValues`; a whole number from 0 to 4294967295. */
  readonly seed: number;
  /** What `Date.now()` answers at time 0, in milliseconds since 1970. */
  readonly startDateMs: number;
  /** A composition inside the page to render alone, as a selector such as `#intro`; null renders the page. */
  readonly entry: string | null;
  /** Values for the page's variables, over the defaults that it declares. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Whether the page itself must say how long the video is: it is waited for until it does. */
  readonly awaitsDuration: boolean;
  /** Adapters besides the built-in ones: JavaScript expressions that give an `Adapter`. */
  readonly adapters: readonly string[];
}

/** What a job that says nothing of it gets: 1 January 2025, 00:00 UTC, and no variables. */
export const defaultComposition: CompositionSettings = {
  seed: 0,
  startDateMs: Date.UTC(2025, 0, 1),
  entry: null,
  variables: {},
  awaitsDuration: true,
  adapters: [],
};

export interface CaptureRequest {
  /** Absolute URL of the composition. */
  readonly url: string;
  readonly size: Size;
  readonly frameRate: FrameRate;
  /** The format to give, one of `traits.gives`. */
  readonly frameFormat: FrameFormat;
  /**
   * True where the page's own transparency is kept: what it does not paint is transparent. Frames are then RGBA or PNG, straight
   * alpha. Otherwise unpainted pixels are white.
   */
  readonly alpha: boolean;
  readonly composition: CompositionSettings;
  /** Longest time in milliseconds to become ready. */
  readonly readinessTimeoutMs: number;
}

export interface CaptureContext {
  readonly browser: Browser;
  readonly signal: AbortSignal;
  warn(reason: string): void;
  /** To be called with each page before it loads the composition; null where the browser itself plays all media. */
  readonly attachMedia: ((page: BrowserPage) => Promise<void>) | null;
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
  /**
   * All that is heard in so many frames. Where scripts play it the page goes through all of them, and back again. Not during a
   * `read`.
   *
   * @param sound What is known of the page's sound; `facts.sound` unless more was heard since
   * @throws RenderError `seek-failed`, `browser-closed`, `page-navigated`, `page-failed`
   */
  listen(frameCount: number, sound?: PageSound, options?: ListenOptions): Promise<SoundScore>;
  /** What was heard in the frames that were read though `facts.sound` said nothing of it, in words; null where nothing was. */
  unplannedSound(): Promise<string | null>;
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Called whenever the page got on. A page that does not for `captureTimeoutMs` is given up. */
  onProgress?(): void;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Frames whose block averages `onSample` is given, taken from the very pixels that are delivered. */
  readonly sampleAt?: readonly number[];
  onSample?(index: number, averages: BlockAverages): void;
}
