import type { MediaFacts } from "../../../core/media.ts";

/** What an element plays: an element that is given another `src` plays another file. Facts come when they have been read. */
export interface PlayedFile {
  /** The key of its facts; null until it is known, and where it cannot be read. */
  readonly source: string | null;
  readonly facts: MediaFacts | null;
}

/** A stretch of time in which an element plays as it does: from `play()` or its slot's begin to a pause, a seek, another rate. */
export interface Stretch {
  readonly element: HTMLMediaElement;
  readonly file: PlayedFile;
  /** Exact, in seconds of the video; 0 for what began while the page loaded. */
  readonly start: number;
  /** Null while it goes on. */
  end: number | null;
  /** Seconds of the file at `start`. */
  readonly mediaStart: number;
  readonly playbackRate: number;
  /** Where it begins anew at the end of the file, in seconds of the file; null where it ends there. */
  readonly loopFrom: number | null;
}

/** All that media played and will play, as far as it is known by now, in the order in which it began. */
export class StretchLog {
  readonly #all: Stretch[] = [];

  get all(): readonly Stretch[] {
    return this.#all;
  }

  /** A stretch of the same element that goes on ends here. */
  begin(stretch: Omit<Stretch, "end"> & { readonly end?: number | null }): void {
    this.end(stretch.element, stretch.start);
    this.#all.push({ end: null, ...stretch });
  }

  end(element: HTMLMediaElement, seconds: number): void {
    const open: Stretch | undefined = this.#all.findLast((one) => one.element === element && one.end === null);
    if (open) open.end = Math.max(open.start, seconds);
  }

  /** Ends here whatever the element was to play: it has got another file. */
  cut(element: HTMLMediaElement, seconds: number): void {
    for (let at = this.#all.length - 1; at >= 0; at--) {
      const stretch: Stretch = this.#all[at]!;
      if (stretch.element !== element || (stretch.end ?? Infinity) <= seconds) continue;
      if (stretch.start >= seconds) this.#all.splice(at, 1);
      else stretch.end = seconds;
    }
  }

  /** Forgets what an element was to play: its attributes say something else now. */
  forget(element: HTMLMediaElement): void {
    for (let at = this.#all.length - 1; at >= 0; at--) if (this.#all[at]!.element === element) this.#all.splice(at, 1);
  }
}
