import type { FrameRate } from "../../../core/frame-rate.ts";
import type { PageWindow } from "../clock/page-window.ts";
import { DeclaredMediaList } from "../media/declared-media.ts";
import type { FedElement } from "../media/fed-element.ts";
import type { PageMedia } from "../media/page-media.ts";
import type { WantedPicture } from "../media/pictures.ts";
import { videoSeeks, type VideoSeeks } from "../video-seeks.ts";
import type { Adapter, AdapterPage, AdapterTime } from "./adapter.ts";
import { FrameCallbacks } from "./frame-callbacks.ts";
import { installMedia, type MediaAnswers, type MediaNatives, type MediaPlayer } from "./media-natives.ts";
import { MediaTimes, type ShownMedia } from "./media-times.ts";
import { NativeVideos } from "./native-videos.ts";
import { NewElements } from "./new-elements.ts";
import { PlayedStretches } from "./played-stretches.ts";
import type { PlayingMedia } from "./playing-media.ts";
import { VideoBegin } from "./video-begin.ts";

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
  readonly #times = new MediaTimes();
  readonly #stretches: PlayedStretches;
  readonly #begin: VideoBegin;
  readonly #callbacks = new FrameCallbacks();
  #native!: NativeVideos;
  #seeks!: VideoSeeks;
  #page!: AdapterPage;
  #isEndHeard = false;
  #isSequential = false;

  constructor(media: PageMedia, { numerator, denominator }: FrameRate) {
    this.#media = media;
    this.#natives = media.natives;
    this.#frameSeconds = denominator / numerator;
    this.#stretches = new PlayedStretches(media, this.#times.slots);
    this.#begin = new VideoBegin(() => media.openedAtMs);
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
    return this.#times.hasPlaying || this.#times.hasScheduled || this.#native.hasStills || this.#fedVideos().length > 0;
  }

  async seek(time: AdapterTime): Promise<void> {
    if (this.#native.hasStills) await this.#native.stillsShown();
    await this.#media.settle();
    const beginMs: number = time.milliseconds - time.seconds * 1000;
    this.#begin.tell(beginMs);
    for (const one of this.#times.allPlaying) one.begin(beginMs);
    const changed: Set<ShownMedia> = await this.#seekNative(time);
    const [pictured] = await Promise.all([this.#media.show(this.#wantedPictures(time)), this.#seeks.shown()]);
    for (const one of changed) if (!this.#media.fed(one.element)) this.#native.check(one.element, one.shownSeconds!);
    for (const fed of pictured) this.#callbacks.run(fed, time.milliseconds);
    for (const one of this.#times.allPlaying) if (changed.has(one)) this.#tell(one, time.milliseconds);
  }

  duration(): number | null {
    return this.#times.endSeconds(this.#page.now);
  }

  isSequential(): boolean {
    return this.#isSequential || (this.#isEndHeard && this.#times.hasPlaying);
  }

  answers(media: HTMLMediaElement): MediaAnswers | null {
    return this.#media.fed(media);
  }

  currentTime(media: HTMLMediaElement): number | null {
    return this.#times.currentTime(media, this.#media.fed(media), this.#nowMs);
  }

  isPaused(media: HTMLMediaElement): boolean | null {
    const one: PlayingMedia | undefined = this.#times.playing(media);
    if (one) return !one.isPlaying || one.hasEndedAt(this.#nowMs);
    return this.#media.fed(media) ? true : null;
  }

  hasEnded(media: HTMLMediaElement): boolean | null {
    return this.#times.playing(media)?.hasEndedAt(this.#nowMs) ?? (this.#media.fed(media) ? false : null);
  }

  async play(media: HTMLMediaElement): Promise<void> {
    // One that is in no tree is heard of here first.
    this.#media.take(media);
    // A stream has no times to seek to.
    if (media.srcObject) return this.#natives.play(media);
    const fed: FedElement | null = this.#media.fed(media);
    const one: PlayingMedia = this.#times.take(media, fed);
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
    const one: PlayingMedia | undefined = this.#times.playing(media);
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
    const one: PlayingMedia | undefined = this.#times.playing(media);
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
    return !this.#isDriven(media);
  }

  endIsHeard(): void {
    this.#isEndHeard = true;
  }

  get #nowMs(): number {
    return this.#page.now.milliseconds;
  }

  /** When what the page does now takes effect; null while it loads. */
  get #changeMs(): number | null {
    return this.#begin.isPast ? this.#nowMs : null;
  }

  /** What happens to media at one time is not undone by going back. */
  #noteChange(): void {
    this.#isSequential ||= this.#begin.isPast;
  }

  #noteTime(media: HTMLMediaElement, seconds: number): void {
    const one: PlayingMedia | undefined = this.#times.playing(media);
    this.#times.set(media, seconds, this.#page.now.index);
    if (one?.isPlaying) this.#noteChange();
    one?.setTime(seconds, this.#changeMs);
    if (one) this.#log(one);
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
    if (!this.#isDriven(media)) void this.play(media).catch(() => {});
  }

  /** Another file stands at its beginning, until it is played. */
  #beginAnew(media: HTMLMediaElement): void {
    if (!this.#media.fed(media)) return;
    const one: PlayingMedia | undefined = this.#times.playing(media);
    this.#times.forget(media);
    this.#stretches.cut(media, this.#seconds);
    if (one?.isPlaying) this.#noteChange();
  }

  #schedule(media: HTMLMediaElement): void {
    if (this.#times.isScheduled(media)) return;
    if (!this.#media.fed(media)) this.#natives.pause(media);
    try {
      this.#times.slots.assertKnown(media);
      this.#stretches.forget(media);
      this.#media.use(media);
      this.#times.schedule(media);
    } catch (thrown) {
      this.#page.warn((thrown as Error).message);
    }
  }

  /** Brings all to their times, and the browser's own to their pictures; gives those whose time is another one now. */
  async #seekNative(time: AdapterTime): Promise<Set<ShownMedia>> {
    const changed = new Set<ShownMedia>();
    const bring = (one: ShownMedia, seconds: number): void => {
      if (one.shownSeconds === seconds) return;
      one.shownSeconds = seconds;
      changed.add(one);
      if (!this.#media.fed(one.element)) this.#native.seek(one.element, seconds);
    };
    for (const one of this.#times.allPlaying) if (await this.#isKnown(one.element)) bring(one, one.timeAt(time.milliseconds));
    for (const one of this.#times.allScheduled) {
      if (!(await this.#isKnown(one.element))) continue;
      bring(one, this.#times.slots.timeAt(one.element, time.seconds));
      this.#stretches.noteSlot(one.element, this.#seconds);
    }
    return changed;
  }

  /** What each fed video is to show now, and in the next frames. */
  #wantedPictures(time: AdapterTime): WantedPicture[] {
    if (this.#page.isListening) return [];
    return this.#fedVideos().flatMap((fed) => {
      const times: readonly number[] | null = this.#times.ahead(fed, time, this.#frameSeconds);
      return times === null ? [] : [{ fed, seconds: times[0]!, next: times.slice(1) }];
    });
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
    return this.#begin.secondsAt(this.#nowMs);
  }

  /** It plays otherwise from here on. What has a slot is heard in that alone. */
  #log(one: PlayingMedia): void {
    if (!this.#times.isScheduled(one.element)) this.#stretches.note(one, this.#seconds, this.#nowMs);
  }

  /** Its time goes on without the browser. */
  #isDriven(media: HTMLMediaElement): boolean {
    return this.#times.playing(media) !== undefined || this.#times.isScheduled(media);
  }
}

const PLAYING_EVENTS: ReadonlySet<string> = new Set(["play", "playing", "pause", "ended", "timeupdate", "waiting"]);

function viewOf(media: HTMLMediaElement): PageWindow {
  return (media.ownerDocument.defaultView ?? window) as PageWindow;
}
