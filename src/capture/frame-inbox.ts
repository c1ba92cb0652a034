import type { FrameNotice } from "../browser/messages.ts";
import type { FrameRange } from "../core/frame-rate.ts";

export interface FrameInboxOptions {
  /** Called with notices that nobody asks for any more: their places go back, or the page would wait for them without end. */
  onUnwanted(notice: FrameNotice): void;
  /** Called where a notice breaks the rules. @param why what is wrong with it */
  onInvalid(why: string): Error;
}

/**
 * What the page has announced of its frames, by index: pixels take their way through a worker, "unchanged" does not, so notices
 * may overtake one another. It holds no more notices than a run has frames that were not read.
 */
export class FrameInbox {
  readonly #notices = new Map<number, FrameNotice>();
  readonly #options: FrameInboxOptions;
  #awaited: { readonly index: number; resolve(notice: FrameNotice): void; reject(reason: Error): void } | null = null;
  /** How the run ended: null while it goes on. */
  #end: { readonly failure: Error | null } | null = null;
  /** Frames of the run that have not been read; null where none is wanted. */
  #wanted: FrameRange | null = null;

  constructor(options: FrameInboxOptions) {
    this.#options = options;
  }

  /** Begins to take the notices of a run. */
  open(range: FrameRange): void {
    this.#end = null;
    this.#wanted = range;
  }

  /** Nobody reads the run any more, whether the page knows that or not. */
  close(): void {
    this.#wanted = null;
    for (const notice of this.#notices.values()) this.#options.onUnwanted(notice);
    this.#notices.clear();
  }

  push(notice: FrameNotice): void {
    const { index } = notice;
    if (this.#wanted === null) return this.#options.onUnwanted(notice);
    const { start, end } = this.#wanted;
    if (index < start || index >= end || this.#notices.has(index))
      return void this.#options.onInvalid(`it announces frame ${index}, and frames ${start} to ${end - 1} are awaited, each once`);
    if (this.#awaited?.index !== index) return void this.#notices.set(index, notice);
    this.#awaited.resolve(notice);
    this.#awaited = null;
  }

  /** The run is over: null where it went well. Whoever waits for a frame that will not come is rejected. */
  end(failure: Error | null): void {
    this.#end = { failure };
    if (this.#awaited === null) return;
    this.#awaited.reject(failure ?? this.#missing(this.#awaited.index));
    this.#awaited = null;
  }

  next(index: number): Promise<FrameNotice> {
    const notice: FrameNotice | undefined = this.#notices.get(index);
    this.#notices.delete(index);
    if (this.#wanted !== null) this.#wanted = { ...this.#wanted, start: index + (notice ? 1 : 0) };
    if (notice) return Promise.resolve(notice);
    if (this.#end) return Promise.reject(this.#end.failure ?? this.#missing(index));
    return new Promise((resolve, reject) => {
      this.#awaited = {
        index,
        resolve: (awaited) => {
          if (this.#wanted !== null) this.#wanted = { ...this.#wanted, start: index + 1 };
          resolve(awaited);
        },
        reject,
      };
    });
  }

  /** All notices of a run arrive before its end does. */
  #missing(index: number): Error {
    return this.#options.onInvalid(`the run ended without frame ${index}`);
  }
}
