import type { RealTime } from "../clock/real-time.ts";

/** The composition promises something that did not come in time. */
export class AwaitedInVain extends Error {
  override readonly name: string = "AwaitedInVain";
  /** What was waited for, as a noun. */
  readonly waitedFor: string;

  constructor(waitedFor: string) {
    super(`Waited for ${waitedFor}`);
    this.waitedFor = waitedFor;
  }
}

/** The composition's author wrote something that cannot be done; the message says what, and how to mend it. */
export class CompositionFault extends Error {
  override readonly name: string = "CompositionFault";
}

/** What opening a composition needs of whoever opens it. */
export interface OpeningContext {
  /** When to stop waiting, as `realTime.now()` counts. */
  readonly deadlineMs: number;
  readonly realTime: RealTime;
  warn(reason: string): void;
  /** Runs what the page has waiting for the next task and the next animation frame, while its time stands still. */
  runPageTasks(): Promise<void>;
}

const POLL_MS = 10;

/**
 * Waits until nothing is missing any more.
 *
 * @param missing what is still waited for, as a noun; null where nothing is
 * @param changed when it is worth looking again at once
 * @throws AwaitedInVain
 */
export async function untilNothingIsMissing(
  missing: () => string | null,
  { deadlineMs, realTime, runPageTasks }: OpeningContext,
  changed?: Promise<unknown>,
): Promise<void> {
  for (let what = missing(); what !== null; what = missing()) {
    if (realTime.now() >= deadlineMs) throw new AwaitedInVain(what);
    await runPageTasks();
    const aMoment = new Promise<void>((resolve) => void realTime.setTimeout(resolve, POLL_MS));
    await Promise.race(changed ? [changed, aMoment] : [aMoment]);
  }
}

/**
 * @param what as a noun
 * @throws AwaitedInVain
 */
export async function inTime<Value>(promise: Promise<Value>, what: string, context: OpeningContext): Promise<Value> {
  let isSettled = false;
  const settled: Promise<boolean> = promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  // Most are there already.
  await Promise.race([settled, context.realTime.nextTask()]);
  await untilNothingIsMissing(() => (isSettled ? null : what), context, settled);
  return promise;
}

/** How messages name an element: by its id, else by that of its composition. */
export function nameOf(element: Element): string {
  const id: string | null =
    ["id", "data-hf-authored-id", "data-composition-id"].map((name) => element.getAttribute(name)).find(Boolean) ?? null;
  return id === null ? `<${element.localName}>` : `"${id}"`;
}
