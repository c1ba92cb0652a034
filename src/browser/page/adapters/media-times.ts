import { fragmentStart } from "../media/element-sources.ts";
import type { FedElement } from "../media/fed-element.ts";
import type { AdapterTime } from "./adapter.ts";
import { MediaSlots } from "./media-slots.ts";
import { PlayingMedia } from "./playing-media.ts";

/** So many frames ahead it is told what will be shown. */
const FRAMES_AHEAD = 8;

/** One that is brought to its time in each frame, and where it was brought last, in seconds of its file. */
export interface ShownMedia {
  readonly element: HTMLMediaElement;
  shownSeconds: number | null;
}

/** Which time of its file each element of a page is at: it stands where the page put it, plays, or follows its slot. */
export class MediaTimes {
  readonly slots: MediaSlots = new MediaSlots();
  readonly #playing = new Map<HTMLMediaElement, PlayingMedia>();
  readonly #scheduled = new Map<HTMLMediaElement, ShownMedia>();
  /** Where the page put them: one that began by itself while the page loaded begins anew. */
  readonly #setTimes = new WeakMap<HTMLMediaElement, number>();
  /** Frames in which the page put media elsewhere than their slots. */
  readonly #setInFrame = new WeakMap<HTMLMediaElement, number>();

  /** One that the page has played, and may have paused again. */
  playing(element: HTMLMediaElement): PlayingMedia | undefined {
    return this.#playing.get(element);
  }

  /** Those that come while they are gone through are among them. */
  get allPlaying(): Iterable<PlayingMedia> {
    return this.#playing.values();
  }

  /** As `allPlaying` is. */
  get allScheduled(): Iterable<ShownMedia> {
    return this.#scheduled.values();
  }

  get hasPlaying(): boolean {
    return this.#playing.size > 0;
  }

  get hasScheduled(): boolean {
    return this.#scheduled.size > 0;
  }

  isScheduled(element: HTMLMediaElement): boolean {
    return this.#scheduled.has(element);
  }

  /** It plays from where it stands. @param fed null where the browser's own is played */
  take(element: HTMLMediaElement, fed: FedElement | null): PlayingMedia {
    const known: PlayingMedia | undefined = this.#playing.get(element);
    if (known) return known;
    const one = new PlayingMedia(element, fed ? this.standsAt(fed) : (this.#setTimes.get(element) ?? 0));
    this.#playing.set(element, one);
    return one;
  }

  schedule(element: HTMLMediaElement): void {
    this.#scheduled.set(element, { element, shownSeconds: null });
  }

  /** The page has put it to a time, in the frame of this number. */
  set(element: HTMLMediaElement, seconds: number, index: number): void {
    this.#setTimes.set(element, seconds);
    this.#setInFrame.set(element, index);
  }

  /** It has got another file, at whose beginning it stands until it is played. */
  forget(element: HTMLMediaElement): void {
    this.#setTimes.delete(element);
    this.#playing.delete(element);
  }

  /** Where one stands that does not play. */
  standsAt({ element, sources }: FedElement): number {
    return this.#setTimes.get(element) ?? fragmentStart(sources[0]!);
  }

  /** Its own time as the page may ask for it; null where the browser's holds. */
  currentTime(element: HTMLMediaElement, fed: FedElement | null, nowMs: number): number | null {
    const playing: number | undefined = this.#playing.get(element)?.timeAt(nowMs);
    if (playing !== undefined) return playing;
    return fed && (this.#scheduled.get(element)?.shownSeconds ?? this.standsAt(fed));
  }

  /** Seconds of its file now and in the next frames; null where it shows nothing yet. */
  ahead(fed: FedElement, { seconds, milliseconds, index }: AdapterTime, frameSeconds: number): readonly number[] | null {
    const { element } = fed;
    const frames = (timeIn: (passedSeconds: number) => number): number[] =>
      Array.from({ length: FRAMES_AHEAD + 1 }, (_, ahead) => timeIn(ahead * frameSeconds));
    if (this.#scheduled.has(element)) {
      const times: number[] = frames((passed) => this.slots.timeAt(element, seconds + passed));
      // What the page itself has set in this frame counts in it.
      return this.#setInFrame.get(element) === index ? times.with(0, this.standsAt(fed)) : times;
    }
    const playing: PlayingMedia | undefined = this.#playing.get(element);
    if (playing)
      return playing.isPlaying ? frames((passed) => playing.timeAt(milliseconds + passed * 1000)) : [playing.timeAt(milliseconds)];
    // A poster, or nothing where nothing was to be loaded, is shown until the page plays or seeks.
    const isUntouched: boolean = !this.#setTimes.has(element);
    const isEmpty: boolean = element.hasAttribute("poster") || element.getAttribute("preload") === "none";
    return isUntouched && isEmpty ? null : [this.standsAt(fed)];
  }

  /** When the last of them ends, in seconds of the video; null where none does. */
  endSeconds({ seconds, milliseconds }: AdapterTime): number | null {
    const ends: number[] = [...this.#playing.values()]
      .flatMap((one) => one.endsAtMs(milliseconds) ?? [])
      .map((ms) => seconds + (ms - milliseconds) / 1000);
    for (const element of this.#scheduled.keys()) ends.push(this.slots.endOf(element));
    const last: number = Math.max(...ends.filter(Number.isFinite));
    return Number.isFinite(last) ? last : null;
  }
}
