import { describe, expect, it, vi } from "vitest";
import type { EncoderSession } from "../../src/core/encoder.ts";
import { encoderFailed } from "../../src/core/errors.ts";
import type { FrameRange } from "../../src/core/frame-rate.ts";
import type { PumpOptions } from "../../src/core/pipeline/pump.ts";
import { cutIntoSegments, pumpSegments, type Segment, type SegmentWorker } from "../../src/core/pipeline/segments.ts";
import { memorySink } from "../../src/testing/index.ts";
import { deferred, fakeEncoder, fakeSource, Ledger, rejectionOf, type FakeEncoder } from "../support/frame-doubles.ts";

const FRAMES = 10;
const ALL: FrameRange = { start: 0, end: FRAMES };

/** An encoder whose sessions tell what became of them. */
interface Told extends FakeEncoder {
  readonly ends: string[];
}

interface Bench {
  readonly ledger: Ledger;
  readonly workers: readonly SegmentWorker[];
  /** Ranges that encoders were opened for, and their sessions. */
  readonly opened: Map<string, Told>;
}

/** @param before Lets each write happen, and may fail it */
function bench(count: number, before: (index: number) => Promise<void> = async () => {}): Bench {
  const ledger = new Ledger();
  const opened = new Map<string, Told>();
  const workers: SegmentWorker[] = Array.from({ length: count }, () => ({
    source: fakeSource({ ledger, frameCount: FRAMES }),
    file: memorySink(),
    async openEncoder({ start, end }) {
      const told: Told = tellingEncoder(before, end - start);
      opened.set(`${start}-${end}`, told);
      return told;
    },
  }));
  return { ledger, workers, opened };
}

function tellingEncoder(before: (index: number) => Promise<void>, frames: number): Told {
  const ends: string[] = [];
  const session: FakeEncoder = fakeEncoder(before);
  const end = (how: string) => async (): Promise<void> => void ends.push(how);
  return {
    ...session,
    ends,
    finish: async () => {
      ends.push("finish");
      return { framesIn: frames, framesOut: frames, byteLength: frames, codec: "h264" };
    },
    abort: end("abort"),
    [Symbol.asyncDispose]: end("dispose"),
  };
}

function options(changed: Partial<PumpOptions> = {}): PumpOptions {
  return { signal: new AbortController().signal, captureTimeoutMs: 60_000, blockFrames: 4, windowBytes: 3_000, ...changed };
}

const joinNothing = async (): Promise<void> => {};

describe("a range is cut", () => {
  it.each<[number, FrameRange, string]>([
    [1, { start: 0, end: 10 }, "0-10"],
    [3, { start: 0, end: 10 }, "0-3 3-6 6-10"],
    [3, { start: 5, end: 14 }, "5-8 8-11 11-14"],
    [4, { start: 7, end: 9 }, "7-8 8-9"],
  ])("into %i segments: %o", (count, range, cut) => {
    expect(
      cutIntoSegments(range, count)
        .map(({ start, end }) => `${start}-${end}`)
        .join(" "),
    ).toBe(cut);
  });
});

it("captures and encodes all segments, and joins them in order", async () => {
  const { workers, opened, ledger } = bench(3);
  const joined: Segment[] = [];
  const frames: number[] = [];
  const result = await pumpSegments(
    workers,
    ALL,
    async (segments) => void joined.push(...segments),
    options({ onFrame: ({ index }) => frames.push(index) }),
  );
  expect([...opened].map(([range, { written }]) => [range, written])).toEqual([
    ["0-3", [0, 1, 2]],
    ["3-6", [3, 4, 5]],
    ["6-10", [6, 7, 8, 9]],
  ]);
  expect(joined.map(({ file }) => file)).toEqual(workers.map(({ file }) => file));
  expect(joined.map(({ range, encoded }) => [range.start, encoded.framesOut])).toEqual([
    [0, 3],
    [3, 3],
    [6, 4],
  ]);
  expect(result).toMatchObject({
    frames: FRAMES,
    segments: [{ range: { start: 0, end: 3 } }, { range: { start: 3, end: 6 } }, { encoded: { framesIn: 4 } }],
  });
  expect(frames.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect([...opened.values()].map(({ ends }) => ends)).toEqual([
    ["finish", "dispose"],
    ["finish", "dispose"],
    ["finish", "dispose"],
  ]);
  expect(ledger.open).toEqual([]);
});

it("runs the segments at the same time, and shares the window's bytes among them", async () => {
  const all = deferred();
  let begun = 0;
  const { workers } = bench(3, async (index) => {
    if (![0, 3, 6].includes(index)) return;
    if (++begun === 3) all.resolve();
    // None comes further before each has begun.
    await all.promise;
  });
  const { segments } = await pumpSegments(workers, ALL, joinNothing, options());
  expect(segments.map(({ pumped }) => pumped.window.budgetBytes)).toEqual([1_000, 1_000, 1_000]);
});

it("the first failure stops every segment, and is what is thrown when their encoders have ended", async () => {
  const failure = encoderFailed("fake", "it is broken");
  const others = deferred();
  const { workers, opened, ledger } = bench(3, async (index) => {
    if (index === 4) throw failure;
    // The other segments would never come to an end by themselves.
    if (index === 1 || index === 8) await others.promise;
  });
  let isJoined = false;
  const thrown: unknown = await rejectionOf(pumpSegments(workers, ALL, async () => void (isJoined = true), options()));
  expect(thrown).toBe(failure);
  expect([...opened.values()].map(({ ends }) => ends)).toEqual([["dispose"], ["dispose"], ["dispose"]]);
  expect(isJoined).toBe(false);
  others.resolve();
  await vi.waitFor(() => expect(ledger.open).toEqual([]));
});

it("the signal stops every segment", async () => {
  const stop = new AbortController();
  const { workers, opened } = bench(2, () => deferred().promise);
  const running = pumpSegments(workers, ALL, joinNothing, options({ signal: stop.signal }));
  stop.abort("enough");
  expect(await rejectionOf(running)).toMatchObject({ code: "aborted", message: expect.stringContaining("enough") });
  expect([...opened.values()].map(({ ends }) => ends)).toEqual([["dispose"], ["dispose"]]);
});

it("an encoder that opens after another segment failed is ended", async () => {
  const failure = encoderFailed("fake", "it does not start");
  const late: Told = tellingEncoder(async () => {}, 5);
  const opening = deferred<EncoderSession>();
  const { workers } = bench(2);
  const running = pumpSegments(
    [
      { ...workers[0]!, openEncoder: () => opening.promise },
      { ...workers[1]!, openEncoder: () => Promise.reject(failure) },
    ],
    ALL,
    joinNothing,
    options(),
  );
  opening.resolve(late);
  expect(await rejectionOf(running)).toBe(failure);
  expect(late.ends).toEqual(["dispose"]);
});

it("a join that fails is the failure of the whole", async () => {
  const failure = encoderFailed("remux", "the files do not fit");
  const { workers } = bench(2);
  expect(await rejectionOf(pumpSegments(workers, ALL, () => Promise.reject(failure), options()))).toBe(failure);
});

it("each segment is a worker of its own in a trace", async () => {
  const seen = new Set<string>();
  const { workers } = bench(3);
  await pumpSegments(workers, ALL, joinNothing, options({ onSpan: ({ name, worker }) => seen.add(`${name} ${worker}`) }));
  expect([...seen].filter((span) => span.startsWith("write")).toSorted()).toEqual(["write 0", "write 1", "write 2"]);
});

it("takes no fewer than one worker", async () => {
  await expect(pumpSegments([], ALL, joinNothing, options())).rejects.toThrow("give at least one");
});
