import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { browserClosed, encoderFailed, isRenderError, seekFailed } from "../../src/core/errors.ts";
import { pump, type PumpOptions, type PumpResult, type WorkerLoss } from "../../src/core/pipeline/pump.ts";
import { fakeEncoder, fakeSource, Ledger, type FakeEncoder, type FakeSource } from "../support/frame-doubles.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const RUNS = 1000;
const LIMIT_MS = 500;
const LARGEST_FRAME_BYTES = 64;

/** Numbers that a seed decides (mulberry32). */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to below 1. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed: number = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number, both ends included. */
  from(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  oneIn(cases: number): boolean {
    return this.from(1, cases) === 1;
  }

  of<Value>(...values: readonly Value[]): Value {
    return values[this.from(0, values.length - 1)]!;
  }
}

/** How one run went. */
interface Story {
  readonly time: VirtualTime;
  readonly ledger: Ledger;
  readonly encoder: FakeEncoder;
  readonly options: PumpOptions;
  readonly workers: number;
  readonly pictures: readonly Uint8Array[];
  readonly start: number;
  /** What was made to go wrong, by the error that tells of it. */
  readonly faults: Map<unknown, "loss" | "failure">;
  readonly losses: WorkerLoss[];
  readonly told: number[];
  mostOpenBytes: number;
  outcome: { readonly result: PumpResult } | { readonly thrown: unknown } | null;
}

/** Another for each index, and be it in the last byte alone. */
function pictureOf(index: number, byteLength: number): Uint8Array {
  const picture = new Uint8Array(byteLength);
  picture[byteLength - 1] = index + 1;
  return picture;
}

/** Pictures of various lengths, of which some equal the one before. */
function picturesOf(dice: Dice, count: number): Uint8Array[] {
  const repeatsOneIn: number = dice.of(1, 2, 5, 100);
  const pictures: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const last: Uint8Array | undefined = pictures.at(-1);
    pictures.push(last && dice.oneIn(repeatsOneIn) ? last : pictureOf(index, dice.of(1, 16, dice.from(1, LARGEST_FRAME_BYTES))));
  }
  return pictures;
}

/** A source at its own pace, which may die, hang or fail at some frame. */
function sourceOf(dice: Dice, story: Omit<Story, "options">, faultsOneIn: number): FakeSource {
  const { time, ledger, pictures, faults } = story;
  const pace: number = dice.of(0, 1, 5, 40);
  const leavingMs: number = dice.of(0, 0, 20);
  const faultIn: number = dice.oneIn(faultsOneIn) ? dice.from(1, 20) : Infinity;
  const fault = dice.of("death", "death", "hang", "hang late", "failure");
  let given = 0;
  let death: unknown = null;
  return fakeSource({
    ledger,
    frameCount: pictures.length,
    picture: (index) => Uint8Array.from(pictures[index]!),
    // A fault is heard when it happens.
    leave: () => time.sleep(given < faultIn ? leavingMs : 0),
    before: async (index) => {
      await time.sleep(pace * dice.from(0, 4));
      story.mostOpenBytes = Math.max(story.mostOpenBytes, ledger.openBytes);
      given++;
      if (given === faultIn && fault === "hang") await new Promise(() => {});
      if (given === faultIn && fault === "hang late") await time.sleep(LIMIT_MS + dice.from(1, 500));
      if (given === faultIn && fault === "failure") {
        const failure = seekFailed(index, index, "no clip");
        faults.set(failure, "failure");
        throw failure;
      }
      if (given >= faultIn && fault === "death") {
        death ??= browserClosed(`frame ${index}`);
        faults.set(death, "loss");
        throw death;
      }
    },
  });
}

function encoderOf(dice: Dice, time: VirtualTime, faults: Story["faults"]): FakeEncoder {
  const pace: number = dice.of(0, 0, 3, 30, 200);
  const failsAt: number = dice.oneIn(10) ? dice.from(0, 60) : -1;
  return fakeEncoder(async (index) => {
    await time.sleep(pace * dice.from(0, 2));
    if (index !== failsAt) return;
    const failure = encoderFailed("fake", "it broke");
    faults.set(failure, "failure");
    throw failure;
  });
}

/** One run that the seed decides, until nothing happens any more. */
async function runOf(seed: number): Promise<Story> {
  const dice = new Dice(seed);
  const time = new VirtualTime();
  time.install();
  const ledger = new Ledger();
  const faults: Story["faults"] = new Map();
  const controller = new AbortController();
  const [workers, start] = [dice.from(1, 5), dice.of(0, 0, 7)];
  const story: Omit<Story, "options"> = {
    time,
    ledger,
    encoder: encoderOf(dice, time, faults),
    workers,
    pictures: picturesOf(dice, start + dice.from(0, 60)),
    start,
    faults,
    losses: [],
    told: [],
    mostOpenBytes: 0,
    outcome: null,
  };
  const options: PumpOptions = {
    signal: controller.signal,
    captureTimeoutMs: LIMIT_MS,
    blockFrames: dice.from(1, 9),
    windowBytes: dice.of(0, 50, 200, 600, Infinity),
    isWorkerLoss: (thrown) => isRenderError(thrown) && ["browser-closed", "capture-stalled"].includes(thrown.code),
    onWorkerLost: (loss) => void story.losses.push(loss),
    onFrame: ({ index }) => void story.told.push(index),
  };
  if (dice.oneIn(8)) setTimeout(() => controller.abort(new Error("enough")), dice.from(0, 400));
  const faultsOneIn: number = dice.of(1, 3, 1000);
  const sources = Array.from({ length: workers }, () => sourceOf(dice, story, faultsOneIn));
  pump(sources, { start, end: story.pictures.length }, story.encoder, options).then(
    (result) => {
      story.outcome = { result };
    },
    (thrown: unknown) => {
      story.outcome = { thrown };
    },
  );
  await time.run(() => story.outcome !== null);
  const [writtenAtEnd, toldAtEnd] = [story.encoder.written.length, story.told.length];
  await time.run();
  // A write that was in flight may still end; no other begins.
  expect(story.encoder.written.length - writtenAtEnd).toBeLessThanOrEqual(1);
  expect(story.told).toHaveLength(toldAtEnd);
  return Object.assign(story, { options });
}

function assertSound(story: Story): void {
  const { outcome, ledger, encoder, options, workers, pictures, start } = story;
  if (outcome === null) expect.fail(`nothing happens any more at ${story.time.now} ms, and the pump has not ended`);
  const indices: number[] = pictures.slice(start).map((_, at) => start + at);
  expect(encoder.written).toEqual(indices.slice(0, encoder.written.length));
  expect(encoder.shown).toEqual(encoder.written.map((index) => pictures[index]!.join()));
  expect(encoder.mostAtOnce()).toBeLessThanOrEqual(1);
  expect(ledger.closedAgain, "closed again").toEqual([]);
  expect(ledger.open, "left open").toEqual([]);
  // Besides the window: what each worker waits with, and the one written last, which the encoder of the test does not keep.
  expect(story.mostOpenBytes).toBeLessThanOrEqual(options.windowBytes + (2 + workers) * LARGEST_FRAME_BYTES);
  for (const { error } of story.losses) expect(options.isWorkerLoss!(error)).toBe(true);
  if ("thrown" in outcome) assertDeserved(story, outcome.thrown);
  else assertComplete(story, outcome.result, indices);
}

function assertComplete({ encoder, options, losses, told, pictures, start }: Story, result: PumpResult, indices: readonly number[]): void {
  expect(encoder.written).toEqual(indices);
  expect(told).toEqual(indices);
  const repeats: number = indices.filter((index) => index > start && pictures[index]!.join() === pictures[index - 1]!.join()).length;
  expect(result).toMatchObject({ frames: indices.length, repeats });
  expect(encoder.repeats()).toBe(repeats);
  expect(result.window.peakBytes).toBeLessThanOrEqual(options.windowBytes + LARGEST_FRAME_BYTES);
  expect(result.workers.filter(({ lost }) => lost)).toHaveLength(losses.length);
  expect(result.workers.reduce((sum, { frames }) => sum + frames, 0)).toBe(indices.length);
}

/** A run fails with the first thing that went wrong, and only where others could not go on. */
function assertDeserved({ options, faults, losses, workers }: Story, thrown: unknown): void {
  if (isRenderError(thrown) && thrown.code === "aborted") return void expect(options.signal.aborted).toBe(true);
  const firstFailure = [...faults].find(([, kind]) => kind === "failure")?.[0];
  if (faults.get(thrown) === "failure") return void expect(thrown).toBe(firstFailure);
  expect(options.isWorkerLoss!(thrown), String(thrown)).toBe(true);
  expect(losses.map(({ error }) => error)).not.toContain(thrown);
  // Of the last worker, or of a block that another had lost.
  if (workers - losses.length > 1) expect(losses.length).toBeGreaterThan(0);
}

/** What a run was an example of: so that none of these is left out unseen. */
function kindsOf({ outcome, losses, workers, ledger, options }: Story): string[] {
  const kinds: string[] = losses.length > 0 ? ["some worker was lost"] : [];
  if (outcome && "result" in outcome) {
    kinds.push(workers > 1 ? "several workers did all" : "one worker did all");
    if (losses.length > 0) kinds.push("others did the work of one that was lost");
    if (outcome.result.workers.some(({ waitingMs }) => waitingMs > 0)) kinds.push("somebody waited for room");
    if (outcome.result.window.peakBytes > options.windowBytes) kinds.push("the missing frame went above the budget");
    if (ledger.made > outcome.result.frames) kinds.push("somebody left its block for the missing frame");
  } else if (outcome && isRenderError(outcome.thrown)) {
    kinds.push(`ended with ${outcome.thrown.code}`);
    if (losses.length > 0 && workers - losses.length > 1 && outcome.thrown.code === "browser-closed") kinds.push("a block was lost twice");
  }
  return kinds;
}

const unhandled = vi.fn();

beforeEach(() => {
  unhandled.mockReset();
  process.on("unhandledRejection", unhandled);
});
afterEach(() => {
  process.off("unhandledRejection", unhandled);
  vi.unstubAllGlobals();
});

describe("the pump, whatever its workers, its encoder and its caller do", () => {
  it("gives every frame once and in order or one error, keeps its budget, and closes every frame once", { timeout: 60_000 }, async () => {
    const seen = new Map<string, number>();
    for (let seed = 1; seed <= RUNS; seed++) {
      try {
        const story: Story = await runOf(seed);
        assertSound(story);
        expect(unhandled).not.toHaveBeenCalled();
        for (const kind of kindsOf(story)) seen.set(kind, (seen.get(kind) ?? 0) + 1);
      } catch (thrown) {
        throw new Error(`Seed ${seed}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
      }
    }
    console.info(Object.fromEntries(seen));
    const often: string[] = [...seen].filter(([, times]) => times >= 5).map(([kind]) => kind);
    expect(often.sort()).toEqual([
      "a block was lost twice",
      "ended with aborted",
      "ended with browser-closed",
      "ended with capture-stalled",
      "ended with encoder-failed",
      "ended with seek-failed",
      "one worker did all",
      "others did the work of one that was lost",
      "several workers did all",
      "some worker was lost",
      "somebody left its block for the missing frame",
      "somebody waited for room",
      "the missing frame went above the budget",
    ]);
  });
});
