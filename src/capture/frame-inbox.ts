import type { FrameNotice } from "../browser/messages.ts";

/**
 * What the page has told of its frames, by index: pixels take their way through a worker, "unchanged" does not, so notices
 * may overtake one another.
 */
export class FrameInbox {
  readonly #notices = new Map<number, FrameNotice>();
  #awaited: { readonly index: number; resolve(notice: FrameNotice): void; reject(reason: Error): void } | null = null;
  #failure: Error | null = null;

  /** Begins a new run. */
  expectFrom(start: number): void {
    this.#failure = null;
    for (const index of this.#notices.keys()) if (index < start) this.#notices.delete(index);
  }

  push(notice: FrameNotice): void {
    if (this.#awaited?.index === notice.index) {
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

  /** Takes out everything that nobody asked for. */
  drain(): FrameNotice[] {
    const left: FrameNotice[] = [...this.#notices.values()];
    this.#notices.clear();
    return left;
  }
}
