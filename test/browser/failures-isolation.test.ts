import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderEvent } from "../../src/core/events.ts";
import type { RenderJob } from "../../src/core/job.ts";
import type { RenderResult } from "../../src/core/result.ts";
import type { Span } from "../../src/core/timeline.ts";
import { render } from "../../src/node/render.ts";
import type { CallerTask } from "../support/caller.ts";
import { movingPage, RATE } from "../support/failing-pages.ts";
import {
  at,
  atFrame,
  expectCleanFailure,
  expectCleanRender,
  ownTemporaryFolder,
  strike,
  type ExpectedFailure,
  type FailureOptions,
} from "../support/failures.ts";
import { allProcesses, isBrowserMain, isRenderProcess, signalProcess, type ProcessFacts } from "../support/processes.ts";
import { scratch } from "../support/render.ts";

/** Renders in a process of their own, which may end at any moment. */

const size = { width: 320, height: 180 } as const;
const isolation = "process";
const killed: ExpectedFailure = {
  code: "render-process-lost",
  says: ["it was ended by SIGKILL", "render again"],
  details: { reason: "ended", signal: "SIGKILL" },
  started: "any",
};
const CALLER: string = fileURLToPath(new URL("../support/caller.ts", import.meta.url));
let temporaryFolder: AsyncDisposable;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
});
afterAll(async () => {
  await temporaryFolder[Symbol.asyncDispose]();
});

/** Kills the render process as soon as such a process is there. */
function strikeWith(isTrigger: (one: ProcessFacts) => boolean): {
  readonly onProcess: (one: ProcessFacts) => void;
  readonly struck: number[];
} {
  const struck: number[] = [];
  const seen: ProcessFacts[] = [];
  return {
    struck,
    onProcess(one) {
      if (isRenderProcess(one)) seen.push(one);
      if (struck.length > 0 || !isTrigger(one)) return;
      for (const target of seen) if (signalProcess(target, "SIGKILL")) struck.push(target.id);
    },
  };
}

async function expectFailure(
  job: Partial<RenderJob>,
  expected: ExpectedFailure,
  options: FailureOptions,
  html = movingPage(),
): Promise<void> {
  await using place = await scratch();
  const page: string = await place.page(html);
  await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), frameRate: RATE, ...job }, expected, {
    isolation,
    ...options,
  });
}

describe("a render process that is killed is an error, and leaves nothing", () => {
  it.for([
    ["starts", isRenderProcess],
    ["starts its browser", isBrowserMain],
  ] as const)("while it %s", async ([, isTrigger]) => {
    const { struck, onProcess } = strikeWith(isTrigger);
    await expectFailure({}, killed, { onProcess });
    expect(struck).toHaveLength(1);
  });

  it.for(["page-ready", "plan-ready", "capture-opened", "capture-checked", "finishing", "checking"] as const)("at %s", async (moment) => {
    const { struck, onEvent } = strike(at(moment), isRenderProcess, "SIGKILL");
    await expectFailure({ duration: 1 }, killed, { onEvent });
    expect(struck.length).toBeGreaterThan(0);
  });

  it.for([
    { output: "video.mp4", encoder: "ffmpeg-pipe" },
    { output: "video.mp4", encoder: "ffmpeg-disk" },
    { output: "video.mp4", encoder: "webcodecs" },
    { output: "frames/%04d.png", encoder: "png-sequence" },
    { output: "video.mp4", encoder: "ffmpeg-pipe", segments: 2 },
  ] as const)("while frames are captured: $output by $encoder", async ({ output, ...job }) => {
    await using place = await scratch();
    const page: string = await place.page(movingPage());
    const { struck, onEvent } = strike(atFrame(20), isRenderProcess, "SIGKILL");
    await expectCleanFailure({ ...size, page, output: place.path(output), frameRate: RATE, ...job }, killed, { isolation, onEvent });
    expect(struck.length).toBeGreaterThan(0);
    expect(await place.list()).toEqual(["page.html"]);
  });

  it("while ffmpeg makes a GIF of frames on disk", async () => {
    await using place = await scratch();
    const page: string = await place.page(movingPage({ duration: "2" }));
    const { struck, onEvent } = strike(at("finishing"), isRenderProcess, "SIGKILL");
    await expectCleanFailure({ ...size, page, output: place.path("video.gif") }, killed, { isolation, onEvent });
    expect(struck.length).toBeGreaterThan(0);
  });
});

describe("an isolated render is stopped", () => {
  const reason = new Error("Ctrl+C was pressed");
  const stopped: ExpectedFailure = { code: "aborted", says: ["The render was stopped: Ctrl+C was pressed"], started: "any" };

  it("before it starts", async () => {
    await expectFailure({}, stopped, { signal: AbortSignal.abort(reason) });
  });

  it.for([
    ["starts", isRenderProcess],
    ["starts its browser", isBrowserMain],
  ] as const)("while it %s", async ([, isTrigger]) => {
    const controller = new AbortController();
    const onProcess = (one: ProcessFacts): void => {
      if (isTrigger(one)) controller.abort(reason);
    };
    await expectFailure({}, stopped, { signal: controller.signal, onProcess });
    expect(controller.signal.aborted).toBe(true);
  });

  it.for(["page-ready", "frame-encoded", "checking"] as const)("at %s", async (moment) => {
    const controller = new AbortController();
    const onEvent = (event: RenderEvent): void => {
      if (at(moment)(event)) controller.abort(reason);
    };
    await expectFailure({ duration: 1 }, stopped, { signal: controller.signal, onEvent });
    expect(controller.signal.aborted).toBe(true);
  });

  it("in a seek that never ends", async () => {
    const controller = new AbortController();
    const onEvent = (event: RenderEvent): void => {
      if (atFrame(1)(event)) controller.abort(reason);
    };
    await expectFailure({}, stopped, { signal: controller.signal, onEvent }, movingPage({ onSeek: "if (frame === 5) for (;;);" }));
  });
});

describe("an isolated render", () => {
  /** Field names at every depth, of lists the first element's. */
  function fieldsOf(value: unknown): unknown {
    if (Array.isArray(value)) return value.slice(0, 1).map(fieldsOf);
    if (typeof value !== "object" || value === null) return typeof value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fieldsOf(inner)]));
  }

  interface Heard {
    readonly result: RenderResult;
    /** Of frames: those have an order. */
    readonly events: readonly RenderEvent[];
    readonly types: readonly string[];
    readonly spans: readonly string[];
  }

  it("gives the file, the result, the events and the spans of one in this process", async () => {
    await using place = await scratch();
    const page: string = await place.page(movingPage());
    const run = async (name: string, options: FailureOptions): Promise<Heard> => {
      const events: RenderEvent[] = [];
      const types = new Set<string>();
      const spans = new Set<string>();
      const result: RenderResult = await expectCleanRender(
        { ...size, page, output: place.path(name), frameRate: RATE, duration: 1 },
        {
          ...options,
          onEvent(event) {
            types.add(event.type);
            if (event.type === "frame-encoded") events.push(event);
          },
          onSpan({ name: span, track }: Span) {
            // A worker waits for room in the window only where the encoder is slower.
            if (span !== "window") spans.add(`${span} ${track}`);
          },
        },
      );
      return { result, events, types: [...types].toSorted(), spans: [...spans].toSorted() };
    };
    const here = await run("here.mp4", {});
    const isolated = await run("isolated.mp4", { isolation });
    expect(await readFile(place.path("isolated.mp4"))).toEqual(await readFile(place.path("here.mp4")));
    expect(fieldsOf(isolated.result)).toEqual(fieldsOf(here.result));
    expect(isolated.result).toMatchObject({ output: place.path("isolated.mp4"), facts: here.result.facts, video: here.result.video });
    expect(isolated.events).toEqual(here.events);
    expect(isolated.types).toEqual(here.types);
    expect(isolated.spans).toEqual(here.spans);
  });

  it("rejects with the error of the page", async () => {
    await expectFailure(
      {},
      { code: "seek-failed", says: ["frame 5", "no such scene"], details: { index: 5 } },
      {},
      movingPage({ onSeek: "if (frame === 5) throw new Error('no such scene');" }),
    );
  });

  it("turns what its listener throws into one warning", async () => {
    await using place = await scratch();
    const job: RenderJob = { ...size, page: await place.page(movingPage()), output: place.path("video.mp4"), duration: 0.2 };
    const onEvent = (): void => {
      throw new Error("the listener is broken");
    };
    const { warnings } = await render(job, { isolation, onEvent });
    expect(warnings).toEqual(["onEvent threw: the listener is broken"]);
  });

  it("that takes too much memory is killed, and leaves nothing", async () => {
    let isReady = false;
    const onEvent = (event: RenderEvent): void => {
      isReady ||= event.type === "page-ready";
    };
    // At most two gigabytes: a limit that does not work shall not hurt the machine.
    const html: string = movingPage({
      onLoad: "const kept = [];",
      onSeek: "if (kept.length < 32) kept.push(new Uint8Array(64 << 20).fill(frame + 1));",
    });
    await expectFailure(
      { capture: "screenshot", workers: 1 },
      {
        code: "render-process-lost",
        says: ["bytes of memory, memoryBytes allows 1073741824", "Raise memoryBytes"],
        details: { reason: "memory", memoryBytes: 2 ** 30 },
        started: "any",
      },
      { memoryBytes: 2 ** 30, onEvent },
      html,
    );
    expect(isReady).toBe(true);
  });

  it("that is killed does not reach another render", async () => {
    await using place = await scratch();
    const page: string = await place.page(movingPage());
    const job = (name: string): RenderJob => ({ ...size, page, output: place.path(name), frameRate: RATE, duration: 2 });
    await render(job("alone.mp4"));
    const { struck, onEvent } = strike(atFrame(20), isRenderProcess, "SIGKILL");
    const [other, lost] = await Promise.allSettled([render(job("other.mp4")), render(job("lost.mp4"), { isolation, onEvent })]);
    expect(struck.length).toBeGreaterThan(0);
    expect(lost).toMatchObject({ status: "rejected", reason: { code: "render-process-lost" } });
    expect(other.status).toBe("fulfilled");
    expect(await readFile(place.path("other.mp4"))).toEqual(await readFile(place.path("alone.mp4")));
    expect(await place.list()).toEqual(["alone.mp4", "other.mp4", "page.html"]);
  });
});

describe("a process that renders in another", () => {
  it.for([
    ["exits", { exitWith: 7 }],
    ["is killed", { dies: true }],
  ] as const)("leaves nothing when it %s in the middle", async ([, how]) => {
    await using place = await scratch();
    const job: RenderJob = { ...size, page: await place.page(movingPage()), output: place.path("video.mp4"), frameRate: RATE };
    const task: CallerTask = { jobs: [job], isolation, ...how };
    const before: string[] = await readdir(tmpdir());
    const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", CALLER, JSON.stringify(task)], { stdio: "inherit" });
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    expect([code, signal]).toEqual("dies" in how ? [null, "SIGKILL"] : [7, null]);
    const profile = `framewright-profile-${child.pid}-`;
    const left = async (): Promise<string[]> => [
      ...allProcesses().flatMap((one) =>
        one.commandLine.includes(profile) || one.commandLine.includes(place.folder) || isRenderProcess(one)
          ? one.commandLine.slice(0, 160)
          : [],
      ),
      ...(await readdir("/dev/shm")).filter((name) => name.startsWith(profile)),
      // The loader of the test's own program keeps a cache there.
      ...(await readdir(tmpdir())).filter((name) => !before.includes(name) && !name.startsWith("tsx-")),
      ...(await place.list()).filter((name) => name !== "page.html"),
    ];
    await expect.poll(left, { timeout: 60_000, interval: 20, message: "what the exit left" }).toEqual([]);
  });
});
