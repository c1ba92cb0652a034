/**
 * Pictures that the host decoded, for a page: each is asked for by its time, and comes with the answer or from a server. One
 * script, evaluated in the top window where a video needs it first.
 */
import { fromBase64 } from "../../../core/base64.ts";
import type { FedVideo, FeedHost, OpenFeed, PictureFeed, PictureMemory } from "./feed.ts";
import type { HostPicture, PictureQuestion } from "./host-pictures.ts";
import { ownFunctions, type OwnFunctions } from "./own-functions.ts";
import { SharedFrame } from "./shared-frame.ts";

/** Put around this script by the host. */
declare const __feed: { open?: OpenFeed };

/** Pictures that a feed holds at most: the one that is shown, and those that come next. */
const MOST_KEPT = 4;
/** A picture is asked for once more where its server did not give it. */
const MOST_TRIES = 2;

/**
 * The colours are those of the video, whatever a picture's file says of them; and Chromium takes a bitmap's colours for straight
 * ones, also where they are multiplied with its alpha. Pictures of ours in JPEG say nothing and have none, and are decoded quicker
 * without this.
 */
const RAW: ImageBitmapOptions = { colorSpaceConversion: "none", premultiplyAlpha: "none" };

/** A picture in the time of the video: shown from `start` until `end`. */
interface Shown {
  readonly start: number;
  readonly end: number;
}

interface Kept extends Shown {
  readonly frame: SharedFrame;
  readonly bytes: number;
}

/** A picture that is under way. */
interface Coming {
  readonly seconds: number;
  /** Null until the host has answered. */
  times: Shown | null;
  readonly frame: Promise<SharedFrame>;
  /** Ends the wait for it. */
  stop(reason: unknown): void;
  /** Those who wait for it, each of which releases it. */
  waiting: number;
  /** Bytes that were taken for it; 0 where it cannot be kept. */
  room: number;
}

class HostPictureFeed implements PictureFeed {
  readonly #host: FeedHost;
  readonly #memory: PictureMemory;
  readonly #own: OwnFunctions = ownFunctions();
  readonly #size: { readonly width: number; readonly height: number };
  readonly #hasAlpha: boolean;
  readonly #ended = new AbortController();
  /** In the order in which they were needed last. */
  readonly #kept = new Set<Kept>();
  readonly #coming = new Set<Coming>();

  constructor({ facts }: FedVideo, host: FeedHost) {
    this.#host = host;
    this.#memory = host.memory;
    this.#size = facts.video!.size;
    this.#hasAlpha = facts.video!.hasAlpha;
  }

  async picture(seconds: number): Promise<VideoFrame> {
    this.#ended.signal.throwIfAborted();
    const kept: Kept | undefined = this.#renewed(seconds);
    const coming: Coming | undefined = this.#comingAt(seconds);
    this.#memory.count(kept || coming ? "hit" : "miss");
    if (kept) return kept.frame.copy();
    return this.#awaited(coming ?? this.#ask(seconds, this.#takeRoom()));
  }

  ahead(seconds: readonly number[]): void {
    if (this.#ended.signal.aborted) return;
    for (const time of seconds.slice(0, MOST_KEPT - 1)) {
      if (this.#renewed(time) || this.#comingAt(time)) continue;
      if (this.#coming.size >= MOST_KEPT) return;
      const room: number = this.#takeRoom();
      if (room === 0) return;
      // Whoever needs the picture asks again, and hears why it does not come.
      this.#ask(time, room).frame.catch(() => {});
    }
  }

  close(): void {
    if (this.#ended.signal.aborted) return;
    const reason = new Error("The feed of the video was closed");
    this.#ended.abort(reason);
    for (const one of this.#coming) {
      this.#giveRoom(one);
      one.stop(reason);
    }
    for (const one of this.#kept) this.#drop(one);
  }

  #keptAt(seconds: number): Kept | undefined {
    return [...this.#kept].find((one) => isShownAt(one, seconds));
  }

  #renewed(seconds: number): Kept | undefined {
    const kept: Kept | undefined = this.#keptAt(seconds);
    if (kept === undefined) return undefined;
    this.#kept.delete(kept);
    this.#kept.add(kept);
    return kept;
  }

  #comingAt(seconds: number): Coming | undefined {
    return [...this.#coming].find((one) => one.seconds === seconds || (one.times !== null && isShownAt(one.times, seconds)));
  }

  /** Room for one more picture, in bytes; 0 where none is left. */
  #takeRoom(): number {
    const bytes: number = this.#size.width * this.#size.height * 4;
    while (this.#kept.size > 0 && this.#kept.size + this.#coming.size >= MOST_KEPT) this.#dropOldest();
    if (this.#memory.take(bytes)) return bytes;
    if (this.#kept.size === 0) return 0;
    this.#dropOldest();
    this.#memory.count("eviction");
    return this.#memory.take(bytes) ? bytes : 0;
  }

  #dropOldest(): void {
    const [oldest] = this.#kept;
    this.#drop(oldest!);
  }

  #drop(kept: Kept): void {
    this.#kept.delete(kept);
    kept.frame.release();
    this.#memory.give(kept.bytes);
  }

  #giveRoom(coming: Coming): void {
    if (coming.room > 0) this.#memory.give(coming.room);
    coming.room = 0;
  }

  #ask(seconds: number, room: number): Coming {
    let stop: Coming["stop"] = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = reject;
    });
    const frame: Promise<SharedFrame> = Promise.race([this.#load(seconds, () => coming), stopped]);
    const coming: Coming = { seconds, times: null, waiting: 0, room, frame, stop };
    this.#coming.add(coming);
    return coming;
  }

  async #load(seconds: number, self: () => Coming): Promise<SharedFrame> {
    let isKept = false;
    try {
      const { times, frame } = await this.#decoded(seconds, self);
      if (this.#ended.signal.aborted) {
        frame.close();
        throw this.#ended.signal.reason;
      }
      const { room, waiting } = self();
      if (room === 0) this.#memory.count("rejection");
      isKept = room > 0 && this.#keptAt(seconds) === undefined;
      const shared = new SharedFrame(frame, waiting + (isKept ? 1 : 0));
      if (isKept) this.#kept.add({ ...times, frame: shared, bytes: room });
      return shared;
    } finally {
      this.#coming.delete(self());
      if (!isKept) this.#giveRoom(self());
    }
  }

  async #decoded(seconds: number, self: () => Coming, tries: number = MOST_TRIES): Promise<{ times: Shown; frame: VideoFrame }> {
    const question: PictureQuestion = { seconds };
    const answer: HostPicture = await this.#host.ask<HostPicture>(question);
    // What is before the first picture of a video shows the first.
    const times: Shown = { start: Math.min(seconds, answer.start), end: answer.end ?? Infinity };
    const twin: VideoFrame | null = await this.#twin(seconds, self());
    if (twin !== null) return { times, frame: twin };
    self().times = times;
    const picture: Blob | null = "url" in answer ? await this.#fetched(answer.url, tries === 1) : blobOf(answer.data, answer.type);
    if (picture === null) return this.#decoded(seconds, self, tries - 1);
    return { times, frame: await this.#frameOf(picture, answer.start) };
  }

  /** The picture, where it came meanwhile or is about to: it was asked for by another of its times. */
  async #twin(seconds: number, self: Coming): Promise<VideoFrame | null> {
    const kept: Kept | undefined = this.#keptAt(seconds);
    if (kept) return kept.frame.copy();
    const coming: Coming | undefined = [...this.#coming].find((one) => one !== self && one.times !== null && isShownAt(one.times, seconds));
    return coming === undefined ? null : this.#awaited(coming);
  }

  /** A frame of one's own of a picture that is under way. */
  async #awaited(coming: Coming): Promise<VideoFrame> {
    coming.waiting++;
    const frame: SharedFrame = await coming.frame;
    try {
      return frame.copy();
    } finally {
      frame.release();
    }
  }

  /** Null where it is to be asked for again. */
  async #fetched(url: string, isLast: boolean): Promise<Blob | null> {
    try {
      const response: Response = await this.#own.fetch(url, { credentials: "omit", cache: "no-store", signal: this.#ended.signal });
      if (!response.ok) throw new Error(`its server answered with status ${response.status}`);
      return await this.#own.blobOf(response);
    } catch (thrown) {
      if (isLast || this.#ended.signal.aborted) throw thrown;
      return null;
    }
  }

  async #frameOf(picture: Blob, start: number): Promise<VideoFrame> {
    const bitmap: ImageBitmap = await this.#own.createImageBitmap(picture, picture.type === "image/jpeg" ? {} : RAW);
    try {
      return new VideoFrame(bitmap, {
        timestamp: Math.round(start * 1_000_000),
        alpha: this.#hasAlpha ? "keep" : "discard",
        displayWidth: this.#size.width,
        displayHeight: this.#size.height,
      });
    } finally {
      bitmap.close();
    }
  }
}

function isShownAt({ start, end }: Shown, seconds: number): boolean {
  return start <= seconds && seconds < end;
}

function blobOf(data: string, type: string): Blob {
  return new Blob([fromBase64(data)], { type });
}

__feed.open = (video, host) => new HostPictureFeed(video, host);
