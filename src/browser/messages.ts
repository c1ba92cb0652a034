/** What host and page say to one another: JSON, in protocol calls and bindings. */
import type { CompositionSettings, Declared, PageFacts } from "../core/capture.ts";
import type { FrameRate } from "../core/frame-rate.ts";

/** Where our own documents live on whatever origin the composition has: the shell must share its origin. */
export const RESERVED_PATH = "/__framewright__/";

/** The document that holds the shell or an encoder: no composition. */
export const SHELL_PATH = "/__framewright__/blank.html";

/** The binding by which a composition that is ready warns. */
export const WARN_BINDING = "__framewrightWarn";

/** What the early script finds on the window of each of the composition's frames. */
export interface EarlySettings extends Omit<CompositionSettings, "adapters"> {
  readonly frameRate: FrameRate;
}

/** A composition that can be rendered. Numbers that JSON cannot carry travel as text. */
export interface OpenedComposition extends Omit<PageFacts, "duration"> {
  readonly ready: true;
  readonly duration: Declared<string> | null;
}

export interface UnreadyComposition {
  readonly ready: false;
  readonly url: string;
  /** What the page was waited for. */
  readonly waitedFor: string;
  /** What the page threw, or rejected its own `ready` promise with. */
  readonly failed?: string;
  /** What its author wrote that cannot be done, and how to mend it. */
  readonly fault?: string;
}

/** What a shell makes its pictures of: the whole page that it frames, or the one canvas that fills that page. */
export type PictureOf = "page" | "canvas";

/** How a seek ended. `reload`: the page must be loaded again first, for it cannot go back; `navigated`: it is another page now. */
export type SeekEnd = "done" | "reload" | "navigated";

/** What the page's half of a transport needs. */
export type SenderConfig =
  | { readonly kind: "ring-file"; readonly nonce: string; readonly slotBytes: number; readonly slots: number }
  | { readonly kind: "websocket"; readonly url: string; readonly slotBytes: number; readonly slots: number };

/** Where a frame's pixels are: a slot of the transport, or a frame that the page keeps. */
export type FramePlace = { readonly slot: number } | { readonly handle: number };

/** What the shell tells of each frame. */
export interface FrameNotice {
  readonly index: number;
  /** Null: the pixels are those of the frame before. */
  readonly at: FramePlace | null;
  /** Block averages as base64, where they were asked for. */
  readonly sample?: string;
}

/** A range of frames for the shell to capture. */
export interface ShellRun {
  readonly start: number;
  readonly end: number;
  readonly frameRate: FrameRate;
  readonly format: "RGBA" | "I420" | "page";
  readonly sampleAt: readonly number[];
}

export type ShellRunEnd =
  | { readonly ended: "complete" | "stopped" }
  | { readonly ended: "seek-failed" | "capture-failed"; readonly index: number; readonly thrown: string }
  | { readonly ended: "navigated"; readonly index: number; readonly url: string }
  | { readonly ended: "depth-scene"; readonly index: number };

/** What the shell saw at one frame: block averages as base64, a scene that it cannot paint, another page, or why it sees nothing. */
export type ShellSample =
  | { readonly averages: string }
  | { readonly depthScene: true }
  | { readonly navigatedTo: string }
  | { readonly captureFailed: string };

/** How the canary page looks at one time: the colours at the points that were asked for, as red, green, blue, alpha. */
export interface CanaryLook {
  readonly colors: readonly (readonly number[])[];
  readonly isDamaged: boolean;
}

/** What the encoder keeps to: a constant quantizer as the codec counts, or bits a second. */
export type RateControl = { readonly quantizer: number } | { readonly bitrate: number };

export interface EncoderSettings {
  /** Codec strings to try, best first. */
  readonly codecs: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly rate: RateControl;
}

export interface FrameToEncode {
  readonly timestampUs: number;
  readonly durationUs: number;
  readonly isKey: boolean;
  /** A frame that the page keeps, or a picture as base64; null encodes the frame before once more. */
  readonly picture: { readonly handle: number } | { readonly format: "I420" | "RGBA" | "PNG" | "JPEG"; readonly data: string } | null;
}

/** What the page's encoder tells. */
export type EncoderNotice = { readonly chunk: EncodedChunk } | { readonly fault: string };

/** One encoded picture. They come in the order in which the pictures went in, and none is left out. */
export interface EncodedChunk {
  readonly isKey: boolean;
  /** base64 */
  readonly data: string;
  /** The decoder's configuration as base64, where it came with this chunk: of H.264 the avcC box. */
  readonly description?: string;
  readonly codec?: string;
}
