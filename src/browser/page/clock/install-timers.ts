import type { PageWindow } from "./page-window.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Idle callbacks are told that so many milliseconds are left, as in a browser that has nothing to do. */
const IDLE_MS = 50;

/**
 * Makes timers, animation frames and idle callbacks of a window wait for virtual time.
 *
 * @param bornAtMs when the window came, in virtual time: its own time starts then
 */
export function installTimers(view: PageWindow, clock: VirtualClock, bornAtMs: number): void {
  const isGone = (): boolean => view.document.defaultView === null;
  const startTimer = (repeats: boolean, handler: TimerHandler, delay: unknown, args: readonly unknown[]): number => {
    const run: () => void = typeof handler === "function" ? () => handler.apply(view, args) : () => view.eval(String(handler));
    // A frame that was removed takes its timers with it.
    const id: number = clock.setTimer(() => (isGone() ? clock.clearTimer(id) : run()), Number(delay ?? 0), repeats);
    return id;
  };
  const functions = {
    setTimeout: (handler: TimerHandler, delay?: unknown, ...args: unknown[]) => startTimer(false, handler, delay, args),
    setInterval: (handler: TimerHandler, delay?: unknown, ...args: unknown[]) => startTimer(true, handler, delay, args),
    clearTimeout: (id?: unknown) => clock.clearTimer(Number(id)),
    clearInterval: (id?: unknown) => clock.clearTimer(Number(id)),
    requestAnimationFrame: (callback: FrameRequestCallback) => {
      assertFunction(view, "requestAnimationFrame", callback);
      return clock.requestFrame((timeMs) => isGone() || callback.call(view, timeMs - bornAtMs));
    },
    cancelAnimationFrame: (id?: unknown) => clock.cancelFrame(Number(id)),
    // Idle time comes when a frame's work is done: as a timer without delay, before the next frame.
    requestIdleCallback: (callback: IdleRequestCallback) => {
      assertFunction(view, "requestIdleCallback", callback);
      const run = (): unknown => isGone() || callback.call(view, { didTimeout: false, timeRemaining: () => IDLE_MS });
      return clock.setTimer(run, 0, false);
    },
    cancelIdleCallback: (id?: unknown) => clock.clearTimer(Number(id)),
  };
  Object.assign(view, functions);
  installScheduler(view as PageWindow & SchedulerWindow, clock);
  view.AbortSignal.timeout = (delay) => {
    const controller = new view.AbortController();
    clock.setTimer(() => controller.abort(new view.DOMException("signal timed out", "TimeoutError")), Number(delay), false);
    return controller.signal;
  };
}

/** As much as is used here; TypeScript does not know it yet (https://wicg.github.io/scheduling-apis/). */
interface SchedulerWindow {
  readonly scheduler?: object;
}

interface TaskOptions {
  readonly delay?: number;
  readonly signal?: AbortSignal;
}

/** Tasks run in the order in which they were asked for, whatever their priority. */
function installScheduler({ scheduler }: SchedulerWindow, clock: VirtualClock): void {
  if (!scheduler) return;
  const postTask = (callback: () => unknown, { delay = 0, signal }: TaskOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const id: number = clock.setTask(() => {
        try {
          resolve(callback());
        } catch (thrown) {
          reject(thrown as Error);
        }
      }, delay);
      signal?.addEventListener("abort", () => {
        clock.clearTimer(id);
        reject(signal.reason as Error);
      });
    });
  Object.assign(scheduler, { postTask, yield: () => postTask(() => {}) });
}

/** @throws TypeError of the page's realm, in the browser's words */
function assertFunction(view: PageWindow, name: string, callback: unknown): void {
  if (typeof callback !== "function")
    throw new view.TypeError(`Failed to execute '${name}' on 'Window': parameter 1 is not of type 'Function'.`);
}
