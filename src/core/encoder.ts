import type { Browser, BrowserPage } from "./browser.ts";
import type { Container, VideoCodec } from "./formats.ts";
import type { Frame, FrameFormat, Size } from "./frame.ts";
import type { FrameRate } from "./frame-rate.ts";
import type { OutputSink } from "./sink.ts";
import type { AudioCodec, AudioRequest, MixedSound } from "./sound.ts";
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
  /** Codecs that it writes into each container. */
  readonly writes: Readonly<Partial<Record<Container, readonly VideoCodec[]>>>;
  /** Of these codecs, those whose alpha it keeps. */
  readonly alphaCodecs: readonly VideoCodec[];
  /** Codecs of sound that it writes into each container; none where it writes pictures alone. */
  readonly writesAudio: Readonly<Partial<Record<Container, readonly AudioCodec[]>>>;
  /** `page`: it encodes inside a browser page and needs one in its context. */
  readonly runsIn: "process" | "page";
  /** `stream`: each frame is encoded as it comes; `disk`: the frames lie on disk until the last one is there; `files`: each frame becomes a file of its own. */
  readonly takes: "stream" | "disk" | "files";
  /** True where it can give a frame that stays the time that it stays, in place of repeating it. */
  readonly variableTiming: boolean;
  /** Containers whose files, each beginning with a key frame, can be joined without encoding again. */
  readonly joinable: readonly Container[];
}

/** Speed presets of x264 and x265, fastest first. */
export const presets: readonly string[] = ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];

/** How good the picture shall be, as one word; what each means for a codec is a measured table. */
export type QualityLevel = "draft" | "standard" | "high" | "lossless";

/** How good the picture shall be. What an encoder cannot follow it says in a warning. */
export interface Quality {
  /** Decides what the others leave open. */
  readonly level: QualityLevel;
  /** Constant rate factor as the codec counts: 0 to 51 for H.264 and HEVC, 0 to 63 for AV1, VP9 and VP8; smaller is better. */
  readonly crf?: number;
  /** Speed preset of x264 and x265, from "ultrafast" to "veryslow". */
  readonly preset?: string;
  /** Bits a second, instead of `crf`. */
  readonly bitrate?: number;
  /** Name of ffmpeg, such as "yuv444p". */
  readonly pixelFormat?: string;
  /** Frames from one key frame to the next, at most. */
  readonly gop?: number;
}

/** Makers of encoders in hardware. They are taken only when asked for, and only where ten frames really came out. */
export type Hardware = "nvenc" | "qsv" | "vaapi" | "videotoolbox";

export interface EncodeRequest {
  readonly size: Size;
  readonly frameRate: FrameRate;
  readonly frameCount: number | null;
  /** The format in which frames will come; one of `traits.accepts`. */
  readonly frameFormat: FrameFormat;
  readonly container: Container;
  readonly codec: VideoCodec;
  /** The frames' alpha is kept; they come as RGBA or PNG. */
  readonly alpha: boolean;
  readonly quality: Quality;
  /** `variable`: a frame that repeats the one before lengthens it. */
  readonly timing: "constant" | "variable";
  readonly hardware: Hardware | null;
  /** How often a moving picture plays; 0 is for ever. Video files know no such thing. */
  readonly loop: number;
  /** The sound that is written beside the pictures; null for none. With it comes `EncoderContext.sound`. */
  readonly audio: AudioRequest | null;
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
  /** The whole mix, as long as the pictures; not null where the request has `audio`. Its owner closes it after the session. */
  readonly sound: MixedSound | null;
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
  /** Pictures in the output: fewer than came where the timing is variable. */
  readonly framesOut: number;
  readonly byteLength: number;
  readonly codec: VideoCodec;
}
