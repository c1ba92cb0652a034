import type { Adapters } from "./adapters/adapters.ts";
import { Messages } from "./clock/messages.ts";
import type { PageWindow } from "./clock/page-window.ts";
import type { VirtualClock } from "./clock/virtual-clock.ts";
import type { DomChanges } from "./dom-watch.ts";
import type { LateResources } from "./late-resources.ts";
import { Observers } from "./observers.ts";
import type { PageChanges } from "./page-changes.ts";
import { isPromise, keptWhileTimeStands } from "./page-promise.ts";
import type { Requests } from "./requests.ts";
import type { Heard } from "./sound/heard.ts";
import type { VideoTime } from "./video-time.ts";

/** How often observers are told within one frame. */
const OBSERVER_ROUNDS = 3;

export interface FrameMakerOptions {
  readonly clock: VirtualClock;
  readonly time: VideoTime;
  readonly adapters: Adapters;
  readonly heard: Heard;
  readonly changes: PageChanges;
  readonly late: LateResources;
  readonly requests: Requests;
  /** The page's own word; what it answers is awaited. */
  seekPage(seconds: number): unknown;
}

/** Makes the frames of a page, each in the order in which a browser would make it. */
export class FrameMaker {
  readonly #options: FrameMakerOptions;
  readonly #messages = new Messages();
  readonly #observers = new Observers();
  #isSequential = false;

  constructor(options: FrameMakerOptions) {
    this.#options = options;
  }

  /** To be called for each window before its scripts run. */
  install(view: PageWindow): void {
    this.#messages.install(view);
    this.#observers.install(view);
  }

  /** @param isSequential the page itself says that it cannot go back */
  begin(isSequential: boolean): void {
    this.#isSequential = this.#dependsOnPast || isSequential;
  }

  /** A frame can only be made after those before it. */
  get isSequential(): boolean {
    return this.#isSequential;
  }

  /** @throws what the page's own `seek` throws */
  async make(index: number): Promise<void> {
    const { clock, time, heard, changes, late, requests, seekPage } = this.#options;
    time.index = index;
    const timeMs: number = time.pageMsOf(index);
    if (timeMs < clock.nowMs) clock.jumpTo(timeMs);
    else await this.#passTo(timeMs);
    await this.#seekAdapters("before-frames");
    await heard.advance(timeMs);
    if (await clock.runFrames(() => Promise.resolve())) await this.#settle();
    await this.#seekAdapters("after-frames");
    const sinceId: number = clock.lastId;
    // The page's own word comes last.
    const answer: unknown = seekPage(time.secondsOf(index));
    if (this.#messages.areUnderWay) await this.#settle();
    if (isPromise(answer)) await changes.noticedDuring(keptWhileTimeStands(answer, clock, sinceId));
    if (requests.areUnderWay) await changes.noticedDuring(requests.settled());
    // What the frame itself has started begins in it.
    await this.#seekStarted();
    if (this.#observers.areInUse) await this.#tellObservers();
    if (late.areAwaited) await changes.noticedDuring(late.arrived(time.secondsOf(index)));
    this.#isSequential ||= this.#dependsOnPast;
  }

  /** The last frame lasts until a time of the page, in milliseconds: what begins or ends in it is heard. */
  async lastUntil(pageMs: number): Promise<void> {
    const { clock, heard } = this.#options;
    await this.#passTo(pageMs);
    await heard.advance(clock.nowMs);
  }

  get #dependsOnPast(): boolean {
    const { clock, adapters, heard } = this.#options;
    return clock.isWaiting || adapters.areSequential || heard.isLookedAt;
  }

  /** What sounds before a timer of the page runs does not know of it. */
  #passTo(pageMs: number): Promise<void> {
    const { clock, heard } = this.#options;
    return clock.advanceTo(
      pageMs,
      () => this.#settle(),
      (timerMs) => heard.advance(timerMs),
    );
  }

  async #seekAdapters(turn: "before-frames" | "after-frames"): Promise<void> {
    const { adapters, changes } = this.#options;
    await adapters.seek(turn, changes.take());
  }

  async #seekStarted(): Promise<boolean> {
    const { adapters, changes } = this.#options;
    const started: DomChanges = changes.take();
    adapters.notice(started);
    await this.#seekAdapters("before-frames");
    return started.hasNewStyles;
  }

  /** Observers are told of what has moved, and what they start begins in the same frame; what that moves, they are told again. */
  async #tellObservers(): Promise<void> {
    for (let round = 0; round < OBSERVER_ROUNDS; round++) {
      await this.#observers.told();
      if (!(await this.#seekStarted())) return;
    }
  }

  /** Lets promises and messages of the page run, and waits for what servers answer: all of it happens at the time that it is. */
  async #settle(): Promise<void> {
    const { changes, requests } = this.#options;
    changes.notice();
    await this.#messages.arrived();
    if (requests.areUnderWay) await changes.noticedDuring(requests.settled());
  }
}
