import { aborted, mediaUnreadable } from "../core/errors.ts";
import type { CachedPicture, FrameCache } from "../core/frame-cache.ts";
import type { InjectedVideo, InjectorContext } from "../core/injector.ts";
import type { VideoPictures, VideoPicturesOptions } from "../ffmpeg/video-pictures.ts";
import { ShownTimes } from "./shown-times.ts";

/** Opens the pictures of a video file. Whoever opened them closes them. */
export type OpenVideoPictures = (path: string, options: VideoPicturesOptions) => Promise<VideoPictures>;

/** A file that is open for all pages of the job. */
interface OpenVideo {
  readonly pictures: Promise<VideoPictures>;
  readonly shown: ShownTimes;
  /** Pictures of which nobody knows yet when they are shown, by the time that was asked for. */
  readonly sought: Map<number, Promise<CachedPicture>>;
}

/** The pictures of all videos of a job, decoded by this host. Those that the job's cache holds are not decoded again. */
export class HostPictures {
  readonly #cache: FrameCache;
  readonly #open: OpenVideoPictures;
  readonly #executablePath: string | undefined;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #videos = new Map<string, OpenVideo>();
  #closing: Promise<void> | null = null;

  constructor({ cache, signal }: InjectorContext, open: OpenVideoPictures, executablePath: string | undefined) {
    this.#cache = cache;
    this.#open = open;
    this.#executablePath = executablePath;
    this.#signal = AbortSignal.any([signal, this.#ended.signal]);
  }

  /**
   * The picture that a video shows, as a feed asks for it.
   *
   * @throws RenderError `media-unreadable`, `disk-full`, `aborted`
   */
  async answer(question: unknown, video: InjectedVideo): Promise<CachedPicture> {
    const seconds: number = secondsOf(question);
    try {
      this.#signal.throwIfAborted();
      return await this.#picture(seconds, video);
    } catch (thrown) {
      throw this.#signal.aborted ? aborted(this.#signal.reason) : thrown;
    }
  }

  /** May be called twice, never rejects. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #picture(seconds: number, video: InjectedVideo): Promise<CachedPicture> {
    const { source } = video.facts;
    const known: OpenVideo = this.#video(video);
    const pictures: VideoPictures = await known.pictures;
    const start: number | null = known.shown.startAt(seconds);
    if (start !== null) return this.#cache.get(keyOf(source, start), () => pictures.at(start, this.#signal));
    const picture: CachedPicture = await this.#sought(known, pictures, seconds);
    known.shown.learn(seconds, picture);
    return this.#cache.get(keyOf(source, picture.start), () => Promise.resolve(picture));
  }

  async #close(): Promise<void> {
    this.#ended.abort(new Error("the injector was closed"));
    const opened: readonly Promise<VideoPictures>[] = [...this.#videos.values()].map(({ pictures }) => pictures);
    await Promise.allSettled(opened.map(async (pictures) => (await pictures)[Symbol.asyncDispose]()));
  }

  #video(video: InjectedVideo): OpenVideo {
    const { source } = video.facts;
    const known: OpenVideo | undefined = this.#videos.get(source);
    if (known) return known;
    const opening: OpenVideo = { pictures: this.#opened(video), shown: new ShownTimes(), sought: new Map() };
    this.#videos.set(source, opening);
    // Whoever asks next tries again.
    opening.pictures.catch(() => this.#videos.delete(source));
    return opening;
  }

  async #opened(video: InjectedVideo): Promise<VideoPictures> {
    const { source, video: facts } = video.facts;
    if (facts === null) throw mediaUnreadable(source, "it holds no pictures");
    const path: string = await video.path();
    this.#signal.throwIfAborted();
    // The source is named by the page, and its facts are read from the file.
    return this.#open(path, { source, ...(this.#executablePath === undefined ? {} : { executablePath: this.#executablePath }) });
  }

  #sought({ sought }: OpenVideo, pictures: VideoPictures, seconds: number): Promise<CachedPicture> {
    const underWay: Promise<CachedPicture> =
      sought.get(seconds) ?? pictures.at(seconds, this.#signal).finally(() => void sought.delete(seconds));
    sought.set(seconds, underWay);
    return underWay;
  }
}

function keyOf(source: string, start: number): string {
  return `${source}\n${start}`;
}

function secondsOf(question: unknown): number {
  const seconds: unknown = (question as { readonly seconds?: unknown } | null)?.seconds;
  if (typeof seconds === "number" && Number.isFinite(seconds)) return seconds;
  throw new TypeError(`A feed asks for a picture by { seconds }, a finite number; this one asked ${JSON.stringify(question)}`);
}
