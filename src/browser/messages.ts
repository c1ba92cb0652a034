/** What host and page say to one another: JSON, in protocol calls and bindings. */
import type { FrameRate } from "../core/frame-rate.ts";

/** Where our own documents live on whatever origin the composition has: the shell must share its origin. */
export const RESERVED_PATH = "/__framewright__/";

/** A composition that can be rendered. Numbers that JSON cannot carry travel as text. */
export interface OpenedComposition {
  readonly ready: true;
  /** Where the page ended up, after redirects. */
  readonly url: string;
  readonly duration: { readonly number: string } | null;
  readonly contract: "framewright" | "__hf";
  readonly isSecureContext: boolean;
  readonly hasDepthScene: boolean;
  readonly warnings: readonly string[];
}

export interface UnreadyComposition {
  readonly ready: false;
  readonly url: string;
  readonly waitedFor: string;
}

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
  | { readonly ended: "depth-scene"; readonly index: number };

/** What the shell saw at one time: block averages as base64, or a scene that it cannot paint. */
export type ShellSample = { readonly averages: string } | { readonly depthScene: true };

/** How the canary page looks at one time: the colours at the points that were asked for, as red, green, blue, alpha. */
export interface CanaryLook {
  readonly colors: readonly (readonly number[])[];
  readonly isDamaged: boolean;
}

export interface EncoderSettings {
  /** Codec strings to try, best first. */
  readonly codecs: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly bitrate: number;
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

export interface EncodedChunk {
  readonly isKey: boolean;
  readonly timestampUs: number;
  readonly durationUs: number;
  /** base64 */
  readonly data: string;
  /** The avcC box as base64, where it came with this chunk. */
  readonly description?: string;
  readonly codec?: string;
}
