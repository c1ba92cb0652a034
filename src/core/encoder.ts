import type { Browser, BrowserPage } from "./browser.ts";
import type { Frame, FrameFormat, Size } from "./frame.ts";
import type { FrameRate } from "./frame-rate.ts";
import type { OutputSink } from "./sink.ts";
import type { Support } from "./support.ts";

/** Turns frames into a finished file. A plain object, made by a factory. */
export interface Encoder {
  readonly contract: 1;
  readonly name: string;
  readonly traits: EncoderTraits;
  /** Answers whether this request would work here, by trying. Never rejects for a lack; says it. */
  probe(request: EncodeRequest, context: EncoderProbeContext): Promise<Support>;
  /** Starts. What it started is ended by `finish` or `abort` of the session, or by the failure of this call. */
  open(request: EncodeRequest, context: EncoderContext): Promise<EncoderSession>;
}

/** What an encoder is, as plain JSON. */
export interface EncoderTraits {
  /** Frame formats that `write` takes, best first. */
  readonly accepts: readonly FrameFormat[];
  readonly containers: readonly Container[];
  readonly codecs: readonly VideoCodec[];
  /** `page`: it encodes inside a browser page and needs one in its context. */
  readonly runsIn: "process" | "page";
}

export type Container = "mp4";
export type VideoCodec = "h264";

/** How good the picture shall be. What an encoder cannot follow it says in a warning. */
export interface Quality {
  /** Constant rate factor, 0 (lossless) to 51, as x264 counts. */
  readonly crf?: number;
  /** Speed preset of x264, from "ultrafast" to "veryslow". */
  readonly preset?: string;
  /** Bits a second, instead of `crf`. */
  readonly bitrate?: number;
}

export interface EncodeRequest {
  readonly size: Size;
  readonly frameRate: FrameRate;
  readonly frameCount: number | null;
  /** The format in which frames will come; one of `traits.accepts`. */
  readonly frameFormat: FrameFormat;
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly quality: Quality;
}

export interface EncoderProbeContext {
  readonly browser: Browser;
  readonly signal?: AbortSignal;
}

export interface EncoderContext {
  readonly output: OutputSink;
  readonly signal: AbortSignal;
  /** For encoders that run in a page of their own. */
  readonly browser: Browser;
  /** The page that holds the frames, where they are of the format `page`. */
  readonly page: BrowserPage | null;
  /** Longest silence in milliseconds while a write or the finish waits for the encoder. */
  readonly inactivityTimeoutMs: number;
  warn(reason: string): void;
}

export interface EncoderSession extends AsyncDisposable {
  /**
   * Resolves when the encoder can take another frame. One call at a time. The session closes the frame, also on failure.
   *
   * @throws RenderError `encoder-failed`, `encoder-stalled`, `disk-full`, `aborted`; also for a fault that an earlier write caused
   */
  write(frame: Frame): Promise<void>;
  /** Flushes and closes the output. Memoised. Throws as `write` does. */
  finish(): Promise<EncodeResult>;
  /** Ends everything that the session started and waits until it has ended. May be called twice, never rejects. */
  abort(reason?: unknown): Promise<void>;
}

/** What the encoder says of its work. JSON. */
export interface EncodeResult {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly byteLength: number;
  readonly codec: VideoCodec;
}
