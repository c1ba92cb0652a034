import { realTime } from "../clock/real-time.ts";
import type { PageWindow } from "../clock/page-window.ts";
import { ClipTimes, finite, playbackRate } from "../hyperframes/clip-times.ts";
import { videoSeeks, type VideoSeeks } from "../video-seeks.ts";
import type { Adapter, AdapterPage, AdapterTime } from "./adapter.ts";
import { installMedia, type MediaNatives, type MediaPlayer } from "./media-natives.ts";
import { NewElements } from "./new-elements.ts";
import { PlayingMedia } from "./playing-media.ts";

/** Longest wait for the first bytes of media that the page plays or shows before they are there, in milliseconds. */
const LOADING_MS = 5_000;
/** Seeks go so much past the time: some files tell when frames begin in whole milliseconds, up to half of one too late. */
const PAST_SECONDS = 0.001;
/** A seek that ends further away than this, in seconds, did not do what it should. */
const NEAR_SECONDS = 0.25;

/**
 * `<video>` and `<audio>` in virtual time: whoever plays one changes what it shows at each time, and the browser's own is only
 * sought. Media with `data-start` play from then on, wherever they are told to.
 */
export function mediaAdapter(): Adapter {
  return new Media();
}

class Media implements Adapter, MediaPlayer {
  readonly name = "media";
  readonly runs = "before-frames";
  readonly #elements = new NewElements<HTMLMediaElement>("video, audio");
  readonly #playing = new Map<HTMLMediaElement, PlayingMedia>();
  readonly #scheduled = new Map<HTMLMediaElement, PlayingMedia>();
  /** Those that we sought ourselves last: the page need not hear of it. */
  readonly #ours = new WeakSet<HTMLMediaElement>();
  /** Where the page put them: one that began by itself while the page loaded begins anew. */
  readonly #setTimes = new WeakMap<HTMLMediaElement, number>();
  readonly #givenUp = new WeakSet<HTMLMediaElement>();
  readonly #times = new ClipTimes(timelineDuration);
  /** Videos that came since the last frame and do not play: each shows its first picture once that is there. */
  readonly #stills = new Set<HTMLMediaElement>();
  #native!: MediaNatives;
  #seeks!: VideoSeeks;
  #page!: AdapterPage;
  #hasBegun = false;
  #isEndHeard = false;
  #isSequential = false;

  install(view: Window, page: AdapterPage): void {
    this.#page = page;
    this.#seeks ??= videoSeeks(page.windows[0] ?? view);
    // Those of one window serve the media of all.
    const native: MediaNatives = installMedia(view as PageWindow, this);
    this.#native ??= native;
  }

  discover(page: AdapterPage): boolean {
    this.#page = page;
    for (const element of this.#elements.take(page)) {
      if (element.hasAttribute("data-start")) this.#schedule(element);
      else if (element.autoplay && !this.#playing.has(element)) void this.play(element).catch(() => {});
      else if (element.localName === "video" && element.preload !== "none") this.#stills.add(element);
    }
    return this.#playing.size + this.#scheduled.size + this.#stills.size > 0;
  }

  async seek(time: AdapterTime): Promise<void> {
    if (this.#stills.size > 0) await this.#awaitStills();
    const firstMs: number = time.milliseconds - time.seconds * 1000;
    this.#hasBegun = true;
    for (const one of this.#playing.values()) one.begin(firstMs);
    const sought: HTMLMediaElement[] = [];
    for (const one of this.#playing.values()) {
      if ((await this.#isKnown(one.element)) && this.#show(one, one.timeAt(time.milliseconds))) sought.push(one.element);
    }
    for (const one of this.#scheduled.values()) {
      if ((await this.#isKnown(one.element)) && this.#show(one, this.#scheduledTime(one.element, time.seconds))) sought.push(one.element);
    }
    await this.#seeks.shown();
    for (const element of sought) this.#checkSeek(element);
    for (const one of this.#playing.values()) if (sought.includes(one.element)) this.#tell(one, time.milliseconds);
  }

  duration(): number | null {
    const { seconds, milliseconds } = this.#page.now;
    const ends: number[] = [...this.#playing.values()]
      .flatMap((one) => one.endsAtMs(milliseconds) ?? [])
      .map((ms) => seconds + (ms - milliseconds) / 1000);
    for (const element of this.#scheduled.keys()) ends.push(this.#times.endOf(element));
    const last: number = Math.max(...ends.filter(Number.isFinite));
    return Number.isFinite(last) ? last : null;
  }

  isSequential(): boolean {
    return this.#isSequential || (this.#isEndHeard && this.#playing.size > 0);
  }

  currentTime(media: HTMLMediaElement): number | null {
    return this.#playing.get(media)?.timeAt(this.#nowMs) ?? null;
  }

  isPaused(media: HTMLMediaElement): boolean | null {
    const one: PlayingMedia | undefined = this.#playing.get(media);
    return one ? !one.isPlaying || one.hasEndedAt(this.#nowMs) : null;
  }

  hasEnded(media: HTMLMediaElement): boolean | null {
    return this.#playing.get(media)?.hasEndedAt(this.#nowMs) ?? null;
  }

  async play(media: HTMLMediaElement): Promise<void> {
    // A stream has no times to seek to.
    if (media.srcObject) return this.#native.play(media);
    const one: PlayingMedia = this.#playing.get(media) ?? new PlayingMedia(media, this.#setTimes.get(media) ?? 0);
    this.#playing.set(media, one);
    // Where it would play by itself soon, that is called off.
    this.#native.pause(media);
    if (media.preload === "none") media.preload = "auto";
    if (one.isPlaying && !one.hasEndedAt(this.#nowMs)) return;
    this.#noteChange();
    one.play(this.#changeMs);
    await this.#metadata(media);
    if (media.error) throw new (viewOf(media).DOMException)("The element has no supported sources.", "NotSupportedError");
    this.#dispatch(media, "play");
    this.#dispatch(media, "playing");
  }

  pause(media: HTMLMediaElement): void {
    const one: PlayingMedia | undefined = this.#playing.get(media);
    this.#native.pause(media);
    if (!one?.isPlaying) return;
    this.#noteChange();
    one.pause(this.#changeMs);
    queueMicrotask(() => {
      this.#dispatch(media, "timeupdate");
      this.#dispatch(media, "pause");
    });
  }

  timeWasSet(media: HTMLMediaElement, seconds: number): void {
    const one: PlayingMedia | undefined = this.#playing.get(media);
    this.#setTimes.set(media, seconds);
    if (one?.isPlaying) this.#noteChange();
    one?.setTime(seconds, this.#changeMs);
    this.#ours.delete(media);
    if (media.localName === "video") this.#seeks.note(media as HTMLVideoElement);
  }

  rateWasSet(media: HTMLMediaElement, rate: number): void {
    const one: PlayingMedia | undefined = this.#playing.get(media);
    if (one?.isPlaying) this.#noteChange();
    one?.setRate(rate, this.#changeMs);
  }

  mayHear(media: HTMLMediaElement, type: string): boolean {
    if (type === "seeked") this.#seeks.noteEnd(media);
    return type.startsWith("seek") ? !this.#ours.has(media) : !this.#playing.has(media) && !this.#scheduled.has(media);
  }

  endIsHeard(): void {
    this.#isEndHeard = true;
  }

  get #nowMs(): number {
    return this.#page.now.milliseconds;
  }

  /** When what the page does now takes effect; null while it loads. */
  get #changeMs(): number | null {
    return this.#hasBegun ? this.#nowMs : null;
  }

  /** What happens to media at one time is not undone by going back. */
  #noteChange(): void {
    this.#isSequential ||= this.#hasBegun;
  }

  #schedule(media: HTMLMediaElement): void {
    if (this.#scheduled.has(media)) return;
    this.#native.pause(media);
    try {
      this.#times.startOf(media);
      this.#scheduled.set(media, new PlayingMedia(media, 0));
    } catch (thrown) {
      this.#page.warn((thrown as Error).message);
    }
  }

  #scheduledTime(media: HTMLMediaElement, seconds: number): number {
    const from: number = finite(media.getAttribute("data-playback-start")) ?? finite(media.getAttribute("data-media-start")) ?? 0;
    const lasts: number = this.#times.durationOf(media) ?? Infinity;
    const passed: number = Math.min(lasts, Math.max(0, seconds - this.#times.startOf(media))) * playbackRate(media);
    const left: number = media.duration - from;
    return from + (media.loop && left > 0 ? passed % left : Math.min(passed, Math.max(0, left)));
  }

  /** Seeks the browser's own, where it shows another time; says whether it did. */
  #show(one: PlayingMedia, seconds: number): boolean {
    if (one.shownSeconds === seconds) return false;
    one.shownSeconds = seconds;
    const media: HTMLMediaElement = one.element;
    if (media.localName !== "video" || this.#givenUp.has(media)) return true;
    this.#ours.add(media);
    this.#native.setTime(media, seconds + PAST_SECONDS);
    this.#seeks.note(media as HTMLVideoElement);
    return true;
  }

  #checkSeek(media: HTMLMediaElement): void {
    if (media.localName !== "video" || this.#givenUp.has(media)) return;
    const shown: number = this.#native.time(media);
    const wanted: number = (this.#playing.get(media) ?? this.#scheduled.get(media)!).shownSeconds!;
    if (!media.seeking && Math.abs(shown - wanted) < NEAR_SECONDS) return;
    this.#givenUp.add(media);
    this.#page.warn(
      `The video ${media.currentSrc} could not be brought to ${wanted} s, and stands still: serve it with byte ranges (Accept-Ranges), or from a file`,
    );
  }

  #tell(one: PlayingMedia, nowMs: number): void {
    this.#dispatch(one.element, "timeupdate");
    const hasEnded: boolean = one.hasEndedAt(nowMs);
    if (hasEnded && !one.hasToldEnd) {
      this.#dispatch(one.element, "pause");
      this.#dispatch(one.element, "ended");
    }
    one.hasToldEnd = hasEnded;
  }

  #dispatch(media: HTMLMediaElement, type: string): void {
    media.dispatchEvent(new (viewOf(media).Event)(type));
  }

  async #isKnown(media: HTMLMediaElement): Promise<boolean> {
    await this.#metadata(media);
    return media.readyState >= media.HAVE_METADATA;
  }

  /** Waits for what tells how long it is; once, where it does not come. */
  async #metadata(media: HTMLMediaElement): Promise<void> {
    if (this.#givenUp.has(media) || (await reaches(media, media.HAVE_METADATA)) || !hasSource(media)) return;
    this.#givenUp.add(media);
    this.#page.warn(
      `The ${media.localName} ${media.currentSrc || media.src} cannot be played: nothing of it came within ${LOADING_MS / 1000} s`,
    );
  }

  async #awaitStills(): Promise<void> {
    const stills: HTMLMediaElement[] = [...this.#stills];
    this.#stills.clear();
    await Promise.all(stills.map((still) => reaches(still, still.HAVE_CURRENT_DATA)));
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

function viewOf(media: HTMLMediaElement): PageWindow {
  return (media.ownerDocument.defaultView ?? window) as PageWindow;
}

/** Of a composition that says nothing of its length, as its timeline says it. */
function timelineDuration(composition: Element): number | null {
  const { __timelines } = composition.ownerDocument.defaultView as unknown as {
    readonly __timelines?: Record<string, { duration?(): number } | undefined>;
  };
  return __timelines?.[composition.getAttribute("data-composition-id")!]?.duration?.() ?? null;
}
