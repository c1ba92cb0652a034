import type { FrameNotice } from "../browser/messages.ts";

/**
 * What the page has told of its frames, by index: pixels take their way through a worker, "unchanged" does not, so notices
 * may overtake one another.
 */
export class FrameInbox {
  readonly #notices = new Map<number, FrameNotice>();
  readonly #onUnwanted: (notice: FrameNotice) => void;
  #awaited: { readonly index: number; resolve(notice: FrameNotice): void; reject(reason: Error): void } | null = null;
  #failure: Error | null = null;
  #isOpen = false;

  /** @param onUnwanted Hears of notices that nobody asks for: their places go back, or the page would wait for them for ever */
  constructor(onUnwanted: (notice: FrameNotice) => void) {
    this.#onUnwanted = onUnwanted;
  }

  /** Begins to hear a run. */
  open(): void {
    this.#failure = null;
    this.#isOpen = true;
  }

  /** Nobody reads the run any more, whether the page has heard of that or not. */
  close(): void {
    this.#isOpen = false;
    for (const notice of this.#notices.values()) this.#onUnwanted(notice);
    this.#notices.clear();
  }

  push(notice: FrameNotice): void {
    if (!this.#isOpen) this.#onUnwanted(notice);
    else if (this.#awaited?.index === notice.index) {
      this.#awaited.resolve(notice);
      this.#awaited = null;
    } else this.#notices.set(notice.index, notice);
  }

  /** The run is over: null where it went well. Whoever waits for a frame that will not come hears of it. */
  end(failure: Error | null): void {
    if (failure === null) return;
    this.#failure = failure;
    this.#awaited?.reject(failure);
    this.#awaited = null;
  }

  next(index: number): Promise<FrameNotice> {
    const notice: FrameNotice | undefined = this.#notices.get(index);
    this.#notices.delete(index);
    if (notice) return Promise.resolve(notice);
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#awaited = { index, resolve, reject };
    });
  }
}
