import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderEvent } from "../../src/core/events.ts";
import type { RenderJob } from "../../src/core/job.ts";
import { render, type RenderResult } from "../../src/node/index.ts";
import { movingPage, RATE } from "../support/failing-pages.ts";
import { at, atFrame, expectCleanFailure, ownTemporaryFolder, type ExpectedFailure, type FailureOptions } from "../support/failures.ts";
import { isBrowserMain, type ProcessKind } from "../support/processes.ts";
import { scratch } from "../support/render.ts";

/** A render that its caller stops, and callers that misbehave. */

const size = { width: 320, height: 180 } as const;
const encoders = [
  { encoder: "ffmpeg-pipe", started: ["browser", "ffmpeg"] },
  { encoder: "webcodecs", started: ["browser"] },
] as const;
let temporaryFolder: AsyncDisposable;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
  // Browsers make caches at their first start: afterwards, what appears in the folder was left by a render.
  await using place = await scratch();
  await render({ ...size, page: await place.page(movingPage()), output: place.path("warm.mp4"), duration: 0.1 });
});
afterAll(async () => {
  await temporaryFolder[Symbol.asyncDispose]();
});

/** The error of a render that was stopped with these words. */
function stopped(started: readonly ProcessKind[] | "any"): ExpectedFailure {
  return { code: "aborted", says: ["The render was stopped: Ctrl+C was pressed"], started };
}

const reason = new Error("Ctrl+C was pressed");

async function expectStopped(job: Partial<RenderJob>, expected: ExpectedFailure, options: FailureOptions): Promise<void> {
  await using place = await scratch();
  const page: string = await place.page(movingPage());
  const error = await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), frameRate: RATE, ...job }, expected, options);
  expect(error.cause).toBe(reason);
}

describe("a render is stopped", () => {
  it("before it starts", async () => {
    await expectStopped({}, stopped([]), { signal: AbortSignal.abort(reason) });
  });

  it("right after the call", async () => {
    const controller = new AbortController();
    const running = expectStopped({}, stopped([]), { signal: controller.signal });
    controller.abort(reason);
    await running;
  });

  it("while the browser starts", async () => {
    const controller = new AbortController();
    const onProcess: FailureOptions["onProcess"] = (one) => {
      if (isBrowserMain(one)) controller.abort(reason);
    };
    await expectStopped({}, stopped(["browser"]), { signal: controller.signal, onProcess });
    expect(controller.signal.aborted).toBe(true);
  });

  it.for(["page-ready", "plan-ready", "capture-opened", "capture-checked"] as const)("at %s", async (moment) => {
    const controller = new AbortController();
    const onEvent = (event: RenderEvent): void => {
      if (at(moment)(event)) controller.abort(reason);
    };
    await expectStopped({}, stopped("any"), { signal: controller.signal, onEvent });
    expect(controller.signal.aborted).toBe(true);
  });

  it.for(encoders)("while frames are captured for $encoder", async ({ encoder, started }) => {
    const controller = new AbortController();
    const frames: number[] = [];
    const onEvent = (event: RenderEvent): void => {
      if (event.type === "frame-encoded") frames.push(event.index);
      if (atFrame(20)(event)) controller.abort(reason);
    };
    await expectStopped({ encoder }, stopped(started), { signal: controller.signal, onEvent });
    // It really stops, and does not only throw the file away at the end.
    expect(frames.length).toBeLessThan(30);
  });

  it.for(encoders)("while $encoder finishes", async ({ encoder, started }) => {
    const controller = new AbortController();
    const onEvent = (event: RenderEvent): void => {
      if (at("finishing")(event)) controller.abort(reason);
    };
    await expectStopped({ encoder, duration: 1 }, stopped(started), { signal: controller.signal, onEvent });
    expect(controller.signal.aborted).toBe(true);
  });

  it("in a seek that never returns, long before the capture's limit", async () => {
    await using place = await scratch();
    const page: string = await place.page(movingPage({ onSeek: "if (frame === 5) return new Promise(() => {});" }));
    const controller = new AbortController();
    const onEvent = (event: RenderEvent): void => {
      if (atFrame(4)(event)) controller.abort(reason);
    };
    const begun: number = performance.now();
    await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), frameRate: RATE }, stopped(["browser", "ffmpeg"]), {
      signal: controller.signal,
      onEvent,
    });
    expect(performance.now() - begun).toBeLessThan(30_000);
  });

  it("in a seek that never ends", async () => {
    await using place = await scratch();
    const page: string = await place.page(movingPage({ onSeek: "if (frame === 5) for (;;);" }));
    const controller = new AbortController();
    const onEvent = (event: RenderEvent): void => {
      // The page is ahead by a few frames, whose pixels do not leave it any more once it hangs.
      if (atFrame(1)(event)) controller.abort(reason);
    };
    await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), frameRate: RATE }, stopped(["browser", "ffmpeg"]), {
      signal: controller.signal,
      onEvent,
    });
  });
});

describe("a listener that throws", () => {
  it("does not stop the render, and becomes one warning", async () => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    let calls = 0;
    const onEvent = (): void => {
      calls++;
      throw new Error("the listener is broken");
    };
    const job: RenderJob = { ...size, page: await place.page(movingPage()), output, frameRate: RATE, duration: 1 };
    const { facts, warnings }: RenderResult = await render(job, { onEvent });
    expect(calls).toBeGreaterThan(30);
    expect(facts.frameCount).toBe(30);
    expect(warnings.filter((warning) => warning.includes("the listener is broken"))).toHaveLength(1);
    expect(await place.list()).toEqual(["page.html", "video.mp4"]);
  });
});
