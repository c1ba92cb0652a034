import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chromeTrace, Timeline, type Span } from "../../src/core/timeline.ts";

/** An event as chrome://tracing and Perfetto read it; times in microseconds. */
interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly tid: number;
  readonly pid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args: Readonly<Record<string, unknown>>;
}

function eventsOf(spans: readonly Span[]): readonly TraceEvent[] {
  return (JSON.parse(chromeTrace(spans)) as { readonly traceEvents: readonly TraceEvent[] }).traceEvents;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a timeline", () => {
  it("tells each span as it ends, from the beginning of the render, and adds them up by name", async () => {
    const spans: Span[] = [];
    vi.advanceTimersByTime(1000);
    const timeline = new Timeline((span) => spans.push(span));
    vi.advanceTimersByTime(5);
    const working = timeline.span("open", "worker 1", () => new Promise<string>((resolve) => setTimeout(() => resolve("open now"), 20)));
    await vi.advanceTimersByTimeAsync(20);
    expect(await working).toBe("open now");
    timeline.add("capture", "worker 1", performance.now(), 7, 12);
    timeline.add("capture", "worker 2", performance.now(), 8, 13);
    expect(spans).toEqual([
      { name: "open", track: "worker 1", startMs: 5, durationMs: 20 },
      { name: "capture", track: "worker 1", startMs: 25, durationMs: 7, index: 12 },
      { name: "capture", track: "worker 2", startMs: 25, durationMs: 8, index: 13 },
    ]);
    expect([timeline.total("open"), timeline.total("capture"), timeline.total("write"), timeline.elapsedMs()]).toEqual([20, 15, 0, 25]);
  });

  it("counts work that fails as well", async () => {
    const timeline = new Timeline(() => {});
    const failing = timeline.span("finish", "encoder", () => new Promise((_, reject) => setTimeout(() => reject(new Error("no")), 9)));
    const heard = expect(failing).rejects.toThrow("no");
    await vi.advanceTimersByTimeAsync(9);
    await heard;
    expect(timeline.total("finish")).toBe(9);
  });
});

describe("a trace for chrome://tracing", () => {
  const spans: readonly Span[] = [
    { name: "launch", track: "render", startMs: 0, durationMs: 250.5 },
    { name: "capture", track: "worker 1", startMs: 300, durationMs: 22, index: 0 },
    { name: "capture", track: "worker 2", startMs: 300.25, durationMs: 22, index: 16 },
    { name: "write", track: "encoder", startMs: 322, durationMs: 3, index: 0 },
    { name: "capture", track: "worker 1", startMs: 322, durationMs: 22, index: 1 },
  ];

  it("names a thread for each track, once, in the order in which they come", () => {
    const names = eventsOf(spans).filter(({ ph }) => ph === "M");
    expect(names.map(({ name, tid, args }) => [name, tid, args["name"]])).toEqual([
      ["thread_name", 0, "render"],
      ["thread_name", 1, "worker 1"],
      ["thread_name", 2, "worker 2"],
      ["thread_name", 3, "encoder"],
    ]);
  });

  it("has a complete event for each span, in microseconds, on the thread of its track, with its frame", () => {
    const events = eventsOf(spans).filter(({ ph }) => ph === "X");
    expect(events.map(({ name, tid, ts, dur, args }) => ({ name, tid, ts, dur, args }))).toEqual([
      { name: "launch", tid: 0, ts: 0, dur: 250_500, args: {} },
      { name: "capture", tid: 1, ts: 300_000, dur: 22_000, args: { frame: 0 } },
      { name: "capture", tid: 2, ts: 300_250, dur: 22_000, args: { frame: 16 } },
      { name: "write", tid: 3, ts: 322_000, dur: 3_000, args: { frame: 0 } },
      { name: "capture", tid: 1, ts: 322_000, dur: 22_000, args: { frame: 1 } },
    ]);
    expect(new Set(eventsOf(spans).map(({ pid }) => pid)).size).toBe(1);
  });

  it("is a trace also where nothing happened", () => {
    expect(JSON.parse(chromeTrace([]))).toEqual({ displayTimeUnit: "ms", traceEvents: [] });
  });
});
