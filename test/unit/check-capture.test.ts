import { expect, it, vi } from "vitest";
import { blockAverages, type BlockAverages } from "../../src/core/blocks.ts";
import type { CaptureSession } from "../../src/core/capture.ts";
import { captureDistrusted, captureFailed } from "../../src/core/errors.ts";
import { CaptureCheck, isDistrust } from "../../src/core/pipeline/check-capture.ts";

const size = { width: 8, height: 8 };
const never: AbortSignal = new AbortController().signal;

/** A picture of one block, of one grey. */
function grey(value: number): BlockAverages {
  return blockAverages(size, new Uint8Array(3).fill(value));
}

/** A capture whose every frame is of one grey. */
function shows(value: number): CaptureSession {
  return { sample: async () => grey(value), close: async () => {} } as unknown as CaptureSession;
}

function checkOf(indices: readonly number[]): { check: CaptureCheck; told: [number, number][] } {
  const told: [number, number][] = [];
  const onChecked = (index: number, largest: number): void => void told.push([index, largest]);
  const options = { capture: "painted", size, contrastShare: 0, indices, onChecked, captureTimeoutMs: 60_000, signal: never };
  return { check: new CaptureCheck(options, shows(100)), told };
}

it("says how often it compared, and how far the pictures were apart at most", async () => {
  const { check, told } = checkOf([0, 5, 9]);
  expect(check.checks).toEqual({ comparisons: 0, largestDifference: 0 });
  await check.first(shows(103));
  check.delivered(5, grey(107));
  check.delivered(6, grey(255));
  check.delivered(9, grey(102));
  await check.settled();
  expect(told).toEqual([
    [0, 3],
    [5, 7],
    [9, 2],
  ]);
  expect(check.checks).toEqual({ comparisons: 3, largestDifference: 7 });
});

it("keeps the first that differs, and the run hears of it", async () => {
  const { check } = checkOf([0, 5, 9]);
  check.delivered(5, grey(200));
  check.delivered(9, grey(250));
  const failure: unknown = await check.settled().catch((thrown: unknown) => thrown);
  expect(isDistrust(failure) && failure.details).toMatchObject({ index: 5, largest: 100, box: { x: 0, y: 0, ...size } });
  expect(() => check.throwIfFailed()).toThrow(failure as Error);
  expect(check.checks).toEqual({ comparisons: 2, largestDifference: 150 });
});

it("tells distrust from the failures after which a browser is ended", () => {
  expect(isDistrust(captureDistrusted("painted", "it is wrong"))).toBe(true);
  expect(isDistrust(captureFailed("painted", 3, new Error("no")))).toBe(false);
});

it("gives up a reference that never shows a frame, and the run learns of it", async () => {
  vi.useFakeTimers();
  try {
    const reference = {
      sample: (index: number) => (index === 0 ? Promise.resolve(grey(100)) : new Promise<never>(() => {})),
      close: vi.fn(async () => {}),
    };
    const options = {
      capture: "painted",
      size,
      contrastShare: 0,
      indices: [0, 5, 9],
      onChecked: () => {},
      captureTimeoutMs: 1_000,
      signal: never,
    };
    const check = new CaptureCheck(options, reference as unknown as CaptureSession);
    await check.first(shows(100));
    check.delivered(5, grey(100));
    const settled: Promise<unknown> = check.settled().catch((thrown: unknown) => thrown);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await settled).toMatchObject({ code: "capture-stalled", details: { index: 5, limitMs: 1_000 } });
    expect(reference.close).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
