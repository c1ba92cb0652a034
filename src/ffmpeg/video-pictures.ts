import { aborted, mediaUnreadable } from "../core/errors.ts";
import type { CachedPicture } from "../core/frame-cache.ts";
import type { Size } from "../core/frame.ts";
import type { VideoFacts } from "../core/media.ts";
import { planChunks } from "./chunk-plan.ts";
import { extractPictures } from "./extract-pictures.ts";
import type { PictureRequest } from "./picture-arguments.ts";
import { PictureChunk } from "./picture-chunk.ts";
import { pictureStore, type PictureStore, type PictureStoreOptions } from "./picture-store.ts";
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
import { decoding, type QueuedWork } from "./work-queue.ts";

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
  readonly facts: Pick<VideoFacts, "hasAlpha" | "size" | "rotation">;
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
 * Opens a video file for its pictures. They are decoded by ffmpeg, some seconds at a time around those that are asked for, and kept
 * on disk for the next render.
 *
 * @throws RenderError `media-unreadable`, `ffmpeg-missing`
 */
export async function openVideoPictures(path: string, options: VideoPicturesOptions): Promise<VideoPictures> {
  const store: PictureStore = pictureStore(options.cache);
  const closed = new AbortController();
  const source: VideoSource = await openVideoSource(path, options, store, closed.signal);
  return new FilePictures(source, options, store, closed);
}

interface OpenChunk {
  readonly chunk: PictureChunk;
  /** Ends when all that it will hold is there. */
  readonly made: Promise<void>;
  /** Somebody waits for it. */
  hurry(): void;
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

  constructor(source: VideoSource, options: VideoPicturesOptions, store: PictureStore, closed: AbortController) {
    const { facts } = options;
    this.#hasAlpha = facts.hasAlpha || source.index.stream.hasAlpha;
    const { type = this.#hasAlpha ? "image/png" : "image/jpeg" } = options;
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
    const [start, behind] = [this.#starts[place]!, this.#starts[place + 1]];
    // In the second half, so that a page that shows a moment of a long film does not have more of it decoded.
    if (behind !== undefined && number >= (start + behind) / 2) this.#open(place + 1, false);
    const shown = await chunk.chunk.shownAt(timesUs[number]!, signal);
    if (shown !== null) return shown;
    // A damaged file may lack the first pictures of a chunk; then what came before is still shown.
    const before = place === 0 ? null : await this.#open(place - 1, true).chunk.shownAt(timesUs[number]!, signal);
    const instead = before ?? (await this.#open(place, true).chunk.first(signal));
    if (instead !== null) return instead;
    throw mediaUnreadable(name, `ffmpeg decodes no picture of it around ${secondsIn(index, timesUs[number]!).toFixed(3)} s`);
  }

  #open(place: number, isNeeded: boolean): OpenChunk {
    const known: OpenChunk | undefined = this.#chunks.get(place);
    const open: OpenChunk = known ?? this.#begin(place);
    if (isNeeded) {
      open.hurry();
      this.#chunks.delete(place);
    }
    this.#chunks.set(place, open);
    this.#closeIdle();
    return open;
  }

  #begin(place: number): OpenChunk {
    const chunk = new PictureChunk(`${this.#key}-${place}`, this.#store);
    const { signal } = this.#closed;
    let queued: QueuedWork | null = null;
    let isNeeded = false;
    const make = async (): Promise<void> => {
      if (await chunk.load()) return;
      queued = decoding.add(
        () => chunk.make((give) => extractPictures(this.#request(place), this.#source, give, signal)),
        isNeeded,
        signal,
      );
      await queued.done;
    };
    const hurry = (): void => {
      isNeeded = true;
      queued?.hurry();
    };
    return { chunk, made: make().catch((thrown: unknown) => chunk.fail(thrown)), hurry };
  }

  #request(place: number): Omit<PictureRequest, "seekUs"> {
    const { path, index } = this.#source;
    const [first, behind] = [this.#starts[place]!, this.#starts[place + 1]];
    return {
      ...{ path, stream: index.stream, size: this.#size, hasAlpha: this.#hasAlpha, type: this.#type },
      startUs: pictureUntil(index, first),
      endUs: pictureUntil(index, behind ?? index.timesUs.length),
    };
  }

  /** Those that were asked for longest ago, beyond what may stay open. */
  #closeIdle(): void {
    const newest: readonly [number, OpenChunk][] = [...this.#chunks].toReversed();
    let held = 0;
    for (const [at, [place, { chunk }]] of newest.entries()) {
      if (chunk.isHeld) held++;
      const isOver: boolean = at >= OPEN_CHUNKS || (chunk.isHeld && held > HELD_CHUNKS);
      if (!isOver || !chunk.isIdle) continue;
      this.#chunks.delete(place);
      void chunk.close();
    }
  }
}
