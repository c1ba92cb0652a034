import { limitExceeded } from "./errors.ts";

/**
 * Aborts with `limit-exceeded` when the job's `limits.maxSeconds` are over; the answer stops the timer.
 *
 * @param maxSeconds Null for no limit
 */
export function startTotalTimeout(maxSeconds: number | null, stop: AbortController): () => void {
  if (maxSeconds === null) return () => {};
  const timer = setTimeout(
    () => stop.abort(limitExceeded("maxSeconds", `The render took longer than ${maxSeconds} seconds`, maxSeconds)),
    maxSeconds * 1000,
  );
  return () => clearTimeout(timer);
}
