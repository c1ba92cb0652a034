import type { Size } from "./frame.ts";

/** What a file of pictures or sound is, as its headers say it. JSON. */
export interface MediaFacts {
  /** Its absolute address; of a `data:` URL its type and a digest, for addresses go into messages. */
  readonly source: string;
  /** Seconds from its first moment to its last. */
  readonly durationSeconds: number;
  /** Null where nobody knows. */
  readonly byteLength: number | null;
  readonly video: VideoFacts | null;
  readonly audio: AudioFacts | null;
}

export interface VideoFacts {
  /** As WebCodecs writes it, such as "avc1.64001f" or "vp09.00.10.08"; the file's own name where it knows none. */
  readonly codec: string;
  /** As it is shown: turned upright, with square pixels. */
  readonly size: Size;
  /** Degrees clockwise by which decoded pictures are turned to be shown. */
  readonly rotation: 0 | 90 | 180 | 270;
  readonly hasAlpha: boolean;
  /** The finest difference that times can have in the file, in seconds: 0.001 in WebM. Frames may begin half of it late. */
  readonly tickSeconds: number;
  /** Pictures a second on average; null where nobody knows. */
  readonly frameRate: number | null;
  /** Whether the decoder of the browser's pages takes it. */
  readonly decodesInPage: boolean;
}

export interface AudioFacts {
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  /** Whether the decoder of the browser's pages takes it. */
  readonly decodesInPage: boolean;
}

/** A media element of the page, as far as a plan needs to know it. JSON. */
export interface PageMedia {
  readonly kind: "video" | "audio";
  /** The key of its facts. */
  readonly source: string;
  readonly facts: MediaFacts | null;
  /** Why it cannot be read, in words; null where it can. */
  readonly fault: string | null;
  /** It plays or is to play: by an attribute, or because the page told it to. */
  readonly isUsed: boolean;
}

/** Whether the page is heard: `declared`: attributes say all of it; `played`: scripts play it, and only a run through all frames tells. */
export type PageSound = "none" | "declared" | "played";

/** Where the files of media lie on this host. */
export interface MediaFiles {
  /**
   * The path of a whole file, which may be copied for it. It lasts as long as the render.
   *
   * @param read Gives the bytes of a source that does not lie beside the page, as the page itself may read them
   * @throws RenderError `media-unreadable`, `limit-exceeded`, `disk-full`, `aborted`
   */
  pathOf(source: string, read: ReadFromPage): Promise<string>;
}

/** At least one of the bytes `[start, end)`, from `start` on, as soon as some have come; none at the end of the file. */
export type ReadFromPage = (start: number, end: number) => Promise<Uint8Array>;
