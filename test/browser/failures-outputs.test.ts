import { readdirSync, renameSync, rmSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderEvent } from "../../src/core/events.ts";
import { render } from "../../src/node/index.ts";
import { movingPage, RATE } from "../support/failing-pages.ts";
import { atFrame, expectCleanFailure, ownTemporaryFolder } from "../support/failures.ts";
import { holdOutput } from "../support/holders.ts";
import { descendants, isBrowserMain, isEncodingFfmpeg, signalProcess } from "../support/processes.ts";
import { scratch } from "../support/render.ts";

/** Outputs that are taken, in the way, or taken away, and frames that wait on disk. */

const size = { width: 320, height: 180 } as const;
let temporaryFolder: AsyncDisposable;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
});
afterAll(async () => {
  await temporaryFolder[Symbol.asyncDispose]();
});

describe("an output", () => {
  it.each([
    ["video.mp4", "mp4"],
    ["frames/%04d.png", "png-sequence"],
  ] as const)("that another process renders to is refused before a browser starts: %s", async (name, container) => {
    await using place = await scratch();
    await using holder = await holdOutput(place.path(name), container);
    expect(holder.said).toBe("held");
    await expectCleanFailure(
      { ...size, page: await place.page(movingPage()), output: place.path(name), duration: 1 },
      { code: "output-busy", says: [`process ${holder.processId}`, "Wait for it, or write elsewhere"], started: [] },
    );
  });

  it("in a folder with other files is refused before a browser starts, and the files stay", async () => {
    await using place = await scratch();
    await mkdir(place.path("frames"));
    await writeFile(place.path("frames/thesis.txt"), "years of work");
    await expectCleanFailure(
      { ...size, page: await place.page(movingPage()), output: place.path("frames/%04d.png"), duration: 1 },
      { code: "output-not-writable", says: ['"thesis.txt"', "give a new folder, an empty one, or that of an earlier render"], started: [] },
    );
    expect(await readFile(place.path("frames/thesis.txt"), "utf8")).toBe("years of work");
  });

  it.each([
    ["out/video.mp4", "ffmpeg-pipe"],
    ["out/video.mp4", "ffmpeg-disk"],
    ["out/video.mp4", "webcodecs"],
    ["out/%04d.png", "png-sequence"],
    ["out/%04d.jpg", "png-sequence"],
  ] as const)("whose folder is removed halfway is told, and leaves nothing: %s by %s", async (name, encoder) => {
    await using place = await scratch();
    await mkdir(place.path("out"));
    const output: string = place.path(name);
    const isTime = atFrame(20);
    const onEvent = (event: RenderEvent): void => {
      if (!isTime(event)) return;
      // Renamed first: what still writes there must not hold it back.
      renameSync(place.path("out"), place.path("gone"));
      rmSync(place.path("gone"), { recursive: true });
    };
    const page: string = await place.page(movingPage());
    await expect(render({ ...size, page, output, encoder, duration: 4, frameRate: RATE }, { onEvent })).rejects.toMatchObject({
      code: "output-not-writable",
      details: { output },
    });
    expect(await place.list()).toEqual(["page.html"]);
    await expect.poll(() => descendants().filter((one) => isBrowserMain(one) || isEncodingFfmpeg(one))).toEqual([]);
  });

  it("of pictures replaces those of an earlier render, all of them", async () => {
    await using place = await scratch();
    const page: string = await place.page(movingPage());
    const job = { ...size, page, output: place.path("frames/%03d.png"), frameRate: RATE } as const;
    await render({ ...job, duration: 10 / RATE });
    await render({ ...job, duration: 4 / RATE });
    expect((await readdir(place.path("frames"))).toSorted()).toEqual(["000.png", "001.png", "002.png", "003.png"]);
  });
});

describe("ffmpeg that reads frames from disk", () => {
  it("is killed as it starts", async () => {
    await using place = await scratch();
    const killed: number[] = [];
    const page: string = await place.page(movingPage());
    await expectCleanFailure(
      // Slow, so that nobody misses it: who watches looks a few times a second.
      { ...size, page, output: place.path("video.mp4"), encoder: "ffmpeg-disk", duration: 3, quality: { preset: "veryslow" } },
      {
        code: "encoder-failed",
        says: ['"ffmpeg-disk"', "was ended by SIGKILL during finish"],
        details: { phase: "finish" },
        started: "any",
      },
      {
        onProcess(one) {
          if (isEncodingFfmpeg(one) && signalProcess(one, "SIGKILL")) killed.push(one.id);
        },
      },
    );
    expect(killed).toHaveLength(1);
  });

  it.each(["plan-ready", "capture-opened", "frame-encoded", "finishing"] as const)(
    "leaves nothing where the render is stopped at %s",
    async (type) => {
      await using place = await scratch();
      const stop = new AbortController();
      const onEvent = (event: RenderEvent): void => {
        if (event.type === type && (event.type !== "frame-encoded" || event.index === 20)) stop.abort(new Error("Ctrl+C was pressed"));
      };
      await expectCleanFailure(
        { ...size, page: await place.page(movingPage()), output: place.path("video.gif"), duration: 2, frameRate: RATE },
        { code: "aborted", says: ["The render was stopped: Ctrl+C was pressed"], started: "any" },
        { signal: stop.signal, onEvent },
      );
    },
  );

  it("finds frames gone: they are named", async () => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    const onEvent = (event: RenderEvent): void => {
      if (event.type === "finishing") removeFrame(place.folder, 7);
    };
    await expectCleanFailure(
      { ...size, page: await place.page(movingPage()), output, encoder: "ffmpeg-disk", duration: 2, frameRate: RATE },
      { code: "frames-missing", says: ["1 are missing or cut off: 7"], details: { missing: [7] }, started: "any" },
      { onEvent },
    );
  });
});

/** Removes the file of a frame that waits beside an output in this folder, at once: the encoder looks for it right after. */
function removeFrame(folder: string, index: number): void {
  const frames: string | undefined = readdirSync(folder).find((name) => name.endsWith(".partial.frames"));
  const names: string[] = readdirSync(join(folder, frames!)).toSorted();
  rmSync(join(folder, frames!, names[index]!));
}
