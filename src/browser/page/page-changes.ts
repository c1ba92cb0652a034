import type { Adapters } from "./adapters/adapters.ts";
import { realTime } from "./clock/real-time.ts";
import type { Departure } from "./departure.ts";
import { DomWatch, type DomChanges } from "./dom-watch.ts";
import type { LateResources } from "./late-resources.ts";
import type { PaintedRoot } from "./painted-roots.ts";

/** What a page changes in its trees: adapters hear of it before the browser looks at it. */
export class PageChanges {
  readonly #watch: DomWatch = new DomWatch();
  readonly #adapters: Adapters;
  readonly #late: LateResources;
  readonly #departure: Departure;

  constructor(adapters: Adapters, late: LateResources, departure: Departure) {
    this.#adapters = adapters;
    this.#late = late;
    this.#departure = departure;
  }

  observe(root: PaintedRoot): void {
    this.#watch.observe(root);
  }

  /** What came while the page loaded is none. */
  begin(): void {
    this.#watch.take();
  }

  /** Those since the last call. */
  take(): DomChanges {
    const changes: DomChanges = this.#watch.take();
    this.#late.note(changes);
    return changes;
  }

  /** What the page has changed begins where things are now, whenever the browser looks at it. */
  notice(): void {
    const changes: DomChanges = this.take();
    if (changes.hasNewStyles) this.#adapters.notice(changes);
  }

  /** Waits for what takes real time. What the page changes meanwhile stands from the browser's first look at it. */
  async noticedDuring(work: Promise<unknown>): Promise<void> {
    this.notice();
    let isOver = false;
    const look = async (): Promise<void> => {
      // A page that goes elsewhere gets no frames any more.
      while (!this.#departure.isNear) {
        await realTime.nextFrame();
        if (isOver) return;
        this.notice();
      }
    };
    void look();
    await work.finally(() => {
      isOver = true;
    });
  }
}
