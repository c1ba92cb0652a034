import type { PageWindow } from "./clock/page-window.ts";
import { realTime } from "./clock/real-time.ts";

/** Observers of a page, whose callbacks the browser calls in frames of its own. */
export class Observers {
  readonly #observing = new Set<object>();

  install(view: PageWindow): void {
    const note = (observer: object): void => {
      this.#observing.add(observer);
    };
    const forget = (observer: object): void => {
      this.#observing.delete(observer);
    };
    for (const { prototype } of [view.ResizeObserver, view.IntersectionObserver]) {
      const observe = prototype.observe as (...args: unknown[]) => void;
      const { disconnect } = prototype;
      prototype.observe = function (this: object, ...args: unknown[]) {
        note(this);
        observe.apply(this, args);
      };
      prototype.disconnect = function (this: object) {
        forget(this);
        disconnect.call(this as never);
      };
    }
  }

  get areInUse(): boolean {
    return this.#observing.size > 0;
  }

  /** Resolves when they have been told of what changed. */
  async told(): Promise<void> {
    await realTime.nextFrame();
    // Those of sizes are called in the frame, those of what is in view in a task after it.
    await realTime.nextTask();
    await realTime.nextTask();
  }
}
