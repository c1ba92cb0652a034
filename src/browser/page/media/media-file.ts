import {
  ADTS,
  CustomSource,
  FLAC,
  Input,
  MATROSKA,
  MP3,
  MP4,
  MPEG_TS,
  OGG,
  QTFF,
  UnsupportedInputFormatError,
  WAVE,
  WEBM,
  type InputTrack,
} from "mediabunny";
import type { ByteSource } from "./byte-source.ts";
import { isMediaFault, mediaFault } from "./media-fault.ts";

/** What the demuxer keeps of a file beside the blocks of its source. */
const DEMUXER_BYTES: number = 512 << 10;

/** A file of pictures or sound whose headers were read. */
export interface MediaFile {
  readonly bytes: ByteSource;
  readonly input: Input;
  readonly tracks: readonly InputTrack[];
  /** When the file begins, in seconds of its own time stamps: not every file begins at 0. */
  readonly beginning: number;
}

/** Rejects with a `MediaFault`. */
export async function openMediaFile(bytes: ByteSource): Promise<MediaFile> {
  const input = new Input({ source: sourceOver(bytes), formats: [MP4, QTFF, MATROSKA, WEBM, WAVE, OGG, FLAC, MP3, ADTS, MPEG_TS] });
  try {
    return await inWords(bytes, async () => {
      const tracks: readonly InputTrack[] = await input.getTracks();
      if (tracks.length === 0) throw mediaFault("broken", await whyNoTracks(bytes));
      // What an edit list leaves out lies before 0.
      return { bytes, input, tracks, beginning: Math.max(0, await input.getFirstTimestamp()) };
    });
  } catch (fault) {
    input.dispose();
    throw fault;
  }
}

/** Runs what reads a file, and says in words of its file what went wrong. */
export async function inWords<Value>(bytes: ByteSource, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (cause) {
    if (isMediaFault(cause)) throw cause;
    if (cause instanceof UnsupportedInputFormatError) throw mediaFault("broken", await whatItIs(bytes), cause);
    const words: string = cause instanceof Error ? cause.message : String(cause);
    throw mediaFault("broken", `its ${bytes.byteLength} bytes are damaged or cut off (${words})`, cause);
  }
}

function sourceOver(bytes: ByteSource): CustomSource {
  return new CustomSource({
    getSize: () => bytes.byteLength,
    read: (start, end) => bytes.read(start, end),
    maxCacheSize: DEMUXER_BYTES,
    prefetchProfile: "fileSystem",
    // Whoever needs these bytes reads them again, and hears of it.
    handleUnhandledError: () => {},
  });
}

/** What lies there instead of media. */
async function whatItIs(bytes: ByteSource): Promise<string> {
  const head: Uint8Array = await bytes.read(0, 512);
  const text: string | null = textOf(head);
  const begin: string =
    text === null ? `it begins with the bytes ${hex(head.subarray(0, 8))}` : `it is text that begins "${text.trim().slice(0, 40)}"`;
  return `it is no media file that this program knows (MP4, MOV, WebM, Matroska, Ogg, WAV, MP3, AAC, FLAC, MPEG-TS): ${begin}`;
}

/** The boxes of an MP4 file tell whether its table of contents was cut off. */
async function whyNoTracks(bytes: ByteSource): Promise<string> {
  const head: Uint8Array = await bytes.read(0, 8);
  const isMp4: boolean = new TextDecoder("latin1").decode(head.subarray(4)) === "ftyp";
  if (!isMp4) return "it holds neither pictures nor sound";
  return `its table of contents (moov) is missing: the file was cut off at ${bytes.byteLength} bytes, or was never finished`;
}

/** Null of what is no text in UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    // The last character may be cut off.
    const text: string = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return /[^\P{Cc}\t\n\r]/u.test(text) ? null : text;
  } catch {
    return null;
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
