/** What host and page say to one another: JSON, in protocol calls and bindings. Bytes cross as base64; the boundary gives them decoded. */
import type { CompositionSettings, Declared, PageFacts } from "../core/capture.ts";
import type { FrameRate } from "../core/frame-rate.ts";
import type { MediaFacts } from "../core/media.ts";
import type { SoundClip } from "../core/sound.ts";

/** Where our own documents live on whatever origin the composition has: the shell must share its origin. */
export const RESERVED_PATH = "/__framewright__/";

/** The document that holds the shell or an encoder: no composition. */
export const SHELL_PATH = "/__framewright__/blank.html";

/** The binding by which a composition that is ready warns. */
export const WARN_BINDING = "__framewrightWarn";

/** The binding by which the shell announces frames: a `FrameNotice` as JSON. */
export const FRAME_BINDING = "__framewrightFrame";

/** The binding by which an encoder in a page gives what it encoded: an `EncoderNotice` as JSON. */
export const CHUNK_BINDING = "__framewrightChunk";

/** The binding by which the page asks the host for what concerns media: an `Asked` as JSON. */
export const MEDIA_BINDING = "__framewrightMedia";

/** What `listen` of the page gives. */
export interface HeardScore {
  readonly clips: readonly SoundClip[];
  /** How many pieces of recordings there are: the host takes them one by one, for they are large. */
  readonly pieces: number;
}

/** The page has gone through so many frames and has not heard all: the host asks again. A page that stays silent is found out by that. */
export interface HeardSoFar {
  readonly heardFrames: number;
}

/** How listening to a page ended, or how far it came. */
export type HeardEnd = HeardScore | HeardSoFar | { readonly navigatedTo: string };

/** So much of what the page made itself. */
export interface HeardPiece<Bytes = string> {
  readonly sampleRate: number;
  /** Seconds of the video. */
  readonly start: number;
  /** It goes on where the piece before it ends. */
  readonly continues: boolean;
  /** Samples as 32-bit floats, one list a channel. */
  readonly channels: readonly Bytes[];
}

/** What the host asks the page to mix. JSON. */
export interface ClipToMix {
  readonly clip: SoundClip;
  /** Where its file ends for those that begin anew there, in seconds of it; null where its samples say it. */
  readonly loopEndSeconds: number | null;
}

/** A stretch of what the page mixed: 32-bit floats, null of silence; or whose file could not be heard, and why. */
export type PageMixAnswer<Bytes = string> = { readonly samples: Bytes | null } | { readonly source: string; readonly fault: string };

/** The function of the top window by which the host answers: `(id, MediaAnswer)`. */
export const MEDIA_ANSWER = "__framewrightMediaAnswer";

/** One question of a page to the host. */
export interface AskedOfHost {
  /** Of this question alone, whichever document asked. */
  readonly id: string;
  readonly question: MediaQuestion;
}

export type MediaQuestion =
  /** Null once the top window has `__framewrightReadMedia`, a `MediaReader`. */
  | { readonly ask: "reader" }
  /** What another page of the job learned of a source: `MediaFacts`, or null where nobody did. */
  | { readonly ask: "facts"; readonly source: string }
  /** Tells the host; null. */
  | { readonly ask: "learned"; readonly facts: MediaFacts }
  /** Which injector feeds a video: a `FeedChoice`. */
  | { readonly ask: "feed"; readonly facts: MediaFacts }
  /** A feed in the page has failed, and no picture comes of it; null. */
  | { readonly ask: "failed"; readonly injector: string; readonly source: string; readonly why: string }
  /** What the feed of an injector asks: its own affair. */
  | { readonly ask: "injector"; readonly injector: string; readonly source: string; readonly question: unknown };

/** The injector of a video, whose `OpenFeed` the top window then has in `__framewrightFeeds`; null leaves the browser's own. */
export interface FeedChoice {
  readonly injector: string | null;
  /** Bytes of pictures that this page may keep, over all videos. */
  readonly cacheBytes: number;
}

export type MediaAnswer = { readonly value: unknown } | { readonly fault: string };

/** What the early script finds on the window of each of the composition's frames. */
export interface EarlySettings extends Omit<CompositionSettings, "adapters"> {
  readonly frameRate: FrameRate;
  /** False: the browser itself plays what videos show, sought frame by frame. */
  readonly injectsMedia: boolean;
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
}

/** A range of frames for the shell to capture. */
export interface ShellRun {
  readonly start: number;
  readonly end: number;
  readonly frameRate: FrameRate;
  readonly format: "RGBA" | "I420" | "page";
}

export type ShellRunEnd =
  | { readonly ended: "complete" | "stopped" }
  | { readonly ended: "seek-failed" | "capture-failed"; readonly index: number; readonly thrown: string }
  | { readonly ended: "navigated"; readonly index: number; readonly url: string }
  | { readonly ended: "depth-scene"; readonly index: number };

/** What the shell saw at one frame: block averages, a scene that it cannot paint, another page, or why it sees nothing. */
export type ShellSample<Bytes = string> =
  | { readonly averages: Bytes }
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
export type EncoderNotice<Bytes = string> = { readonly chunk: EncodedChunk<Bytes> } | { readonly fault: string };

/** One encoded picture. They come in the order in which the pictures went in, and none is left out. */
export interface EncodedChunk<Bytes = string> {
  readonly isKey: boolean;
  readonly data: Bytes;
  /** The decoder's configuration, where it came with this chunk: of H.264 the avcC box. */
  readonly description?: Bytes;
  readonly codec?: string;
}

export interface SoundEncoderSettings {
  readonly sampleRate: number;
  readonly channels: number;
  /** Bits a second. */
  readonly bitrate: number;
}

/** One encoded piece of sound, in order. */
export interface EncodedSound<Bytes = string> {
  readonly data: Bytes;
  readonly samples: number;
  /** The decoder's configuration, where it came with this piece. */
  readonly description?: Bytes;
}

/** What a page that encodes sound offers, as `__framewrightSoundEncoder`. */
export interface PageSoundEncoder {
  /** Whether this browser encodes so. */
  isSupported(settings: SoundEncoderSettings): Promise<boolean>;
  open(settings: SoundEncoderSettings): Promise<void>;
  /** @param samples 32-bit floats as base64, the channels in turn */
  encode(samples: string): Promise<readonly EncodedSound[]>;
  finish(): Promise<readonly EncodedSound[]>;
}
