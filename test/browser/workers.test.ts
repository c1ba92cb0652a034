import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PageAddress } from "../../src/core/host.ts";
import type { RenderJob } from "../../src/core/job.ts";
import type { Span } from "../../src/core/timeline.ts";
import { openPageAddress } from "../../src/node/file-server.ts";
import { render } from "../../src/node/render.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { atFrame, expectCleanFailure, expectCleanRender, ownTemporaryFolder } from "../support/failures.ts";
import { isBrowserMain, signalProcess, type ProcessFacts } from "../support/processes.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames } from "../support/video-frames.ts";

/** Several pages, each in a browser of its own, that capture one video. */

const FRAMES = 240;

/** Of films whose browsers die: one worker alone must not be through before the other has begun. */
const LONG_SECONDS = 120;

const capture = "html-in-canvas";
let temporaryFolder: AsyncDisposable;
let folder: Scratch;
let address: PageAddress;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
  folder = await scratch();
  address = await openPageAddress(fileURLToPath(new URL("../pages/bar-code.html", import.meta.url)));
});
afterAll(async () => {
  await address[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  await temporaryFolder[Symbol.asyncDispose]();
});

function barCodes(output: string, change: Partial<RenderJob> = {}, query = ""): RenderJob {
  const page = `${address.url}?rate=30${query}`;
  return { page, output: folder.path(output), ...barCodeSize, frameRate: 30, duration: FRAMES / 30, capture, quality: "draft", ...change };
}

async function shownIn(output: string): Promise<(number | null)[]> {
  return (await decodeFrames(folder.path(output), barCodeSize, "gray")).map(readBarCode);
}

/** Browsers as they start: the first is shared, the next is the second worker's, and so on. */
function browsersSeen(): { readonly browsers: ProcessFacts[]; readonly onProcess: (process: ProcessFacts) => void } {
  const browsers: ProcessFacts[] = [];
  return {
    browsers,
    onProcess(process) {
      if (isBrowserMain(process) && !browsers.some(({ id }) => id === process.id)) browsers.push(process);
    },
  };
}

/**
 * Ends the browsers of the workers with these numbers, from 1, at the first capture that is asked for. Not at a frame that was
 * encoded: the window holds so many frames of this size that all may be captured by then, and a browser that has given all its
 * frames may die without harm.
 */
function killAtCapture(
  isTime: (span: Span) => boolean,
  numbers: readonly number[],
  browsers: readonly ProcessFacts[],
): (span: Span) => void {
  let isDone = false;
  return (span) => {
    if (isDone || span.name !== "capture" || !isTime(span)) return;
    isDone = true;
    for (const number of numbers) expect(signalProcess(browsers[number - 1]!, "SIGKILL")).toBe(true);
  };
}

const bySecondWorker = ({ track }: Span): boolean => track === "worker 2";

const everyFrame = Array.from({ length: FRAMES }, (_, index) => index);

describe("workers", () => {
  it("give the same file as one, byte for byte, with every frame once and in order", async () => {
    const one = await render(barCodes("one.mp4", { workers: 1 }));
    const three = await render(barCodes("three.mp4", { workers: 3 }));
    expect(one.plan.workers).toBe(1);
    expect(three).toMatchObject({ frames: FRAMES, repeats: 0, plan: { workers: 3 } });
    expect(three.workers.map(({ lost }) => lost)).toEqual([false, false, false]);
    expect(Math.min(...three.workers.map(({ frames }) => frames))).toBeGreaterThan(0);
    expect(await readFile(folder.path("three.mp4"))).toEqual(await readFile(folder.path("one.mp4")));
    expect(await shownIn("three.mp4")).toEqual(everyFrame);
  });

  it("find frames that stay the same across their blocks", async () => {
    const one = await render(barCodes("held-one.mp4", { workers: 1 }, "&hold=40"));
    const two = await render(barCodes("held-two.mp4", { workers: 2 }, "&hold=40"));
    expect(one.repeats).toBe(FRAMES - FRAMES / 40);
    expect(two.repeats).toBe(one.repeats);
  });

  it("do the frames of one that dies", async () => {
    const { browsers, onProcess } = browsersSeen();
    const result = await expectCleanRender(barCodes("lost.mp4", { workers: 2, duration: 40 }), {
      onProcess,
      onSpan: killAtCapture(bySecondWorker, [2], browsers),
    });
    expect(result.workers.map(({ lost }) => lost)).toEqual([false, true]);
    expect(result.warnings.filter((warning) => !warning.includes("sandbox"))).toEqual([
      expect.stringMatching(/^Worker 2 was lost, and others do its frames \d+ to \d+: /),
    ]);
    expect(result.fallbacks).toEqual([]);
    expect(await shownIn("lost.mp4")).toEqual(Array.from({ length: 40 * 30 }, (_, index) => index));
  });

  it("end the render when the last one dies, and nothing is left", async () => {
    const { browsers, onProcess } = browsersSeen();
    await expectCleanFailure(
      barCodes("all-lost.mp4", { workers: 2, duration: LONG_SECONDS }),
      { code: "browser-closed", says: ["browser"], settlesLater: true },
      { onProcess, onSpan: killAtCapture(bySecondWorker, [1, 2], browsers) },
    );
  });

  it("are stopped by the signal, wherever they wait", async () => {
    const stop = new AbortController();
    const isTime = atFrame(50);
    await expectCleanFailure(
      barCodes("stopped.mp4", { workers: 3 }),
      { code: "aborted", says: ["enough"] },
      { signal: stop.signal, onEvent: (event) => isTime(event) && stop.abort(new Error("enough")) },
    );
  });

  it("are one for a page that must be read in order, and the plan says why", async () => {
    const result = await render(barCodes("in-order.mp4", { workers: 3, duration: 1 }, "&by=clock"));
    expect(result.plan).toMatchObject({ workers: 1, access: "sequential" });
    expect(result.plan.reasons).toContainEqual(expect.stringMatching(/^1 worker: .*stateful/));
    expect(await shownIn("in-order.mp4")).toEqual(everyFrame.slice(0, 30));
  });
});

describe("segments", () => {
  it.each(["mp4", "webm"])("are captured and encoded at the same time, and joined: %s", async (extension) => {
    const result = await render(barCodes(`segments.${extension}`, { segments: 3 }));
    expect(result).toMatchObject({ frames: FRAMES, encoded: FRAMES, plan: { segments: 3 }, facts: { frameCount: FRAMES } });
    // WebM counts thousandths of a second.
    expect(result.facts.durationSeconds).toBeCloseTo(FRAMES / 30, 3);
    expect(await shownIn(`segments.${extension}`)).toEqual(everyFrame);
    expect((await folder.list()).filter((name) => name.includes("segment-"))).toEqual([]);
  });

  it("leave nothing when one of their browsers dies", async () => {
    const { browsers, onProcess } = browsersSeen();
    await expectCleanFailure(
      barCodes("segment-lost.mp4", { segments: 2, duration: LONG_SECONDS }),
      { code: ["browser-closed", "capture-failed"], says: [], settlesLater: true },
      { onProcess, onSpan: killAtCapture(({ index }) => index! > LONG_SECONDS * 15, [2], browsers) },
    );
  });
});

describe("what a render tells of itself", () => {
  it("shows each frame's capture and writing in the trace, by worker, and adds them up in the timings", async () => {
    const spans: Span[] = [];
    const result = await render(barCodes("traced.mp4", { workers: 2, duration: 2 }), { onSpan: (span) => spans.push(span) });
    const indices = (name: string): number[] => spans.filter((span) => span.name === name).map(({ index }) => index!);
    expect(indices("capture").toSorted((one, other) => one - other)).toEqual(everyFrame.slice(0, 60));
    expect(indices("write")).toEqual(everyFrame.slice(0, 60));
    expect(new Set(spans.map(({ track }) => track))).toEqual(new Set(["render", "encoder", "worker 1", "worker 2"]));
    const { phases, totalMs } = result.timings;
    for (const [phase, ms] of Object.entries(phases)) expect(ms, phase).toBeGreaterThanOrEqual(0);
    expect(phases.captureMs).toBeCloseTo(
      result.workers.reduce((sum, { capturingMs }) => sum + capturingMs, 0),
      -2,
    );
    for (const { startMs, durationMs } of spans) expect(startMs + durationMs).toBeLessThanOrEqual(totalMs + 1);
    expect(result.window.peakBytes).toBeGreaterThan(0);
    expect(result.window.peakBytes).toBeLessThanOrEqual(result.window.budgetBytes);
  });
});
