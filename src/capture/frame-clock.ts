import type { Browser, BrowserPage } from "../core/browser.ts";
import type { PictureParams } from "./picture-session.ts";

const INTERVAL_MS: number = 1000 / 60;
/** A page that waits for frames, to decode a picture or to show a video, gets one this often, in milliseconds. */
const ESCORT_EVERY_MS = 4;

/**
 * Begins the frames of a browser that begins none by itself. There is one compositor: two frames at once are refused, and
 * each has to be later than the one before.
 */
export class FrameClock {
  #ticksMs = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Begins one frame; with a picture of it as base64 where one is asked for. */
  async begin(page: BrowserPage, screenshot?: PictureParams): Promise<string | undefined> {
    const frame: Promise<{ screenshotData?: string }> = this.#last.then(() => {
      this.#ticksMs += INTERVAL_MS;
      const params = { frameTimeTicks: this.#ticksMs, interval: INTERVAL_MS, ...(screenshot && { screenshot }) };
      return page.send<{ screenshotData?: string }>("HeadlessExperimental.beginFrame", params);
    });
    this.#last = frame.catch(() => {});
    return (await frame).screenshotData;
  }

  /** Begins frames until the work is done: what the page waits for may come only with one. */
  async escort<Value>(page: BrowserPage, work: Promise<Value>): Promise<Value> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => {});
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const pause: Promise<void> = new Promise((resolve) => (timer = setTimeout(resolve, ESCORT_EVERY_MS)));
      await Promise.race([done, pause]);
      clearTimeout(timer);
      if (isDone) return work;
      await Promise.race([done, this.begin(page)]);
    }
  }
}

/** One clock a browser. */
export class FrameClocks {
  readonly #clocks = new WeakMap<Browser, FrameClock>();

  of(browser: Browser): FrameClock {
    const clock: FrameClock = this.#clocks.get(browser) ?? new FrameClock();
    this.#clocks.set(browser, clock);
    return clock;
  }
}
