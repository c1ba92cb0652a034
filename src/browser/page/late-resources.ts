import type { DomChanges } from "./dom-watch.ts";
import { pause } from "./loading-time.ts";
import { lateResourcesOf, type Awaited } from "./readiness.ts";
import { capitalised, describe } from "./words.ts";

/** How long what comes in the middle of the video may load, in milliseconds. */
const LIMIT_MS = 5_000;

/** What the page shows from the middle of the video on, and has still to load. */
export class LateResources {
  readonly #warn: (reason: string) => void;
  readonly #awaited: Awaited[] = [];

  constructor(warn: (reason: string) => void) {
    this.#warn = warn;
  }

  note({ hasNewStyles, added, sourced }: DomChanges): void {
    if (hasNewStyles) this.#awaited.push(...lateResourcesOf([...added, ...sourced]));
  }

  get areAwaited(): boolean {
    return this.#awaited.length > 0;
  }

  /**
   * What came in this frame is waited for before its picture is taken.
   *
   * @param seconds of the video, for what is told of those that do not load
   */
  async arrived(seconds: number): Promise<void> {
    const late: Awaited[] = this.#awaited.splice(0);
    const limit: Promise<never> = pause(LIMIT_MS).then(() => Promise.reject(new Error(`no answer within ${LIMIT_MS} ms`)));
    limit.catch(() => {});
    for (const { what, arrived } of late)
      await Promise.race([arrived, limit]).catch((thrown: unknown) =>
        this.#warn(`${capitalised(what)}, which came ${seconds} s into the video, did not load: ${describe(thrown)}`),
      );
  }
}
