import type { CompositionSettings } from "./capture.ts";
import type { Hardware, Quality, QualityLevel } from "./encoder.ts";
import type { Container, VideoCodec } from "./formats.ts";
import type { Size } from "./frame.ts";
import type { FrameRate, FrameRateInput } from "./frame-rate.ts";
import type { NetworkAccess } from "./network.ts";
import type { AudioCodec } from "./sound.ts";

/** What shall be rendered. JSON. */
export interface RenderJob {
  /** Path of an HTML file, or a URL with http:// or https://. */
  readonly page: string;
  /**
   * Path of the video, whose extension names the format: .mp4, .webm, .mov, .mkv, .gif, .webp, .apng. A number in the name,
   * as in "frames/%05d.png", makes a folder of pictures: .png, .jpg, .webp.
   */
  readonly output: string;
  /** The format, where the output's name does not tell it: a folder with "png-sequence". */
  readonly format?: Container;
  /** The first of the format's codecs unless said. */
  readonly codec?: VideoCodec;
  /** Keeps the page's own transparency. Unless said it is kept by ProRes 4444, APNG, and folders of PNG and WebP; elsewhere unpainted is white. */
  readonly alpha?: boolean;
  /** Pixels; the page's own width unless said, and 1920 where it names none. With `height`. */
  readonly width?: number;
  /** Pixels; the page's own height unless said, and 1080 where it names none. With `width`. */
  readonly height?: number;
  /** Frames a second; the page's own rate unless said, and 30 where it names none. */
  readonly frameRate?: FrameRateInput;
  /** Seconds; the page's own duration unless said, and the end of its last animation where it names none. */
  readonly duration?: number;
  /** A word, or a word with values of your own over it; `standard` unless said. */
  readonly quality?: QualityLevel | Partial<Quality>;
  /** `variable` encodes changed frames alone, each with the time that it stays: a slide show costs what its changes cost. `constant` unless said. */
  readonly timing?: "constant" | "variable";
  /** How often a GIF, WebP or APNG plays; 0, for ever, unless said. */
  readonly loop?: number;
  /** An encoder in hardware; none unless said. */
  readonly hardware?: Hardware;
  /** Pages that capture at the same time, each in a browser of its own; the policy chooses unless said. */
  readonly workers?: number;
  /** Parts of the video that are captured and encoded at the same time and then joined; 1 unless said. */
  readonly segments?: number;
  readonly streaming?: StreamingOptions;
  readonly sound?: SoundOptions;
  readonly media?: MediaOptions;
  readonly limits?: LimitOptions;
  /** Name of the capture to use; the policy chooses unless said. */
  readonly capture?: string;
  /** Name of the encoder to use; the policy chooses unless said. */
  readonly encoder?: string;
  /**
   * `paint` shows pictures, frames and videos of other origins also in captures that leave them out. It switches the
   * browser's web security off, which lets the page read other origins: only for pages whose author you trust.
   */
  readonly crossOrigin?: "paint" | "omit";
  /**
   * What the page may reach, for pages that you did not write: `all`; `public`, its own origin and public addresses of the
   * internet; `same-origin`, its own origin; `none`, the files beside a page of this host, or nothing but the one document of a
   * page of the network; a list of hosts (`cdn.example.com`, `*.example.com`, `localhost:3000`) and origins besides its own.
   * Except under `all`, no name may lead to this machine or a private network. What is refused becomes a warning.
   *
   * @default "all"
   */
  readonly network?: NetworkAccess;
  /** IANA name of the time zone that the page's dates are shown in, such as "Europe/Berlin"; "UTC" unless said. */
  readonly timeZone?: string;
  /** BCP 47 name of the language that the page is asked to speak, such as "de-DE"; "en-US" unless said. */
  readonly locale?: string;
  /** Seeds the page's `Math.random` and `crypto.getRandomValues`, from 0 to 4294967295; 0 unless said. */
  readonly seed?: number;
  /** What the page's clock shows at the start of the video, such as "2025-01-01T00:00:00Z", which it is unless said. */
  readonly startDate?: string;
  /** A composition inside the page to render alone: a selector such as "#intro", or the name of its file. */
  readonly entry?: string;
  /** Values for the page's variables, over the defaults that it declares. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Adapters besides the built-in ones: JavaScript expressions that give an `Adapter`, which run in the page before its scripts. */
  readonly adapters?: readonly string[];
  /** Ends the render at the first warning, with the code `warning-raised`. */
  readonly strict?: boolean;
  /** Longest time in milliseconds for the page to become ready; 15,000 unless said. */
  readonly readinessTimeoutMs?: number;
  /** Longest wait in milliseconds for one frame of the page; 60,000 unless said. */
  readonly captureTimeoutMs?: number;
}

/** Frames that go straight into the encoder, in place of lying on disk first. */
export interface StreamingOptions {
  /** True unless said. */
  readonly enabled?: boolean;
  /** Longest video, inclusive, that is streamed: a limit of whoever runs the machine. None unless said. */
  readonly maxDurationSeconds?: number;
  /** Longest silence in milliseconds of the encoder; 600,000 unless said. There is no limit on the whole. */
  readonly inactivityTimeoutMs?: number;
}

/** What a render may consume at most, whatever its page asks for. */
export interface LimitOptions {
  /** Frames of the video. @default 10,000,000 */
  readonly maxFrames?: number;
  /** Seconds that the whole render may take, from the call to the published output. No total timeout by default. */
  readonly maxSeconds?: number;
  /** Bytes of media files that the host copies for the render, all files together. @default 8 GiB */
  readonly mediaBytes?: number;
}

/** What is heard. */
export interface SoundOptions {
  /** False renders the pictures alone. True unless said. */
  readonly enabled?: boolean;
  /** The first of the format's unless said: aac in .mp4, .mov and .mkv, opus in .webm. */
  readonly codec?: AudioCodec;
  /** Bits a second; 192,000 for aac and 160,000 for opus unless said. */
  readonly bitrate?: number;
  /** Integrated loudness to come to, in LUFS from -70 to -5, such as -14 or -23 (EBU R128). The level stays as it is unless said. */
  readonly loudness?: number;
}

/** Videos inside the page. */
export interface MediaOptions {
  /** Name of the injector to use, or `native` to leave videos to the browser; the policy chooses unless said. */
  readonly injector?: string;
  /** Bytes of pictures that the job may keep, over all workers; a share of the memory that the process may use unless said. */
  readonly cacheBytes?: number;
}

/** What the output will be. */
export interface OutputFormat {
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly alpha: boolean;
  readonly quality: Quality;
}

/** A job with every value read and every default filled in. */
export interface ParsedJob extends OutputFormat {
  readonly page: string;
  readonly output: string;
  /** Null where the page's own counts. */
  readonly size: Size | null;
  readonly frameRate: FrameRate | null;
  readonly duration: number | null;
  readonly timing: "constant" | "variable";
  readonly loop: number;
  readonly hardware: Hardware | null;
  /** Null where the policy chooses. */
  readonly workers: number | null;
  readonly segments: number;
  readonly streaming: { readonly enabled: boolean; readonly maxDurationSeconds: number | null };
  /** `codec` and `bitrate` are null where the policy chooses. */
  readonly sound: {
    readonly enabled: boolean;
    readonly codec: AudioCodec | null;
    readonly bitrate: number | null;
    readonly loudness: number | null;
  };
  readonly media: { readonly injector: string | null; readonly cacheBytes: number | null };
  /** `maxSeconds` is null where there is no total timeout. */
  readonly limits: { readonly maxFrames: number; readonly maxSeconds: number | null; readonly mediaBytes: number };
  readonly capture: string | null;
  readonly encoder: string | null;
  readonly crossOrigin: "paint" | "omit";
  readonly network: NetworkAccess;
  readonly timeZone: string;
  readonly locale: string;
  readonly composition: CompositionSettings;
  readonly strict: boolean;
  readonly readinessTimeoutMs: number;
  readonly captureTimeoutMs: number;
  readonly inactivityTimeoutMs: number;
}
