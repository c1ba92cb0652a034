import type { FrameRate } from "../../../core/frame-rate.ts";
import type { PageWindow } from "../clock/page-window.ts";
import { DeclaredMediaList } from "../media/declared-media.ts";
import { fragmentStart } from "../media/element-sources.ts";
import type { FedElement } from "../media/fed-element.ts";
import type { PageMedia } from "../media/page-media.ts";
import type { WantedPicture } from "../media/pictures.ts";
import type { PlayedFile } from "../media/stretches.ts";
import { videoSeeks, type VideoSeeks } from "../video-seeks.ts";
import type { Adapter, AdapterPage, AdapterTime } from "./adapter.ts";
import { FrameCallbacks } from "./frame-callbacks.ts";
import { installMedia, type MediaAnswers, type MediaNatives, type MediaPlayer } from "./media-natives.ts";
import { MediaSlots } from "./media-slots.ts";
import { NativeVideos } from "./native-videos.ts";
import { NewElements } from "./new-elements.ts";
import { PlayingMedia } from "./playing-media.ts";

/** So many frames ahead feeds are told what will be shown. */
const FRAMES_AHEAD = 8;
const UNKNOWN_FILE: PlayedFile = { source: null, facts: null };

/**
 * `<video>` and `<audio>` in virtual time: whoever plays one changes what it shows at each time. Pictures come from feeds, or
 * else the browser's own is sought. Media with `data-start` play from then on, wherever they are told to.
 */
export function mediaAdapter(media: PageMedia, frameRate: FrameRate): Adapter {
  return new Media(media, frameRate);
}

class Media implements Adapter, MediaPlayer {
  readonly name = "media";
  readonly runs = "before-frames";
  readonly #media: PageMedia;
  readonly #natives: MediaNatives;
  readonly #frameSeconds: number;
  readonly #elements = new NewElements<HTMLMediaElement>("video, audio");
  readonly #declared = new DeclaredMediaList();
  readonly #playing = new Map<HTMLMediaElement, PlayingMedia>();
  readonly #scheduled = new Map<HTMLMediaElement, PlayingMedia>();
  readonly #slots = new MediaSlots();
  /** Where the page put them: one that began by itself while the page loaded begins anew. */
  readonly #setTimes = new WeakMap<HTMLMediaElement, number>();
  /** Frames in which the page put media elsewhere than their slots. */
  readonly #setInFrame = new WeakMap<HTMLMediaElement, number>();
  readonly #callbacks = new FrameCallbacks();
  #native!: NativeVideos;
  #seeks!: VideoSeeks;
  #page!: AdapterPage;
  /** What the page's time was at the first frame. */
  #firstMs = 0;
  #hasSought = false;
  #isEndHeard = false;
  #isSequential = false;

  constructor(media: PageMedia, { numerator, denominator }: FrameRate) {
    this.#media = media;
    this.#natives = media.natives;
    this.#frameSeconds = denominator / numerator;
  }

  install(view: Window, page: AdapterPage): void {
    this.#page = page;
    this.#seeks ??= videoSeeks(page.windows[0] ?? view);
    this.#native ??= new NativeVideos(this.#natives, this.#seeks, (reason) => page.warn(reason));
    this.#media.install(view as PageWindow);
    installMedia(view as PageWindow, this);
  }

  discover(page: AdapterPage): boolean {
    this.#page = page;
    this.#declared.take(page.windows[0]!);
    for (const element of this.#elements.take(page)) {
      if (element.hasAttribute("data-start")) this.#schedule(element);
      else if (element.autoplay) this.#playByItself(element);
      else if (element.localName === "video" && element.preload !== "none" && !this.#media.fed(element)) this.#native.addStill(element);
    }
    // Also those that are in no document.
    for (const { element } of this.#media.takeFresh()) if (element.autoplay) this.#playByItself(element);
    return this.#playing.size + this.#scheduled.size > 0 || this.#native.hasStills || this.#fedVideos().length > 0;
  }

  async seek(time: AdapterTime): Promise<void> {
    if (this.#native.hasStills) await this.#native.stillsShown();
    await this.#media.settle();
    this.#begin(time.milliseconds - time.seconds * 1000);
    for (const one of this.#playing.values()) one.begin(time.milliseconds - time.seconds * 1000);
    const changed: Set<PlayingMedia> = await this.#seekNative(time);
    const [pictured] = await Promise.all([this.#media.show(this.#wantedPictures(time)), this.#seeks.shown()]);
    for (const one of changed) if (!this.#media.fed(one.element)) this.#native.check(one.element, one.shownSeconds!);
    for (const fed of pictured) this.#callbacks.run(fed, time.milliseconds);
    for (const one of this.#playing.values()) if (changed.has(one)) this.#tell(one, time.milliseconds);
  }

  duration(): number | null {
    const { seconds, milliseconds } = this.#page.now;
    const ends: number[] = [...this.#playing.values()]
      .flatMap((one) => one.endsAtMs(milliseconds) ?? [])
      .map((ms) => seconds + (ms - milliseconds) / 1000);
    for (const element of this.#scheduled.keys()) ends.push(this.#slots.endOf(element));
    const last: number = Math.max(...ends.filter(Number.isFinite));
    return Number.isFinite(last) ? last : null;
  }

  isSequential(): boolean {
    return this.#isSequential || (this.#isEndHeard && this.#playing.size > 0);
  }

  answers(media: HTMLMediaElement): MediaAnswers | null {
    return this.#media.fed(media);
  }

  currentTime(media: HTMLMediaElement): number | null {
    const playing: number | undefined = this.#playing.get(media)?.timeAt(this.#nowMs);
    if (playing !== undefined) return playing;
    const fed: FedElement | null = this.#media.fed(media);
    return fed && (this.#scheduled.get(media)?.shownSeconds ?? this.#standsAt(fed));
  }

  isPaused(media: HTMLMediaElement): boolean | null {
    const one: PlayingMedia | undefined = this.#playing.get(media);
    if (one) return !one.isPlaying || one.hasEndedAt(this.#nowMs);
    return this.#media.fed(media) ? true : null;
  }

  hasEnded(media: HTMLMediaElement): boolean | null {
    return this.#playing.get(media)?.hasEndedAt(this.#nowMs) ?? (this.#media.fed(media) ? false : null);
  }

  async play(media: HTMLMediaElement): Promise<void> {
    // One that is in no tree is heard of here first.
    this.#media.take(media);
    // A stream has no times to seek to.
    if (media.srcObject) return this.#natives.play(media);
    const fed: FedElement | null = this.#media.fed(media);
    const one: PlayingMedia =
      this.#playing.get(media) ?? new PlayingMedia(media, fed ? this.#standsAt(fed) : (this.#setTimes.get(media) ?? 0));
    this.#playing.set(media, one);
    if (!fed) {
      // Where it would play by itself soon, that is called off.
      this.#natives.pause(media);
      if (media.preload === "none") media.preload = "auto";
    }
    if (one.isPlaying && !one.hasEndedAt(this.#nowMs)) return;
    this.#noteChange();
    this.#media.use(media);
    one.play(this.#changeMs);
    this.#log(one);
    await this.#isKnown(media);
    if (media.error || fed?.reading.state === "unreadable")
      throw new (viewOf(media).DOMException)("The element has no supported sources.", "NotSupportedError");
    this.#dispatch(media, "play");
    this.#dispatch(media, "playing");
  }

  pause(media: HTMLMediaElement): void {
    const one: PlayingMedia | undefined = this.#playing.get(media);
    if (!this.#media.fed(media)) this.#natives.pause(media);
    if (!one?.isPlaying) return;
    this.#noteChange();
    one.pause(this.#changeMs);
    this.#log(one);
    queueMicrotask(() => {
      this.#dispatch(media, "timeupdate");
      this.#dispatch(media, "pause");
    });
  }

  setTime(media: HTMLMediaElement, seconds: number): boolean {
    const fed: FedElement | null = this.#media.fed(media);
    if (!fed || !Number.isFinite(seconds)) return false;
    const within: number = Math.max(0, fed.readyState === 0 ? seconds : Math.min(seconds, fed.duration));
    this.#noteTime(media, within);
    // Before its length is known it is only told where to begin.
    if (fed.readyState > 0) this.#bring(fed, within);
    return true;
  }

  timeWasSet(media: HTMLMediaElement, seconds: number): void {
    this.#noteTime(media, seconds);
    this.#native.note(media);
  }

  rateWasSet(media: HTMLMediaElement, rate: number): void {
    const one: PlayingMedia | undefined = this.#playing.get(media);
    if (one?.isPlaying) this.#noteChange();
    one?.setRate(rate, this.#changeMs);
    if (one) this.#log(one);
  }

  setMuted(media: HTMLMediaElement, isMuted: boolean): boolean {
    const fed: FedElement | null = this.#media.fed(media);
    if (!fed) return false;
    if (fed.muted !== isMuted) queueMicrotask(() => fed.tell("volumechange"));
    fed.muted = isMuted;
    return true;
  }

  sourceWasSet(media: HTMLMediaElement): void {
    this.#media.take(media, true);
    this.#beginAnew(media);
  }

  load(media: HTMLMediaElement): boolean {
    this.#media.take(media, true);
    this.#beginAnew(media);
    return this.#media.fed(media) !== null;
  }

  streamIsSet(media: HTMLMediaElement, stream: MediaProvider | null): void {
    this.#media.leave(media);
    if (stream === null) queueMicrotask(() => this.#media.take(media));
    else if ("getTracks" in stream) {
      const advice = "give the element a file, or draw a canvas of the page's own";
      this.#page.warn(`A ${media.localName} of the page plays a MediaStream, which goes on in real time: ${advice}`);
    }
  }

  requestFrameCallback(video: HTMLVideoElement, callback: VideoFrameRequestCallback): number | null {
    return this.#media.fed(video) ? this.#callbacks.request(video, callback) : null;
  }

  cancelFrameCallback(video: HTMLVideoElement, id: number): void {
    this.#callbacks.cancel(video, id);
  }

  mayHear(media: HTMLMediaElement, type: string): boolean {
    if (this.#media.fed(media)) return false;
    if (type.startsWith("seek")) return this.#native.mayHearSeek(media, type);
    if (!PLAYING_EVENTS.has(type)) return true;
    return !this.#playing.has(media) && !this.#scheduled.has(media);
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

  /** Where nothing played so far, no seek told of the first frame. */
  get #hasBegun(): boolean {
    if (this.#media.openedAtMs !== null) this.#begin(this.#media.openedAtMs);
    return this.#hasSought;
  }

  #begin(firstMs: number): void {
    if (!this.#hasSought) this.#firstMs = firstMs;
    this.#hasSought = true;
  }

  /** What happens to media at one time is not undone by going back. */
  #noteChange(): void {
    this.#isSequential ||= this.#hasBegun;
  }

  #noteTime(media: HTMLMediaElement, seconds: number): void {
    const one: PlayingMedia | undefined = this.#playing.get(media);
    this.#setTimes.set(media, seconds);
    this.#setInFrame.set(media, this.#page.now.index);
    if (one?.isPlaying) this.#noteChange();
    one?.setTime(seconds, this.#changeMs);
    if (one) this.#log(one);
  }

  /** Where one stands that does not play. */
  #standsAt({ element, sources }: FedElement): number {
    return this.#setTimes.get(element) ?? fragmentStart(sources[0]!);
  }

  /** Shows what the page has put a video to, within the frame, and tells the page. */
  #bring(fed: FedElement, seconds: number): void {
    const turn: number = ++fed.seeks;
    fed.seeking = true;
    const shown: Promise<void> = Promise.resolve().then(async () => {
      fed.tell("seeking");
      const isAnother: boolean = !this.#page.isListening && (await this.#media.showNow(fed, seconds));
      // Another one has come meanwhile.
      if (turn !== fed.seeks) return;
      fed.seeking = false;
      fed.tell("timeupdate", "seeked");
      if (isAnother) this.#callbacks.run(fed, this.#nowMs);
    });
    this.#seeks.add(fed.element as HTMLVideoElement, shown);
  }

  #playByItself(media: HTMLMediaElement): void {
    if (!this.#playing.has(media) && !this.#scheduled.has(media)) void this.play(media).catch(() => {});
  }

  /** Another file stands at its beginning, until it is played. */
  #beginAnew(media: HTMLMediaElement): void {
    if (!this.#media.fed(media)) return;
    const one: PlayingMedia | undefined = this.#playing.get(media);
    this.#setTimes.delete(media);
    this.#playing.delete(media);
    const scheduled: PlayingMedia | undefined = this.#scheduled.get(media);
    if (scheduled) scheduled.isLogged = false;
    this.#media.log.cut(media, this.#seconds);
    if (one?.isPlaying) this.#noteChange();
  }

  #schedule(media: HTMLMediaElement): void {
    if (this.#scheduled.has(media)) return;
    if (!this.#media.fed(media)) this.#natives.pause(media);
    try {
      this.#slots.assertKnown(media);
      this.#media.log.forget(media);
      this.#media.use(media);
      this.#scheduled.set(media, new PlayingMedia(media, 0));
    } catch (thrown) {
      this.#page.warn((thrown as Error).message);
    }
  }

  /** Brings all to their times, and the browser's own to their pictures; gives those whose time is another one now. */
  async #seekNative(time: AdapterTime): Promise<Set<PlayingMedia>> {
    const changed = new Set<PlayingMedia>();
    const bring = (one: PlayingMedia, seconds: number): void => {
      if (one.shownSeconds === seconds) return;
      one.shownSeconds = seconds;
      changed.add(one);
      if (!this.#media.fed(one.element)) this.#native.seek(one.element, seconds);
    };
    for (const one of this.#playing.values()) if (await this.#isKnown(one.element)) bring(one, one.timeAt(time.milliseconds));
    for (const one of this.#scheduled.values()) {
      if (!(await this.#isKnown(one.element))) continue;
      bring(one, this.#slots.timeAt(one.element, time.seconds));
      this.#logSlot(one);
    }
    return changed;
  }

  /** What each fed video is to show now, and in the next frames. */
  #wantedPictures(time: AdapterTime): WantedPicture[] {
    if (this.#page.isListening) return [];
    return this.#fedVideos().flatMap((fed) => {
      const times: readonly number[] | null = this.#timesOf(fed, time);
      return times === null ? [] : [{ fed, seconds: times[0]!, next: times.slice(1) }];
    });
  }

  /** Seconds of its file now and in the next frames; null where it shows nothing yet. */
  #timesOf(fed: FedElement, { seconds, milliseconds, index }: AdapterTime): readonly number[] | null {
    const { element } = fed;
    const frames = (timeIn: (passedSeconds: number) => number): number[] =>
      Array.from({ length: FRAMES_AHEAD + 1 }, (_, ahead) => timeIn(ahead * this.#frameSeconds));
    if (this.#scheduled.has(element)) {
      const times: number[] = frames((passed) => this.#slots.timeAt(element, seconds + passed));
      // What the page itself has set in this frame counts in it.
      return this.#setInFrame.get(element) === index ? times.with(0, this.#standsAt(fed)) : times;
    }
    const playing: PlayingMedia | undefined = this.#playing.get(element);
    if (playing)
      return playing.isPlaying ? frames((passed) => playing.timeAt(milliseconds + passed * 1000)) : [playing.timeAt(milliseconds)];
    // A poster, or nothing where nothing was to be loaded, is shown until the page plays or seeks.
    const isUntouched: boolean = !this.#setTimes.has(element);
    const isEmpty: boolean = element.hasAttribute("poster") || element.getAttribute("preload") === "none";
    return isUntouched && isEmpty ? null : [this.#standsAt(fed)];
  }

  #fedVideos(): FedElement[] {
    return [...this.#media.all].filter(({ isPictured }) => isPictured);
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
    await this.#media.fed(media)?.arrived;
    const fed: FedElement | null = this.#media.fed(media);
    return fed ? fed.readyState > 0 : this.#native.isKnown(media);
  }

  /** Seconds of the video. */
  get #seconds(): number {
    return this.#hasBegun ? (this.#nowMs - this.#firstMs) / 1000 : 0;
  }

  /** From here on it plays as it does now. What has a slot is heard in that alone. */
  #log(one: PlayingMedia): void {
    const { element } = one;
    if (this.#scheduled.has(element)) return;
    const [seconds, { log }] = [this.#seconds, this.#media];
    if (!one.isPlaying || one.rate <= 0) return log.end(element, seconds);
    log.begin({
      element,
      file: this.#fileOf(element),
      start: seconds,
      mediaStart: one.timeAt(this.#nowMs),
      playbackRate: one.rate,
      loopFrom: element.loop ? 0 : null,
    });
  }

  /** Once for each file: one that came in the middle of the slot is heard from then on. */
  #logSlot(one: PlayingMedia): void {
    if (one.isLogged) return;
    one.isLogged = true;
    const { element } = one;
    const slot = this.#slots.stretchOf(element);
    const start: number = Math.max(slot.start, this.#seconds);
    if (slot.end !== null && start >= slot.end) return;
    const mediaStart: number = start > slot.start ? this.#slots.timeAt(element, start) : slot.mediaStart;
    this.#media.log.begin({ element, file: this.#fileOf(element), ...slot, start, mediaStart });
  }

  #fileOf(media: HTMLMediaElement): PlayedFile {
    return this.#media.fileOf(media) ?? UNKNOWN_FILE;
  }
}

const PLAYING_EVENTS: ReadonlySet<string> = new Set(["play", "playing", "pause", "ended", "timeupdate", "waiting"]);

function viewOf(media: HTMLMediaElement): PageWindow {
  return (media.ownerDocument.defaultView ?? window) as PageWindow;
}
