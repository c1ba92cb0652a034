import type { MediaFacts } from "../../../core/media.ts";
import type { MediaAnswers, MediaNatives } from "../adapters/media-natives.ts";
import type { PageWindow } from "../clock/page-window.ts";
import type { PlayedFile } from "./stretches.ts";
import { restSilent, VideoSurface } from "./surface.ts";

type Reading =
  | { readonly state: "loading" }
  | { readonly state: "known"; readonly facts: MediaFacts; readonly url: string }
  | { readonly state: "unreadable"; readonly source: string; readonly fault: string };

/** Codes of `MediaError` and of `networkState`. */
const SRC_NOT_SUPPORTED = 4;
const [NETWORK_IDLE, NETWORK_LOADING, NETWORK_NO_SOURCE] = [1, 2, 3] as const;

/** One file of a media element, which the browser does not load: what it is, and what of it is shown. */
export class FedElement implements MediaAnswers, PlayedFile {
  readonly element: HTMLMediaElement;
  /** What the page named, in the order in which it is tried. */
  readonly sources: readonly string[];
  readonly srcObject = null;
  /** Null of what shows nothing. */
  readonly surface: VideoSurface | null;
  /** Resolves when all is known of it that will be, and the page was told. */
  arrived: Promise<void> = Promise.resolve();
  /** False once the browser itself plays it, or the element has got another file. */
  isFed = true;
  muted: boolean;
  seeking = false;
  readyState = 0;
  /** Pictures that it has shown. */
  presentedFrames = 0;
  /** Times that the page has set. */
  seeks = 0;
  #reading: Reading = { state: "loading" };
  #last: Promise<unknown> = Promise.resolve();
  #shown: { readonly seconds: number; readonly timestamp: number } | null = null;

  constructor(element: HTMLMediaElement, sources: readonly string[], natives: MediaNatives) {
    this.element = element;
    this.sources = sources;
    this.muted = natives.muted(element);
    if (element.localName === "video") this.surface = new VideoSurface(element as HTMLVideoElement, natives);
    else {
      this.surface = null;
      void restSilent(element, natives);
    }
  }

  get reading(): Reading {
    return this.#reading;
  }

  /** Known from now on, one way or the other. */
  set reading(reading: Reading) {
    this.#reading = reading;
  }

  /** Seconds at which the picture begins that is shown; 0 where there is none. */
  get shownSeconds(): number {
    return (this.#shown?.timestamp ?? 0) / 1_000_000;
  }

  get facts(): MediaFacts | null {
    return this.#reading.state === "known" ? this.#reading.facts : null;
  }

  get source(): string | null {
    return this.facts?.source ?? null;
  }

  /** It has pictures to show. */
  get isPictured(): boolean {
    return this.isFed && this.surface !== null && this.facts?.video != null;
  }

  get currentSrc(): string {
    return this.sources[0]!;
  }

  get duration(): number {
    return this.readyState === 0 ? NaN : this.facts!.durationSeconds;
  }

  get networkState(): number {
    return { loading: NETWORK_LOADING, known: NETWORK_IDLE, unreadable: NETWORK_NO_SOURCE }[this.#reading.state];
  }

  get error(): MediaError | null {
    if (this.#reading.state !== "unreadable" || !this.element.hasAttribute("src")) return null;
    return Object.create(this.#view.MediaError.prototype, {
      code: { value: SRC_NOT_SUPPORTED },
      message: { value: this.#reading.fault },
    }) as MediaError;
  }

  get seekable(): TimeRanges {
    return this.#wholeRange();
  }

  get buffered(): TimeRanges {
    return this.#wholeRange();
  }

  get videoWidth(): number {
    return this.readyState === 0 ? 0 : (this.facts!.video?.size.width ?? 0);
  }

  get videoHeight(): number {
    return this.readyState === 0 ? 0 : (this.facts!.video?.size.height ?? 0);
  }

  /** Whether it shows the picture of a time, and nothing has come between. */
  isShowing(seconds: number): boolean {
    return this.#shown?.seconds === seconds && this.surface!.isFresh;
  }

  /** Shows a picture, which stays the caller's until then; says whether it is another one than before. */
  show(picture: VideoFrame, seconds: number): Promise<boolean> {
    const shown: Promise<boolean> = this.#last.then(() => this.#show(picture, seconds));
    this.#last = shown.catch(() => false);
    return shown;
  }

  /** Tells the page; of the browser's own events it hears none. */
  tell(...types: readonly string[]): void {
    for (const type of types) this.element.dispatchEvent(new this.#view.Event(type));
  }

  close(): void {
    this.isFed = false;
    this.surface?.close();
  }

  async #show(picture: VideoFrame, seconds: number): Promise<boolean> {
    const { timestamp } = picture;
    const isAnother: boolean = this.#shown?.timestamp !== timestamp;
    if (isAnother || !this.surface!.isFresh) await this.surface!.show(picture.clone());
    this.#shown = { seconds, timestamp };
    if (isAnother) this.presentedFrames++;
    return isAnother;
  }

  #wholeRange(): TimeRanges {
    const end: number = this.duration;
    const isThere: boolean = end > 0;
    const at = (index: number, seconds: number): number => {
      if (isThere && index === 0) return seconds;
      throw new this.#view.DOMException(`There is no range ${index}`, "IndexSizeError");
    };
    return Object.create(this.#view.TimeRanges.prototype, {
      length: { value: isThere ? 1 : 0 },
      start: { value: (index: number) => at(index, 0) },
      end: { value: (index: number) => at(index, end) },
    }) as TimeRanges;
  }

  get #view(): PageWindow {
    return (this.element.ownerDocument.defaultView ?? window) as PageWindow;
  }
}
