import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EncoderSession } from "../../src/core/encoder.ts";
import { browserClosed, isRenderError, seekFailed } from "../../src/core/errors.ts";
import type { Frame } from "../../src/core/frame.ts";
import { pump, type PumpOptions, type PumpResult, type PumpSpan, type WorkerLoss } from "../../src/core/pipeline/pump.ts";
import type { FrameSource } from "../../src/core/source.ts";
import { deferred, fakeEncoder, fakeSource, Ledger, rejectionOf, type FakeSource } from "../support/frame-doubles.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const FRAME_BYTES = 16;
const LIMIT_MS = 1000;

let time: VirtualTime;
let ledger: Ledger;
const unhandled = vi.fn();

beforeEach(() => {
  time = new VirtualTime();
  time.install();
  ledger = new Ledger();
  unhandled.mockReset();
  process.on("unhandledRejection", unhandled);
});
afterEach(async () => {
  // What comes after the end has come by now.
  await time.run();
  vi.unstubAllGlobals();
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  expect(ledger.open).toEqual([]);
  expect(ledger.closedAgain).toEqual([]);
});

type Before = (index: number) => Promise<void>;

/** Sources of one video, each with its own pace or faults. */
function sourcesOf(frameCount: number, ...paces: (number | Before)[]): FakeSource[] {
  return paces.map((pace) =>
    fakeSource({
      ledger,
      frameCount,
      picture: (index) => new Uint8Array(FRAME_BYTES).fill(index),
      before: typeof pace === "number" ? () => time.sleep(pace) : pace,
    }),
  );
}

function start(sources: readonly FrameSource[], encoder: EncoderSession, more: Partial<PumpOptions> = {}): Promise<PumpResult> {
  const options: PumpOptions = {
    signal: new AbortController().signal,
    captureTimeoutMs: LIMIT_MS,
    blockFrames: 4,
    windowBytes: 1000 * FRAME_BYTES,
    isWorkerLoss: (thrown) => isRenderError(thrown) && thrown.code === "browser-closed",
    ...more,
  };
  return pump(sources, { start: 0, end: sources[0]!.frameCount! }, encoder, options);
}

/** Runs to the end of the pump. */
async function pumped(sources: readonly FrameSource[], encoder: EncoderSession, more?: Partial<PumpOptions>): Promise<PumpResult> {
  return ended(start(sources, encoder, more));
}

async function ended<Value>(work: Promise<Value>): Promise<Value> {
  let isDone = false;
  const note = (): void => {
    isDone = true;
  };
  work.then(note, note);
  await time.run(() => isDone);
  if (!isDone) expect.fail("nothing happens any more, and the pump has not ended");
  return work;
}

function withRead(source: FrameSource, read: FrameSource["read"]): FrameSource {
  return { ...source, read };
}

function upTo(end: number): number[] {
  return Array.from({ length: end }, (_, index) => index);
}

/** A pace that is broken at one frame, and from there on. */
function dyingAt(fatal: number, pace: number, error: unknown = browserClosed("a frame")): Before {
  let isDead = false;
  return async (index) => {
    isDead ||= index === fatal;
    await time.sleep(pace);
    if (isDead) throw error;
  };
}

const never: Promise<void> = new Promise(() => {});

describe("several workers", () => {
  it("take the next block when they are free, in rising order", async () => {
    const sources = sourcesOf(20, 10, 35);
    const encoder = fakeEncoder();
    const result = await pumped(sources, encoder);
    expect(encoder.written).toEqual(upTo(20));
    expect(sources.map(({ ranges }) => ranges)).toEqual([["0-4", "8-12", "12-16", "16-20"], ["4-8"]]);
    expect(result.workers).toEqual([
      { frames: 16, blocks: 4, capturingMs: 160, waitingMs: 0, lost: false },
      { frames: 4, blocks: 1, capturingMs: 140, waitingMs: 0, lost: false },
    ]);
  });

  it("wait for room in the window and not for each other", async () => {
    const sources = sourcesOf(40, 100, 1);
    const spans: PumpSpan[] = [];
    const result = await pumped(sources, fakeEncoder(), { windowBytes: 12 * FRAME_BYTES, onSpan: (span) => spans.push(span) });
    expect(result.window).toEqual({ budgetBytes: 12 * FRAME_BYTES, peakBytes: 13 * FRAME_BYTES, peakFrames: 13 });
    const first = spans.find(({ name }) => name === "window");
    // The second worker's three blocks fill the window, until the first has done 0 to 3 and frame 4 is written.
    expect(first).toEqual({ name: "window", worker: 1, index: 16, startMs: 13, durationMs: 387 });
    expect(result.workers[1]!.waitingMs).toBeGreaterThanOrEqual(387);
    expect(result.workers[0]!.waitingMs).toBe(0);
  });

  it("have no limit on their wait for room", async () => {
    const encoder = fakeEncoder(() => time.sleep(3 * LIMIT_MS));
    await pumped(sourcesOf(10, 1, 1), encoder, { windowBytes: 0 });
    expect(encoder.written).toEqual(upTo(10));
  });

  it("are one in effect where the source reads forwards alone", async () => {
    const sources = upTo(2).map(() => fakeSource({ ledger, frameCount: 10, access: "sequential" }));
    const encoder = fakeEncoder();
    await pumped(sources, encoder);
    expect(sources.map(({ ranges }) => ranges)).toEqual([["0-10"], []]);
    expect(encoder.written).toEqual(upTo(10));
  });

  it("give spans for a trace", async () => {
    const spans: PumpSpan[] = [];
    const encoder = fakeEncoder(() => time.sleep(5));
    const result = await pumped(sourcesOf(2, 10, 30), encoder, { blockFrames: 1, onSpan: (span) => spans.push(span) });
    expect(spans).toEqual([
      { name: "capture", worker: 0, index: 0, startMs: 0, durationMs: 10 },
      { name: "write", worker: null, index: 0, startMs: 10, durationMs: 5 },
      { name: "capture", worker: 1, index: 1, startMs: 0, durationMs: 30 },
      { name: "write", worker: null, index: 1, startMs: 30, durationMs: 5 },
    ]);
    expect(result.writingMs).toBe(10);
  });
});

describe("repetitions across blocks", () => {
  /** Three scenes: 0 to 5, 6, and 7 to 15. */
  const scene = (index: number): Uint8Array => new Uint8Array(FRAME_BYTES).fill(index < 6 ? 1 : index < 7 ? 2 : 3);
  const shown: readonly string[] = upTo(16).map((index) => scene(index).join());

  it.for([1, 2, 3])("are as many with %i workers as with one", async (workers) => {
    const sources = upTo(workers).map((number) =>
      fakeSource({ ledger, frameCount: 16, picture: scene, before: () => time.sleep(10 + 7 * number) }),
    );
    const encoder = fakeEncoder(() => time.sleep(3));
    const result = await pumped(sources, encoder);
    expect(result).toMatchObject({ frames: 16, repeats: 13 });
    expect(encoder.repeats()).toBe(13);
    expect(encoder.shown).toEqual(shown);
  });

  it("are looked for in the first frame of a block alone: within it the source says what repeats", async () => {
    const sources = sourcesOf(8, 0, 0).map((source) =>
      withRead(source, async function* ({ start, end }) {
        for (let index = start; index < end; index++) yield ledger.frame(index, new Uint8Array(FRAME_BYTES));
      }),
    );
    expect(await pumped(sources, fakeEncoder())).toMatchObject({ frames: 8, repeats: 1 });
  });

  it("are not taken from pixels of another length or format", async () => {
    // Equal bytes as far as they go.
    const sources = sourcesOf(3, 0, 0).map((source) =>
      withRead(source, async function* ({ start }) {
        const { pixels, ...frame } = ledger.frame(start, new Uint8Array(start === 0 ? 8 : 16));
        yield { ...frame, pixels: start === 2 && pixels?.format === "RGBA" ? { ...pixels, format: "PNG" } : pixels };
      }),
    );
    expect(await pumped(sources, fakeEncoder(), { blockFrames: 1 })).toMatchObject({ frames: 3, repeats: 0 });
  });
});

describe("a worker that dies", () => {
  it("gives the rest of its block to the next that is free, before later blocks", async () => {
    const error = browserClosed("frame 6");
    const sources = sourcesOf(24, 10, dyingAt(6, 10, error));
    const encoder = fakeEncoder();
    const onWorkerLost = vi.fn<(loss: WorkerLoss) => void>();
    const result = await pumped(sources, encoder, { onWorkerLost });
    expect(onWorkerLost.mock.calls).toEqual([[{ worker: 1, error, range: { start: 6, end: 8 } }]]);
    // At 30 ms the first is in its first block.
    expect(sources[0]!.ranges).toEqual(["0-4", "6-8", "8-12", "12-16", "16-20", "20-24"]);
    expect(sources[1]!.ranges).toEqual(["4-8"]);
    expect(encoder.written).toEqual(upTo(24));
    expect(encoder.shown).toEqual(upTo(24).map((index) => new Uint8Array(FRAME_BYTES).fill(index).join()));
    expect(result.workers.map(({ lost, frames }) => ({ lost, frames }))).toEqual([
      { lost: false, frames: 22 },
      { lost: true, frames: 2 },
    ]);
  });

  it("is replaced also by those that had nothing left to do", async () => {
    const sources = sourcesOf(8, 1, dyingAt(7, 100));
    const encoder = fakeEncoder();
    await pumped(sources, encoder);
    expect(sources[0]!.ranges).toEqual(["0-4", "7-8"]);
    expect(encoder.written).toEqual(upTo(8));
  });

  it("has nothing to give where it delivered its block", async () => {
    const sources = sourcesOf(8, 1, 1);
    const dying = withRead(sources[1]!, async function* (range) {
      yield* sources[1]!.read(range);
      throw browserClosed("the end");
    });
    const onWorkerLost = vi.fn<(loss: WorkerLoss) => void>();
    expect(await pumped([sources[0]!, dying], fakeEncoder(), { onWorkerLost })).toMatchObject({ frames: 8 });
    expect(onWorkerLost.mock.calls[0]![0].range).toEqual({ start: 8, end: 8 });
  });

  it("may be one that says nothing any more; a frame of it that comes too late is closed", async () => {
    const late = deferred();
    const sources = sourcesOf(8, 400, async (index) => {
      if (index === 5) await late.promise;
    });
    const encoder = fakeEncoder();
    const isWorkerLoss = (thrown: unknown): boolean => isRenderError(thrown) && thrown.code === "capture-stalled";
    await pumped(sources, encoder, { isWorkerLoss });
    expect(encoder.written).toEqual(upTo(8));
    const { made } = ledger;
    late.resolve();
    await time.run();
    expect(ledger.made).toBe(made + 1);
    expect(sources[1]!.isReleased()).toBe(true);
    expect(time.timerCount).toBe(0);
  });

  it("frees one that waits for room, where all others do and its frame is the one that is missing", async () => {
    // The window is full of frames from 8 on when frame 4 is missed; both others wait for room.
    const sources = sourcesOf(40, 1, dyingAt(4, 500), 1);
    const encoder = fakeEncoder();
    const result = await pumped(sources, encoder, { windowBytes: 10 * FRAME_BYTES });
    expect(encoder.written).toEqual(upTo(40));
    expect(result.window.peakBytes).toBe(11 * FRAME_BYTES);
    // One frame was captured in vain, and again later.
    expect(ledger.made).toBe(41);
    expect(result.workers.map(({ lost }) => lost)).toEqual([false, true, false]);
  });

  it("ends the render where another died in the same block", async () => {
    const second = browserClosed("again");
    const sources = sourcesOf(12, dyingAt(6, 10, second), dyingAt(6, 10), 100);
    const encoder = fakeEncoder();
    const onWorkerLost = vi.fn();
    expect(await rejectionOf(pumped(sources, encoder, { onWorkerLost }))).toBe(second);
    expect(onWorkerLost).toHaveBeenCalledOnce();
    expect(encoder.written).toEqual(upTo(6));
  });

  it("ends the render where it is the last", async () => {
    const last = browserClosed("the last");
    const sources = sourcesOf(40, dyingAt(12, 10, last), dyingAt(4, 10));
    const onWorkerLost = vi.fn();
    expect(await rejectionOf(pumped(sources, fakeEncoder(), { onWorkerLost }))).toBe(last);
    expect(onWorkerLost).toHaveBeenCalledOnce();

    const alone = browserClosed("alone");
    expect(await rejectionOf(pumped(sourcesOf(4, dyingAt(2, 1, alone)), fakeEncoder(), { onWorkerLost }))).toBe(alone);
    expect(onWorkerLost).toHaveBeenCalledOnce();
  });

  it("ends the render at once where the fault is no loss of the worker", async () => {
    const failure = seekFailed(5, 5 / 30, "no clip");
    const signals: AbortSignal[] = [];
    const sources = sourcesOf(40, () => never, dyingAt(5, 10, failure)).map((source) =>
      withRead(source, (range, signal) => {
        signals.push(signal!);
        return source.read(range, signal);
      }),
    );
    expect(await rejectionOf(pumped(sources, fakeEncoder()))).toBe(failure);
    expect(time.now).toBe(20);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(time.timerCount).toBe(0);
  });
});

describe("a source that breaks its contract", () => {
  /** Gives the frames of each range as `give` makes them of the right ones. */
  function giving(give: (index: number) => Frame | null): FrameSource[] {
    return sourcesOf(12, 0, 0).map((source) =>
      withRead(source, async function* ({ start, end }) {
        for (let index = start; index < end; index++) {
          await time.sleep(1);
          const frame: Frame | null = give(index);
          if (frame === null) return;
          yield frame;
        }
      }),
    );
  }
  const right = (index: number): Frame => ledger.frame(index, new Uint8Array(FRAME_BYTES).fill(index));

  it.for([
    ["gives another frame", (index: number) => right(index === 5 ? 6 : index), "gave frame 6 instead of 5, of the range [4, 8)"],
    [
      "begins a block without pixels",
      (index: number) => (index === 4 ? ledger.frame(4, null) : right(index)),
      "gave the first frame without pixels, of the range [4, 8)",
    ],
    ["ends early", (index: number) => (index === 6 ? null : right(index)), "ended before frame 6 of the range [4, 8)"],
  ] as const)("is named: it %s", async ([, give, words]) => {
    const thrown: unknown = await rejectionOf(pumped(giving(give), fakeEncoder()));
    expect(thrown).toBeInstanceOf(TypeError);
    expect(String(thrown)).toContain(words);
  });

  it("is named: it gives more than was asked for", async () => {
    const sources = sourcesOf(4, 1).map((source) => withRead(source, () => source.read({ start: 0, end: 4 })));
    const running = pump(sources, { start: 0, end: 3 }, fakeEncoder(), {
      signal: new AbortController().signal,
      captureTimeoutMs: LIMIT_MS,
      blockFrames: 1,
      windowBytes: 0,
    });
    expect(String(await rejectionOf(ended(running)))).toContain("gave another frame, 3, of the range [0, 3)");
  });

  it("does not where it ends before the whole, which may be how the end is found", async () => {
    const encoder = fakeEncoder();
    const result = await pumped(
      giving((index) => (index === 10 ? null : right(index))),
      encoder,
    );
    expect(result.frames).toBe(10);
    expect(encoder.written).toEqual(upTo(10));
  });
});

describe("a stop", () => {
  it("reaches workers that wait for room, that have nothing to do, and that hang, and does not wait for the write", async () => {
    const controller = new AbortController();
    const write = deferred();
    // The first waits for room, the second hangs, the third is idle: there are two blocks.
    const sources = sourcesOf(8, 1, () => never, 1);
    const encoder = fakeEncoder(() => write.promise);
    const onFrame = vi.fn();
    const running = start(sources, encoder, { signal: controller.signal, windowBytes: 0, onFrame });
    running.catch(() => {});
    await time.run(() => time.now >= 2);
    controller.abort(new Error("enough"));
    const thrown: unknown = await rejectionOf(ended(running));
    expect(isRenderError(thrown) && thrown.code).toBe("aborted");
    expect(time.now).toBe(2);
    expect(time.timerCount).toBe(0);
    expect(encoder.written).toEqual([]);
    write.resolve();
    await time.run();
    // The one that was being written is the encoder's.
    expect(encoder.written).toEqual([0]);
    expect(onFrame).not.toHaveBeenCalled();
  });

  it("that came before begins nothing", async () => {
    const sources = sourcesOf(8, 1, 1);
    const thrown: unknown = await rejectionOf(pumped(sources, fakeEncoder(), { signal: AbortSignal.abort(new Error("enough")) }));
    expect(isRenderError(thrown) && thrown.code).toBe("aborted");
    expect(sources.flatMap(({ ranges }) => ranges)).toEqual([]);
  });
});

describe("options that cannot be", () => {
  it("are refused", async () => {
    const [source] = sourcesOf(1, 1);
    expect(String(await rejectionOf(pumped([source!], fakeEncoder(), { blockFrames: 0 })))).toContain("blockFrames is 0");
    expect(String(await rejectionOf(pumped([source!], fakeEncoder(), { windowBytes: Number.NaN })))).toContain("windowBytes is NaN");
    const none = pump([], { start: 0, end: 1 }, fakeEncoder(), {
      signal: new AbortController().signal,
      captureTimeoutMs: 1,
      blockFrames: 1,
      windowBytes: 0,
    });
    expect(String(await rejectionOf(none))).toContain("no source");
  });
});
