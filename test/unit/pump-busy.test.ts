import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pump, type PumpResult, type PumpSpan } from "../../src/core/pipeline/pump.ts";
import { fakeEncoder, fakeSource, Ledger } from "../support/frame-doubles.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const FRAME_BYTES = 16;

interface Trial {
  /** Milliseconds that each worker takes for a frame, give or take half. */
  readonly paces: readonly number[];
  readonly writeMs: number;
  readonly frameCount: number;
  readonly blockFrames: number;
  readonly windowFrames: number;
}

interface Measured {
  readonly result: PumpResult;
  readonly totalMs: number;
  /** When the frames that had been captured and not written first filled the window; when the last block was begun where they never did. */
  readonly fullMs: number;
  /** For each worker, the share of the time until then in which it captured. */
  readonly busy: readonly number[];
}

let time: VirtualTime;

beforeEach(() => {
  time = new VirtualTime();
  time.install();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** From half to one and a half, uneven and always the same. */
function unevenness(index: number): number {
  return 0.5 + ((index * 2654435761) % 1024) / 1024;
}

async function measure({ paces, writeMs, frameCount, blockFrames, windowFrames }: Trial): Promise<Measured> {
  const ledger = new Ledger();
  const spans: PumpSpan[] = [];
  let [fullMs, lastBlockMs]: [number | null, number] = [null, 0];
  const sources = paces.map((pace) =>
    fakeSource({
      ledger,
      frameCount,
      picture: (index) => new Uint8Array(FRAME_BYTES).fill(index),
      before: async (index) => {
        if (index === frameCount - blockFrames) lastBlockMs = time.now;
        if (ledger.openBytes >= windowFrames * FRAME_BYTES) fullMs ??= time.now;
        await time.sleep(pace * unevenness(index));
      },
    }),
  );
  let result: PumpResult | null = null;
  pump(
    sources,
    { start: 0, end: frameCount },
    fakeEncoder(() => time.sleep(writeMs)),
    {
      signal: new AbortController().signal,
      captureTimeoutMs: 60_000,
      blockFrames,
      windowBytes: windowFrames * FRAME_BYTES,
      onSpan: (span) => spans.push(span),
    },
  ).then((value) => {
    result = value;
  }, expect.fail);
  await time.run(() => result !== null);
  const until: number = fullMs ?? lastBlockMs;
  const busy = paces.map((_, worker) => busyShare(spans, worker, until));
  return { result: result!, totalMs: time.now, fullMs: until, busy };
}

function busyShare(spans: readonly PumpSpan[], worker: number, untilMs: number): number {
  const captures = spans.filter((span) => span.name === "capture" && span.worker === worker);
  const busyMs = captures.map(({ startMs, durationMs }) => Math.max(0, Math.min(startMs + durationMs, untilMs) - startMs));
  return busyMs.reduce((sum, ms) => sum + ms, 0) / untilMs;
}

function percent(shares: readonly number[]): string {
  return shares.map((share) => `${(share * 100).toFixed(1)} %`).join(", ");
}

describe("workers of uneven pace", () => {
  it("are busy until the window is full, with an encoder that cannot keep up", async () => {
    const { result, busy, fullMs, totalMs } = await measure({
      paces: [10, 13, 27, 60],
      writeMs: 8,
      frameCount: 600,
      blockFrames: 8,
      windowFrames: 120,
    });
    console.info(`busy: ${percent(busy)} of ${Math.round(fullMs)} ms until the window was full`);
    for (const share of busy) expect(share).toBeGreaterThanOrEqual(0.9);
    expect(result.window.peakFrames).toBeGreaterThanOrEqual(120);
    // From then on the encoder has always something to write.
    expect(totalMs).toBeLessThan(1.1 * 600 * 8);
  });

  it("are busy to the last block, with an encoder that can and room enough", async () => {
    const { busy, fullMs, totalMs } = await measure({
      paces: [10, 13, 27, 60],
      writeMs: 1,
      frameCount: 600,
      blockFrames: 8,
      windowFrames: 200,
    });
    const togetherMs: number = 600 / (1 / 10 + 1 / 13 + 1 / 27 + 1 / 60);
    console.info(
      `busy: ${percent(busy)} of ${Math.round(fullMs)} ms; all took ${Math.round(totalMs)} ms, ${Math.round(togetherMs)} at best`,
    );
    for (const share of busy) expect(share).toBeGreaterThanOrEqual(0.9);
    expect(totalMs).toBeLessThan(1.2 * togetherMs);
  });
});
