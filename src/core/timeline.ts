/** One stretch of work. JSON; times in milliseconds. */
export interface Span {
  /** What was done, such as "open", "capture" or "write". */
  readonly name: string;
  /** Where: "render", "encoder", or "worker 1" and on. */
  readonly track: string;
  /** From the beginning of the render. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Of the frame that it was done for. */
  readonly index?: number;
}

export type SpanListener = (span: Span) => void;

/** Tells how long each part of a render took: to whoever listens, span by span, and in sums by name. */
export class Timeline {
  readonly startedAt: number = performance.now();
  readonly #onSpan: SpanListener;
  readonly #totals = new Map<string, number>();

  constructor(onSpan: SpanListener) {
    this.#onSpan = onSpan;
  }

  /** Runs the work and tells how long it took, also where it failed. */
  async span<Value>(name: string, track: string, work: () => Promise<Value>): Promise<Value> {
    const startMs: number = performance.now();
    try {
      return await work();
    } finally {
      this.add(name, track, startMs, performance.now() - startMs);
    }
  }

  /** @param startMs as `performance.now()` counts */
  add(name: string, track: string, startMs: number, durationMs: number, index?: number): void {
    this.#totals.set(name, (this.#totals.get(name) ?? 0) + durationMs);
    this.#onSpan({ name, track, startMs: startMs - this.startedAt, durationMs, ...(index === undefined ? {} : { index }) });
  }

  /** Milliseconds of all spans of a name; those of workers that ran beside one another count each. */
  total(name: string): number {
    return this.#totals.get(name) ?? 0;
  }

  elapsedMs(): number {
    return performance.now() - this.startedAt;
  }
}

/**
 * A timeline in the trace event format that chrome://tracing and Perfetto open: a text of JSON.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export function chromeTrace(spans: readonly Span[]): string {
  const tracks: readonly string[] = [...new Set(spans.map(({ track }) => track))];
  const named = tracks.map((track, id) => ({ ph: "M", name: "thread_name", pid: 1, tid: id, args: { name: track } }));
  const events = spans.map(({ name, track, startMs, durationMs, index }) => ({
    ...{ ph: "X", cat: "render", name, pid: 1, tid: tracks.indexOf(track), ts: startMs * 1000, dur: durationMs * 1000 },
    args: index === undefined ? {} : { frame: index },
  }));
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: [...named, ...events] });
}
