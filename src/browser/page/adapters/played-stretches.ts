import type { PageMedia } from "../media/page-media.ts";
import type { PlayedFile } from "../media/stretches.ts";
import type { MediaSlots } from "./media-slots.ts";
import type { PlayingMedia } from "./playing-media.ts";

const UNKNOWN_FILE: PlayedFile = { source: null, facts: null };

/** Writes down what plays when, for those who mix the sound. Times are seconds of the video. */
export class PlayedStretches {
  readonly #media: PageMedia;
  readonly #slots: MediaSlots;
  /** Those of whose slot it is written down what is heard. */
  readonly #slotted = new WeakSet<HTMLMediaElement>();

  constructor(media: PageMedia, slots: MediaSlots) {
    this.#media = media;
    this.#slots = slots;
  }

  /** From here on it plays as it does now. */
  note(one: PlayingMedia, seconds: number, nowMs: number): void {
    const { element, isPlaying, rate } = one;
    const { log } = this.#media;
    if (!isPlaying || rate <= 0) return log.end(element, seconds);
    log.begin({
      element,
      file: this.#fileOf(element),
      start: seconds,
      mediaStart: one.timeAt(nowMs),
      playbackRate: rate,
      loopFrom: element.loop ? 0 : null,
    });
  }

  /** Once for each file: one that came in the middle of the slot is heard from then on. */
  noteSlot(element: HTMLMediaElement, seconds: number): void {
    if (this.#slotted.has(element)) return;
    this.#slotted.add(element);
    const slot = this.#slots.stretchOf(element);
    const start: number = Math.max(slot.start, seconds);
    if (slot.end !== null && start >= slot.end) return;
    const mediaStart: number = start > slot.start ? this.#slots.timeAt(element, start) : slot.mediaStart;
    this.#media.log.begin({ element, file: this.#fileOf(element), ...slot, start, mediaStart });
  }

  /** It has got another file. */
  cut(element: HTMLMediaElement, seconds: number): void {
    this.#slotted.delete(element);
    this.#media.log.cut(element, seconds);
  }

  /** It has a slot, whatever it played before. */
  forget(element: HTMLMediaElement): void {
    this.#media.log.forget(element);
  }

  #fileOf(element: HTMLMediaElement): PlayedFile {
    return this.#media.fileOf(element) ?? UNKNOWN_FILE;
  }
}
