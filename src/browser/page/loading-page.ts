import type { PageWindow } from "./clock/page-window.ts";
import { realTime } from "./clock/real-time.ts";
import type { Departure } from "./departure.ts";
import type { LoadingTime } from "./loading-time.ts";
import { contractOf } from "./page-contract.ts";
import { paintedRoots } from "./painted-roots.ts";
import { pendingIn, type Awaited } from "./readiness.ts";
import type { Requests } from "./requests.ts";
import { capitalised } from "./words.ts";

/** How long a page that seems to go elsewhere is given to do so, in milliseconds. */
const DEPARTURE_MS = 5_000;

/**
 * What is waited for until a page can be rendered, one after the other. Deadlines are real time, in milliseconds; what was
 * waited for in vain is the answer, in words, and null where all came.
 */
export class LoadingPage {
  readonly #view: PageWindow;
  readonly #time: LoadingTime;
  readonly #departure: Departure;
  readonly #requests: Requests;
  readonly #warn: (reason: string) => void;

  constructor(view: PageWindow, time: LoadingTime, departure: Departure, requests: Requests, warn: (reason: string) => void) {
    this.#view = view;
    this.#time = time;
    this.#departure = departure;
    this.#requests = requests;
    this.#warn = warn;
  }

  /** The load event. */
  async loaded(deadlineMs: number): Promise<string | null> {
    const { document } = this.#view;
    if (await this.#time.until(() => document.readyState === "complete", deadlineMs)) return null;
    const pending: string[] = paintedRoots(this.#view).flatMap(pendingIn);
    return pending.length === 0 ? "the page's load event" : pending.join(", ");
  }

  /** A page that goes elsewhere ends here. One that only seemed to is rendered after a while. */
  async stays(deadlineMs: number): Promise<void> {
    await this.#time.until(() => !this.#departure.isNear, Math.min(deadlineMs, realTime.now() + DEPARTURE_MS));
  }

  /** The answers to what scripts asked for. */
  async answered(deadlineMs: number): Promise<void> {
    await this.#requests.settled(Math.max(0, (deadlineMs - realTime.now()) / 2));
  }

  /** The page's own word. @throws what it throws, or rejects its promise with */
  async ready(deadlineMs: number): Promise<string | null> {
    const { ready } = contractOf(this.#view)?.contract ?? {};
    if (ready === undefined || ready === null) return null;
    const answer: unknown = typeof ready === "function" ? ready() : ready;
    return (await this.#time.keptByPageBefore(deadlineMs, Promise.resolve(answer))) ? null : "window.framewright.ready";
  }

  /** All that the page shows; what cannot be had is named and left. */
  async shown(resources: readonly Awaited[], deadlineMs: number): Promise<string | null> {
    const pending = new Set<string>();
    const arrived = Promise.all(
      resources.map(async ({ what, arrived }) => {
        pending.add(what);
        await arrived.catch(() => this.#warn(`${capitalised(what)} did not load`));
        pending.delete(what);
      }),
    );
    return (await this.#time.keptBefore(deadlineMs, arrived)) ? null : [...pending].join(", ");
  }
}
