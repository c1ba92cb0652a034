import { realTime } from "./clock/real-time.ts";

/** Longest wait for a seek, in milliseconds: the bytes of a remote video may have a long way. */
const SEEK_MS = 5_000;
/** Longest wait for the picture after it. A video that needed longer is not waited for again: it may not be painted at all. */
const PICTURE_MS = 500;

/** Waits until videos show what they were sought to. */
export class VideoSeeks {
  readonly #pending = new Map<HTMLVideoElement, Promise<void>>();
  readonly #shownTimes = new WeakMap<HTMLVideoElement, number>();
  readonly #ends = new WeakMap<HTMLMediaElement, () => void>();
  readonly #givenUp = new WeakSet<HTMLVideoElement>();

  /** To be told of each video right after its time was set. */
  note(video: HTMLVideoElement): void {
    // A seek to the time that is shown brings no new picture.
    if (!video.seeking || this.#shownTimes.get(video) === video.currentTime) return;
    this.#shownTimes.set(video, video.currentTime);
    this.#pending.set(video, this.#shows(video));
  }

  /** Waits for a video that is brought to its time otherwise. */
  add(video: HTMLVideoElement, shown: Promise<void>): void {
    shown.catch(() => {});
    this.#pending.set(video, shown);
  }

  /** To be told of `seeked` of those whose event others do not get to hear. */
  noteEnd(media: HTMLMediaElement): void {
    this.#ends.get(media)?.();
  }

  /** Resolves when each video that was sought since the last call shows the picture of its new time. */
  async shown(): Promise<void> {
    if (this.#pending.size === 0) return;
    const pending: Promise<void>[] = [...this.#pending.values()];
    this.#pending.clear();
    await Promise.all(pending);
  }

  /** `seeked` comes before the picture is there: painted at once, a video shows the one before, in one seek of a hundred. */
  async #shows(video: HTMLVideoElement): Promise<void> {
    const painted: Promise<void> = new Promise((resolve) => void video.requestVideoFrameCallback(() => resolve()));
    const sought = new Promise<void>((resolve) => {
      this.#ends.set(video, resolve);
      video.addEventListener("seeked", () => resolve(), { once: true });
    });
    await within(SEEK_MS, sought);
    const isPainted: boolean = video.isConnected && video.checkVisibility({ visibilityProperty: true });
    if (!isPainted || this.#givenUp.has(video)) return;
    if (!(await within(PICTURE_MS, painted))) this.#givenUp.add(video);
  }
}

/** Whether it resolved in time. */
async function within(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer = 0;
  const limit = new Promise<false>((resolve) => {
    timer = realTime.setTimeout(() => resolve(false), limitMs);
  });
  return Promise.race([work.then(() => true), limit]).finally(() => realTime.clearTimeout(timer));
}

const known = new WeakMap<Window, VideoSeeks>();

/** Those of a composition, by its window. */
export function videoSeeks(view: Window): VideoSeeks {
  const seeks: VideoSeeks = known.get(view) ?? new VideoSeeks();
  known.set(view, seeks);
  return seeks;
}
