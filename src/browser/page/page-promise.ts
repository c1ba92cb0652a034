import { realTime } from "./clock/real-time.ts";
import type { VirtualClock } from "./clock/virtual-clock.ts";
import { pause } from "./loading-time.ts";

/** How long a promise that is not kept at once is left alone before it is helped along, in milliseconds. */
const PATIENCE_MS = 4;

/**
 * Waits for what a page's `seek` answers. It may wait for a timer or an animation frame of its own, while time stands still: those
 * run at once.
 *
 * @param sinceId the last callback that waited before it was called
 * @throws what the promise is rejected with
 */
export async function keptWhileTimeStands(answer: PromiseLike<unknown>, clock: VirtualClock, sinceId: number): Promise<void> {
  const kept: Promise<unknown> = Promise.resolve(answer);
  let isOver = false;
  const over: Promise<void> = kept.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  await realTime.nextTask();
  while (!isOver) {
    await Promise.race([over, pause(PATIENCE_MS)]);
    if (isOver) break;
    await clock.runFrames(() => Promise.resolve());
    if (!(await clock.runStanding(realTime.nextTask, sinceId))) await realTime.nextTask();
  }
  await kept;
}

export function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as PromiseLike<unknown> | undefined)?.then === "function";
}
