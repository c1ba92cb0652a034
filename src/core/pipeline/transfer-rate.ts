import { aborted } from "../errors.ts";

/** At least this many bytes a second, on average over each window. */
export const LEAST_BYTES_PER_SECOND = 1024;
export const RATE_WINDOW_MS = 30_000;

export interface TransferRateOptions {
  /** The transfer ends when this is aborted. */
  readonly signal: AbortSignal;
  /** @default 30,000 */
  readonly windowMs?: number;
  /** The reason of a transfer that is too slow. */
  tooSlow(words: string): Error;
}

/**
 * Gives the outcome of a transfer, which is ended where less than 1 KiB a second comes of it: a server that sends one byte every
 * few seconds is never silent.
 *
 * @param work Calls `arrived` with the number of bytes of each piece. Its signal is aborted when the transfer ends early
 * @throws RenderError `aborted`, or what `tooSlow` makes
 */
export async function withLeastRate<Value>(
  { signal, windowMs = RATE_WINDOW_MS, tooSlow }: TransferRateOptions,
  work: (arrived: (byteLength: number) => void, signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  if (signal.aborted) throw aborted(signal.reason);
  const leastBytes: number = (LEAST_BYTES_PER_SECOND * windowMs) / 1000;
  const stop = new AbortController();
  let inWindow = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let onAbort: () => void = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (inWindow < leastBytes) reject(tooSlow(slowWords(inWindow, windowMs)));
      inWindow = 0;
    }, windowMs);
    onAbort = () => reject(aborted(signal.reason));
  });
  signal.addEventListener("abort", onAbort, { once: true });
  const arrived = (byteLength: number): void => {
    inWindow += byteLength;
  };
  const working: Promise<Value> = work(arrived, stop.signal);
  // Where the interruption wins, nobody waits for the work's own end.
  working.catch(() => {});
  try {
    return await Promise.race([working, interrupted]);
  } catch (thrown) {
    stop.abort(thrown);
    throw thrown;
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function slowWords(byteLength: number, windowMs: number): string {
  const seconds: number = windowMs / 1000;
  if (byteLength === 0) return `nothing more came of it for ${seconds} s`;
  return `only ${byteLength} bytes came of it in ${seconds} s, and at least ${LEAST_BYTES_PER_SECOND} a second are needed`;
}
