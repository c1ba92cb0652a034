import { aborted, mediaUnreadable } from "../core/errors.ts";
import type { CachedPicture } from "../core/frame-cache.ts";
import type { Size } from "../core/frame.ts";
import type { VideoFacts } from "../core/media.ts";
import { planChunks } from "./chunk-plan.ts";
import { ChunkDecoder } from "./chunk-decoder.ts";
import { decoderBytes, decoders } from "./decoder-pool.ts";
import { Extraction } from "./extraction.ts";
import type { PictureRequest } from "./picture-arguments.ts";
import { PictureChunk } from "./picture-chunk.ts";
import { pictureStore, type PictureStore, type PictureStoreOptions } from "./picture-store.ts";
import { videoFileFacts } from "./video-file-facts.ts";
import { pictureAt, pictureUntil } from "./video-index.ts";
import {
  digestOf,
  lateByUs,
  openVideoSource,
  pictureNumberAt,
  secondsIn,
  type VideoSource,
  type VideoSourceOptions,
} from "./video-source.ts";

/** The pictures of one video file, each as an encoded picture. Whoever opened it closes it. */
export interface VideoPictures extends AsyncDisposable {
  /**
   * The picture that is shown at a time of the file, in seconds from its beginning: that of the last frame that begins by then,
   * past the end the last one. A frame that begins half a tick later counts too, for containers round their times: `start` and `end`
   * of the picture say so, in that this gives the same picture for every time from `start` until `end`.
   *
   * @throws RenderError `media-unreadable`, `aborted`
   */
  at(seconds: number, signal?: AbortSignal): Promise<CachedPicture>;
}

export interface VideoPicturesOptions extends VideoSourceOptions {
  /** As the headers of the file say; read from it where they are not given. Never what a page says of it: they go into arguments of ffmpeg. */
  readonly facts?: Pick<VideoFacts, "hasAlpha" | "size" | "rotation">;
  /** PNG where it has transparency, JPEG otherwise, unless it is given. */
  readonly type?: "image/jpeg" | "image/png";
  /** Where decoded pictures are kept, from one render to the next. */
  readonly cache?: PictureStoreOptions;
}

/** Chunks that stay open: pages of several workers are at several places. */
const OPEN_CHUNKS = 8;
/** The same where they take memory. */
const HELD_CHUNKS = 3;
/**
 * Whoever asks for more pictures of a chunk than these goes through it, and will come to the next. A page that shows one moment
 * asks for that, and for what would come next.
 */
const MOMENT_PICTURES = 6;

/**
 * Opens a video file for its pictures. They are decoded by ffmpeg, a little further than they are asked for, and kept on disk for the
 * next render, some seconds at a time.
 *
 * @throws RenderError `media-unreadable`, `ffmpeg-missing`
 */
export async function openVideoPictures(path: string, options: VideoPicturesOptions): Promise<VideoPictures> {
  const store: PictureStore = pictureStore(options.cache);
  const closed = new AbortController();
  const source: VideoSource = await openVideoSource(path, options, store, closed.signal);
  const facts = options.facts ?? (await videoFileFacts(path, source.name));
  return new FilePictures(source, facts, options.type, store, closed);
}

interface OpenChunk {
  readonly chunk: PictureChunk;
  /** Numbers of the pictures that were asked for. */
  readonly asked: Set<number>;
  /** Null once all that it will hold is there, and until that is known not to be in the store. */
  decoder: ChunkDecoder | null;
  /** Ends when it holds all that it will, and the store has it. */
  made: Promise<void>;
}

class FilePictures implements VideoPictures {
  readonly #source: VideoSource;
  readonly #size: Size;
  readonly #hasAlpha: boolean;
  readonly #type: "image/jpeg" | "image/png";
  readonly #store: PictureStore;
  readonly #closed: AbortController;
  /** Number of the first picture of each chunk. */
  readonly #starts: readonly number[];
  readonly #key: string;
  /** By number, that which was asked for last at the end. */
  readonly #chunks = new Map<number, OpenChunk>();
  #closing: Promise<void> | null = null;

  constructor(
    source: VideoSource,
    facts: Pick<VideoFacts, "hasAlpha" | "size">,
    askedType: VideoPicturesOptions["type"],
    store: PictureStore,
    closed: AbortController,
  ) {
    this.#hasAlpha = facts.hasAlpha || source.index.stream.hasAlpha;
    const type = askedType ?? (this.#hasAlpha ? "image/png" : "image/jpeg");
    this.#size = facts.size;
    this.#source = source;
    this.#type = type;
    this.#store = store;
    this.#closed = closed;
    this.#starts = planChunks(source.index, facts.size.width * facts.size.height, type);
    this.#key = `${source.key}-${digestOf([type, facts.size, this.#hasAlpha, this.#starts])}`;
  }

  async at(seconds: number, signal?: AbortSignal): Promise<CachedPicture> {
    const { index } = this.#source;
    const number: number = pictureNumberAt(this.#source, seconds);
    const any: AbortSignal = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
    try {
      any.throwIfAborted();
      const { startUs, data } = await this.#shown(number, any);
      const [start, next] = [Math.min(startUs, index.timesUs[number]!), index.timesUs[number + 1]];
      return {
        type: this.#type,
        data,
        start: Math.max(0, secondsIn(index, start - lateByUs(index))),
        end: next === undefined ? Number.POSITIVE_INFINITY : secondsIn(index, next - lateByUs(index)),
      };
    } catch (thrown) {
      throw any.aborted ? aborted(any.reason) : thrown;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closed.abort(new Error("the video was closed"));
    const open: readonly OpenChunk[] = [...this.#chunks.values()];
    this.#chunks.clear();
    await Promise.all(open.map(async ({ chunk, made }) => made.then(() => chunk.close())));
  }

  async #shown(number: number, signal: AbortSignal): Promise<{ readonly startUs: number; readonly data: Uint8Array }> {
    const { index, name } = this.#source;
    const { timesUs } = index;
    const place: number = pictureAt({ timesUs: this.#starts }, number);
    const chunk: OpenChunk = this.#open(place, true);
    chunk.asked.add(number);
    // Whoever decodes this one goes on to the next.
    if (chunk.decoder === null && this.#isGoneThrough(place)) this.#open(place + 1, false);
    const shown = await chunk.chunk.shownAt(timesUs[number]!, signal);
    if (shown !== null) return shown;
    // A damaged file may lack the first pictures of a chunk; then what came before is still shown.
    const before = place === 0 ? null : await this.#open(place - 1, true).chunk.shownAt(timesUs[number]!, signal);
    const instead = before ?? (await this.#open(place, true).chunk.first(signal));
    if (instead !== null) return instead;
    throw mediaUnreadable(name, `ffmpeg decodes no picture of it around ${secondsIn(index, timesUs[number]!).toFixed(3)} s`);
  }

  #open(place: number, isNeeded: boolean): OpenChunk {
    const open: OpenChunk = this.#chunks.get(place) ?? this.#begin(place, isNeeded, null);
    if (isNeeded) {
      open.decoder?.use();
      this.#chunks.delete(place);
    }
    this.#chunks.set(place, open);
    this.#closeIdle();
    return open;
  }

  /** @param decoder One that has come to this chunk */
  #begin(place: number, isNeeded: boolean, decoder: ChunkDecoder | null): OpenChunk {
    const chunk = new PictureChunk(`${this.#key}-${place}`, this.#store, () => open.decoder?.rest());
    const open: OpenChunk = { chunk, asked: new Set(), decoder, made: Promise.resolve() };
    open.made = this.#make(place, open, isNeeded).catch((thrown: unknown) => chunk.fail(thrown));
    this.#chunks.set(place, open);
    return open;
  }

  async #make(place: number, open: OpenChunk, isNeeded: boolean): Promise<void> {
    const { chunk } = open;
    if (await chunk.load()) {
      await open.decoder?.end();
      open.decoder = null;
      return;
    }
    const decoder: ChunkDecoder = (open.decoder ??= this.#decoder(place, isNeeded || open.asked.size > 0));
    try {
      const canGoOn: boolean = await decoder.fill(chunk, this.#lastUs(place));
      open.decoder = null;
      const isWanted: boolean = this.#isGoneThrough(place) && !this.#chunks.has(place + 1) && !this.#closed.signal.aborted;
      if (canGoOn && isWanted) this.#begin(place + 1, false, decoder);
      else await decoder.end();
    } catch (thrown) {
      await decoder.end();
      throw thrown;
    }
    await chunk.keep();
  }

  #decoder(place: number, isNeeded: boolean): ChunkDecoder {
    const { signal } = this.#closed;
    const memoryBytes: number = decoderBytes(this.#size.width * this.#size.height);
    const begin = (): Promise<Extraction> => Extraction.begin(this.#request(place), this.#source, signal);
    return new ChunkDecoder({ memoryBytes, isNeeded, signal, begin });
  }

  #lastUs(place: number): number {
    const { timesUs } = this.#source.index;
    return timesUs[(this.#starts[place + 1] ?? timesUs.length) - 1]!;
  }

  /** Whether somebody is about to come to the next chunk. */
  #isGoneThrough(place: number): boolean {
    const [start, behind] = [this.#starts[place]!, this.#starts[place + 1]];
    if (behind === undefined) return false;
    return (this.#chunks.get(place)?.asked.size ?? 0) > Math.min(MOMENT_PICTURES, (behind - start) / 2);
  }

  #request(place: number): Omit<PictureRequest, "seekUs"> {
    const { path, index } = this.#source;
    return {
      ...{ path, stream: index.stream, size: this.#size, hasAlpha: this.#hasAlpha, type: this.#type },
      startUs: pictureUntil(index, this.#starts[place]!),
      // Threads make one film faster, and many slower.
      threads: decoders.size > 1 ? 1 : 0,
    };
  }

  /** Those that were asked for longest ago, beyond what may stay open. */
  #closeIdle(): void {
    const newest: readonly [number, OpenChunk][] = [...this.#chunks].toReversed();
    let held = 0;
    for (const [at, [place, { chunk, decoder }]] of newest.entries()) {
      if (chunk.isHeld) held++;
      if (at >= OPEN_CHUNKS) decoder?.finish();
      const isOver: boolean = at >= OPEN_CHUNKS || (chunk.isHeld && held > HELD_CHUNKS);
      if (!isOver || !chunk.isIdle) continue;
      this.#chunks.delete(place);
      void chunk.close();
    }
  }
}
