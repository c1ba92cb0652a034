import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EncoderSession } from "../../src/core/encoder.ts";
import { aborted, encoderFailed, isRenderError, seekFailed } from "../../src/core/errors.ts";
import { pump, type PumpOptions, type PumpResult } from "../../src/core/pipeline/pump.ts";
import type { FrameSource } from "../../src/core/source.ts";
import { deferred, fakeEncoder, fakeSource as sourceOf, Ledger, rejectionOf, type FakeSource } from "../support/frame-doubles.ts";

function fakeSource(ledger: Ledger, frameCount: number, before: (index: number) => Promise<void> = async () => {}): FakeSource {
  return sourceOf({ ledger, frameCount, before });
}

const LIMIT_MS = 1000;
const stop = (): AbortController => new AbortController();

/** No room but for the frame that is waited for. */
function options(more: Partial<PumpOptions> = {}): PumpOptions {
  return { signal: stop().signal, captureTimeoutMs: LIMIT_MS, blockFrames: 4, windowBytes: 0, ...more };
}

function pumpAll(source: FrameSource, encoder: EncoderSession, signal: AbortSignal = stop().signal): Promise<PumpResult> {
  return pump([source], { start: 0, end: source.frameCount! }, encoder, options({ signal }));
}

/** Lets everything that is ready run, without letting time pass. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

const unhandled = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  unhandled.mockReset();
  process.on("unhandledRejection", unhandled);
});
afterEach(async () => {
  vi.useRealTimers();
  // Node tells of unhandled rejections after the microtasks of a turn: one real turn of the loop.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

describe("what goes through", () => {
  it("is every frame of the range, once and in order, and repetitions are counted", async () => {
    const ledger = new Ledger();
    const encoder = fakeEncoder();
    const source = fakeSource(ledger, 100);
    const seen: number[] = [];
    const onFrame = ({ index }: { readonly index: number }): void => void seen.push(index);
    const result = await pump([source], { start: 10, end: 20 }, encoder, options({ onFrame }));
    expect(encoder.written).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(seen).toEqual(encoder.written);
    // 11, 14 and 17.
    expect(result).toMatchObject({ frames: 10, repeats: 3 });
    expect(ledger.open).toEqual([]);
    expect(source.isReleased()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("may be nothing", async () => {
    const encoder = fakeEncoder();
    expect(await pumpAll(fakeSource(new Ledger(), 0), encoder)).toMatchObject({ frames: 0, repeats: 0 });
    expect(encoder.written).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is one write at a time, and one frame that is fetched beside it", async () => {
    const ledger = new Ledger();
    const writes = [0, 1, 2, 3, 4].map(() => deferred());
    const encoder = fakeEncoder((index) => writes[index]!.promise);
    const running = pumpAll(fakeSource(ledger, 5), encoder);
    for (let index = 0; index < 5; index++) {
      await settle();
      // The one that is being written and the one after it: no third is asked for.
      expect(ledger.made).toBe(Math.min(index + 2, 5));
      expect(encoder.written).toHaveLength(index);
      writes[index]!.resolve();
    }
    expect(await running).toMatchObject({ frames: 5, repeats: 1 });
    expect(encoder.mostAtOnce()).toBe(1);
  });

  it("tells of a frame only after the encoder took it", async () => {
    const write = deferred();
    const onFrame = vi.fn();
    const encoder = fakeEncoder(() => write.promise);
    const running = pump([fakeSource(new Ledger(), 1)], { start: 0, end: 1 }, encoder, options({ onFrame }));
    await settle();
    expect(onFrame).not.toHaveBeenCalled();
    write.resolve();
    await running;
    expect(onFrame).toHaveBeenCalledOnce();
  });
});

describe("a single source", () => {
  it("has its frame back as soon as the encoder closed it, which may need the room for the next", async () => {
    const ledger = new Ledger();
    const openThen: number[][] = [];
    const onFrame = (): void => void openThen.push(ledger.open);
    await pump([fakeSource(ledger, 2, settle)], { start: 0, end: 2 }, fakeEncoder(), options({ onFrame }));
    expect(openThen).toEqual([[], []]);
  });
});

describe("a source that fails", () => {
  it("passes its error on, and no frame stays open", async () => {
    const ledger = new Ledger();
    const failure = seekFailed(5, 5 / 30, "no clip");
    const source = fakeSource(ledger, 10, async (index) => {
      if (index === 5) throw failure;
    });
    const encoder = fakeEncoder();
    expect(await rejectionOf(pumpAll(source, encoder))).toBe(failure);
    await settle();
    expect(ledger.made).toBe(5);
    expect(ledger.open).toEqual([]);
    expect(source.isReleased()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is heard although a write is in flight, for both may hang in one page", async () => {
    const ledger = new Ledger();
    const failure = seekFailed(1, 1 / 30, "no clip");
    const source = fakeSource(ledger, 10, async (index) => {
      if (index === 1) throw failure;
    });
    const write = deferred();
    expect(
      await rejectionOf(
        pumpAll(
          source,
          fakeEncoder(() => write.promise),
        ),
      ),
    ).toBe(failure);
    // The frame that is being written is the encoder's: it closes it when it is aborted.
    expect(ledger.open).toEqual([0]);
    write.reject(encoderFailed("fake", "aborted"));
    await settle();
    expect(ledger.open).toEqual([]);
  });

  it("is heard at the first frame", async () => {
    const failure = seekFailed(0, 0, "no clip");
    const source = fakeSource(new Ledger(), 10, () => Promise.reject(failure));
    const encoder = fakeEncoder();
    expect(await rejectionOf(pumpAll(source, encoder))).toBe(failure);
    expect(encoder.written).toEqual([]);
  });
});

describe("an encoder that fails", () => {
  it("passes its error on, and the frame that was fetched beside the write is closed", async () => {
    const ledger = new Ledger();
    const failure = encoderFailed("fake", "it broke");
    const source = fakeSource(ledger, 10);
    const encoder = fakeEncoder(async (index) => {
      if (index === 4) throw failure;
    });
    expect(await rejectionOf(pumpAll(source, encoder))).toBe(failure);
    await settle();
    // Frame 5 was there already: it was never written.
    expect(ledger.made).toBe(6);
    expect(encoder.written).toEqual([0, 1, 2, 3]);
    expect(ledger.open).toEqual([]);
    expect(source.isReleased()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not wait for a frame that is still being captured, which is closed when it comes", async () => {
    const ledger = new Ledger();
    const failure = encoderFailed("fake", "it broke");
    const late = deferred();
    const source = fakeSource(ledger, 10, async (index) => {
      if (index === 1) await late.promise;
    });
    expect(
      await rejectionOf(
        pumpAll(
          source,
          fakeEncoder(() => Promise.reject(failure)),
        ),
      ),
    ).toBe(failure);
    expect(ledger.made).toBe(1);
    late.resolve();
    await settle();
    expect(ledger.made).toBe(2);
    expect(ledger.open).toEqual([]);
    expect(source.isReleased()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is the answer where the source fails as well, a little later", async () => {
    const failure = encoderFailed("fake", "it broke");
    const late = deferred();
    const source = fakeSource(new Ledger(), 10, async (index) => {
      if (index === 1) await late.promise;
    });
    expect(
      await rejectionOf(
        pumpAll(
          source,
          fakeEncoder(() => Promise.reject(failure)),
        ),
      ),
    ).toBe(failure);
    // Nobody waits for it any more: the hook of this file sees that it is no unhandled rejection.
    late.reject(seekFailed(1, 1 / 30, "no clip"));
    await settle();
  });
});

describe("a capture that stalls", () => {
  it.for([0, 5])("is given up after its limit, with the frame that is missing: %i", async (missing) => {
    const ledger = new Ledger();
    const never = deferred();
    const source = fakeSource(ledger, 10, async (index) => {
      if (index === missing) await never.promise;
    });
    const encoder = fakeEncoder();
    const rejection = rejectionOf(pumpAll(source, encoder));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    const thrown: unknown = await rejection;
    expect(isRenderError(thrown) && { code: thrown.code, details: thrown.details }).toEqual({
      code: "capture-stalled",
      details: { index: missing, limitMs: LIMIT_MS },
    });
    expect(encoder.written).toHaveLength(missing);
    expect(ledger.open).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("names the frame by its place in the output, also in a range that begins later", async () => {
    const source = fakeSource(new Ledger(), 10, async (index) => {
      if (index === 6) await new Promise(() => {});
    });
    const rejection = rejectionOf(pump([source], { start: 4, end: 10 }, fakeEncoder(), options()));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    expect(await rejection).toMatchObject({ details: { index: 6 } });
  });

  it("closes the frame that comes after all", async () => {
    const ledger = new Ledger();
    const late = deferred();
    const source = fakeSource(ledger, 10, async (index) => {
      if (index === 3) await late.promise;
    });
    const rejection = rejectionOf(pumpAll(source, fakeEncoder()));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    await rejection;
    late.resolve();
    await settle();
    expect(ledger.made).toBe(4);
    expect(ledger.open).toEqual([]);
    expect(source.isReleased()).toBe(true);
  });

  it("has its limit for one frame and not for the whole", async () => {
    const source = fakeSource(new Ledger(), 20, () => new Promise((resolve) => setTimeout(resolve, LIMIT_MS - 1)));
    const running = pumpAll(source, fakeEncoder());
    await vi.advanceTimersByTimeAsync(20 * LIMIT_MS);
    expect(await running).toMatchObject({ frames: 20, repeats: 6 });
  });

  it("is not what a slow encoder is", async () => {
    const ledger = new Ledger();
    const running = pumpAll(
      fakeSource(ledger, 3),
      fakeEncoder(() => new Promise((resolve) => setTimeout(resolve, 50 * LIMIT_MS))),
    );
    await vi.advanceTimersByTimeAsync(200 * LIMIT_MS);
    expect(await running).toMatchObject({ frames: 3, repeats: 1 });
    expect(ledger.open).toEqual([]);
  });
});

describe("a pump that is stopped", () => {
  it("hands the signal to the source, and no frame stays open", async () => {
    const ledger = new Ledger();
    const controller = stop();
    const source = fakeSource(ledger, 1000);
    const encoder = fakeEncoder(async (index) => {
      if (index === 5) controller.abort(new Error("enough"));
    });
    const thrown: unknown = await rejectionOf(pumpAll(source, encoder, controller.signal));
    expect(isRenderError(thrown) && thrown.code).toBe("aborted");
    await settle();
    expect(encoder.written.length).toBeLessThan(8);
    expect(ledger.made).toBeLessThan(9);
    expect(ledger.open).toEqual([]);
    expect(source.isReleased()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends with the encoder that hears the signal, while the source hangs", async () => {
    const ledger = new Ledger();
    const controller = stop();
    const late = deferred();
    const source = fakeSource(ledger, 10, async (index) => {
      if (index === 3) await late.promise;
    });
    const encoder = fakeEncoder(
      (index) =>
        new Promise((resolve, reject) => {
          if (index < 2) return resolve();
          controller.signal.addEventListener("abort", () => reject(aborted(controller.signal.reason)));
        }),
    );
    const rejection = rejectionOf(pumpAll(source, encoder, controller.signal));
    await settle();
    controller.abort(new Error("enough"));
    const thrown: unknown = await rejection;
    expect(isRenderError(thrown) && thrown.code).toBe("aborted");
    expect(ledger.open).toEqual([]);
    late.resolve();
    await settle();
    expect(ledger.made).toBe(4);
    expect(ledger.open).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
