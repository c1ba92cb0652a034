import { realTime } from "../clock/real-time.ts";
import type { VideoSeeks } from "../video-seeks.ts";
import type { MediaNatives } from "./media-natives.ts";

/** Longest wait for the first bytes of media that the page plays or shows before they are there, in milliseconds. */
const LOADING_MS = 5_000;
/** Seeks go so much past the time: some files tell when frames begin in whole milliseconds, up to half of one too late. */
const PAST_SECONDS = 0.001;
/** A seek that ends further away than this, in seconds, did not do what it should. */
const NEAR_SECONDS = 0.25;

/** The browser's own media, which stand still and are only sought. */
export class NativeVideos {
  readonly #natives: MediaNatives;
  readonly #seeks: VideoSeeks;
  readonly #warn: (reason: string) => void;
  /** Those that we sought ourselves last: the page need not hear of it. */
  readonly #ours = new WeakSet<HTMLMediaElement>();
  readonly #givenUp = new WeakSet<HTMLMediaElement>();
  /** Those that show their first picture, once that is there. */
  readonly #stills = new Set<HTMLMediaElement>();

  constructor(natives: MediaNatives, seeks: VideoSeeks, warn: (reason: string) => void) {
    this.#natives = natives;
    this.#seeks = seeks;
    this.#warn = warn;
  }

  addStill(media: HTMLMediaElement): void {
    this.#stills.add(media);
  }

  get hasStills(): boolean {
    return this.#stills.size > 0;
  }

  async stillsShown(): Promise<void> {
    const stills: HTMLMediaElement[] = [...this.#stills];
    this.#stills.clear();
    await Promise.all(stills.map((still) => reaches(still, still.HAVE_CURRENT_DATA)));
  }

  /** Waits for what tells how long it is; once, where it does not come. Says whether it came. */
  async isKnown(media: HTMLMediaElement): Promise<boolean> {
    if (!this.#givenUp.has(media) && !(await reaches(media, media.HAVE_METADATA)) && hasSource(media)) {
      this.#givenUp.add(media);
      this.#warn(
        `The ${media.localName} ${media.currentSrc || media.src} cannot be played: nothing of it came within ${LOADING_MS / 1000} s`,
      );
    }
    return media.readyState >= media.HAVE_METADATA;
  }

  seek(media: HTMLMediaElement, seconds: number): void {
    if (media.localName !== "video" || this.#givenUp.has(media)) return;
    this.#ours.add(media);
    this.#natives.setTime(media, seconds + PAST_SECONDS);
    this.#seeks.note(media as HTMLVideoElement);
  }

  /** The page itself has sought it. */
  note(media: HTMLMediaElement): void {
    this.#ours.delete(media);
    if (media.localName === "video") this.#seeks.note(media as HTMLVideoElement);
  }

  /** Looks whether a video is where it was sought to. */
  check(media: HTMLMediaElement, wanted: number): void {
    if (media.localName !== "video" || this.#givenUp.has(media)) return;
    if (!media.seeking && Math.abs(this.#natives.time(media) - wanted) < NEAR_SECONDS) return;
    this.#givenUp.add(media);
    this.#warn(
      `The video ${media.currentSrc} could not be brought to ${wanted} s, and stands still: serve it with byte ranges (Accept-Ranges), or from a file`,
    );
  }

  mayHearSeek(media: HTMLMediaElement, type: string): boolean {
    if (type === "seeked") this.#seeks.noteEnd(media);
    return !this.#ours.has(media);
  }
}

function hasSource({ error, networkState, NETWORK_NO_SOURCE, NETWORK_EMPTY }: HTMLMediaElement): boolean {
  return error === null && networkState !== NETWORK_NO_SOURCE && networkState !== NETWORK_EMPTY;
}

/** Waits until so much of it is there; says whether it is. */
async function reaches(media: HTMLMediaElement, readyState: number): Promise<boolean> {
  if (media.readyState >= readyState || !hasSource(media)) return media.readyState >= readyState;
  let timer = 0;
  await new Promise<void>((resolve) => {
    for (const type of ["loadedmetadata", "loadeddata", "error"]) {
      media.addEventListener(type, () => {
        if (media.readyState >= readyState || !hasSource(media)) resolve();
      });
    }
    timer = realTime.setTimeout(resolve, LOADING_MS);
  });
  realTime.clearTimeout(timer);
  return media.readyState >= readyState;
}
