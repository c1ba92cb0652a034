import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderEvent } from "../../src/core/events.ts";
import type { RenderJob } from "../../src/core/job.ts";
import { render, type RenderResult } from "../../src/node/index.ts";
import type { CallerTask } from "../support/caller.ts";
import { movingPage, RATE } from "../support/failing-pages.ts";
import { at, atFrame, expectCleanFailure, ownTemporaryFolder, type ExpectedFailure, type FailureOptions } from "../support/failures.ts";
import { allProcesses, isBrowserMain, type ProcessKind } from "../support/processes.ts";
import { scratch } from "../support/render.ts";

/** A render that its caller stops, callers that misbehave, and what a render leaves in the process that called it. */

const size = { width: 320, height: 180 } as const;
const encoders = [
  { encoder: "ffmpeg-pipe", started: ["browser", "ffmpeg"] },
  { encoder: "webcodecs", started: ["browser"] },
] as const;
const CALLER: string = fileURLToPath(new URL("../support/caller.ts", import.meta.url));
let temporaryFolder: AsyncDisposable;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
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

describe("a process that renders", () => {
  /** Runs the program and hears when it says something and when it ends. */
  async function runCaller(task: CallerTask): Promise<{ id: number; code: number | null; said: string[]; lingeredMs: number }> {
    const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", CALLER, JSON.stringify(task)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said: string[] = [];
    let saidAt = 0;
    createInterface({ input: child.stdout! }).on("line", (line) => {
      said.push(line);
      saidAt = performance.now();
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { id: child.pid!, code, said, lingeredMs: performance.now() - saidAt };
  }

  it("ends by itself after renders that failed, and at once", async () => {
    await using place = await scratch();
    const job = async (name: string, onSeek: string): Promise<RenderJob> => ({
      ...size,
      page: await place.page(movingPage({ onSeek }), `${name}.html`),
      output: place.path(`${name}.mp4`),
      frameRate: RATE,
    });
    const jobs: RenderJob[] = [
      await job("throws", "if (frame === 5) throw new Error('no');"),
      { ...(await job("stalls", "if (frame === 5) return new Promise(() => {});")), captureTimeoutMs: 2_500 },
      // Sixty seconds are the limit here: nobody may wait them out any more once the render has answered.
      await job("stopped", "if (frame === 25) return new Promise(() => {});"),
    ];
    const { code, said, lingeredMs } = await runCaller({ jobs, aborts: true });
    expect(said).toEqual(["seek-failed", "capture-stalled", "aborted", "done"]);
    expect(code).toBe(0);
    expect(lingeredMs).toBeLessThan(10_000);
    expect(await place.list()).toEqual(["stalls.html", "stopped.html", "throws.html"]);
  });

  it("may exit in the middle of a render, which then leaves nothing either", async () => {
    await using place = await scratch();
    const job: RenderJob = { ...size, page: await place.page(movingPage()), output: place.path("video.mp4"), frameRate: RATE };
    const before: string[] = await readdir(tmpdir());
    const { id, code, said } = await runCaller({ jobs: [job], exitWith: 7 });
    expect(code).toBe(7);
    expect(said).toEqual([]);
    const profile = `framewright-profile-${id}-`;
    const left = (): string[] =>
      allProcesses().flatMap(({ commandLine }) =>
        commandLine.includes(profile) || commandLine.includes(place.folder) ? commandLine.slice(0, 160) : [],
      );
    await expect.poll(left, { timeout: 10_000, interval: 20, message: "processes that the exit left" }).toEqual([]);
    expect(await place.list()).toEqual(["page.html"]);
    expect(await readdir(tmpdir())).toEqual(before);
    expect((await readdir("/dev/shm")).filter((name) => name.startsWith(profile))).toEqual([]);
  });
});
