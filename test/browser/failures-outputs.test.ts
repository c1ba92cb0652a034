import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { copyFile, link, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderEvent } from "../../src/core/events.ts";
import { render } from "../../src/node/index.ts";
import { movingPage, RATE } from "../support/failing-pages.ts";
import { atFrame, expectCleanFailure, ownTemporaryFolder } from "../support/failures.ts";
import { holdOutput } from "../support/holders.ts";
import { descendants, isBrowserMain, isEncodingFfmpeg, signalProcess } from "../support/processes.ts";
import { scratch, type Scratch } from "../support/render.ts";

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

describe("an output that must not be replaced", () => {
  const film: string = "film.mp4";
  let films: Scratch;

  beforeAll(async () => {
    films = await scratch();
    await render({ ...size, page: await films.page(movingPage()), output: films.path(film), duration: 0.2 });
  });
  afterAll(async () => {
    await films[Symbol.asyncDispose]();
  });

  async function withFilm(): Promise<Scratch> {
    const place: Scratch = await scratch();
    await copyFile(films.path(film), place.path(film));
    return place;
  }

  it("rejects a FIFO before a browser starts, and keeps it", async () => {
    await using place = await scratch();
    execFileSync("mkfifo", [place.path("video.mp4")]);
    await expectCleanFailure(
      { ...size, page: await place.page(movingPage()), output: place.path("video.mp4"), duration: 1 },
      { code: "output-not-writable", says: ["it is a FIFO", "Name a file"], started: [] },
    );
    expect(lstatSync(place.path("video.mp4")).isFIFO()).toBe(true);
  });

  it.each(["the page", "a symbolic link to the page", "a hard link to the page"] as const)(
    "rejects %s before a browser starts",
    async (what) => {
      await using place = await scratch();
      const page: string = await place.page(movingPage());
      const output: string = what === "the page" ? page : place.path("video.mp4");
      if (what === "a symbolic link to the page") await symlink("page.html", output);
      if (what === "a hard link to the page") await link(page, output);
      await expectCleanFailure(
        { ...size, page, output, format: "mp4", duration: 1 },
        { code: "output-not-writable", says: ['the page uses the file "', "page.html", "Name another file"], started: [] },
      );
      expect(await readFile(page, "utf8")).toBe(movingPage());
    },
  );

  it("rejects a video that the page's document names before a browser starts", async () => {
    await using place = await withFilm();
    await expectCleanFailure(
      { ...size, page: await place.page(`<video src="${film}"></video>${movingPage()}`), output: place.path(film), duration: 1 },
      { code: "output-not-writable", says: ["film.mp4"], started: [] },
    );
  });

  it("rejects a video that a script of the page adds, before frames are encoded", async () => {
    await using place = await withFilm();
    const script = `<script>
      const video = document.createElement("video");
      video.src = ["film", "mp4"].join(".");
      document.body.append(video);
    </script>`;
    await expectCleanFailure(
      { ...size, page: await place.page(movingPage() + script), output: place.path(film), duration: 1 },
      { code: "output-not-writable", says: ["film.mp4"], started: ["browser"] },
    );
  });

  it("rejects a file that the page loads while it is rendered", async () => {
    await using place = await withFilm();
    const onSeek = `if (frame === 8) return fetch(["film", "mp4"].join(".")).then((answer) => answer.arrayBuffer());`;
    await expectCleanFailure(
      { ...size, page: await place.page(movingPage({ onSeek })), output: place.path(film), duration: 1, frameRate: RATE },
      { code: "output-not-writable", says: ["film.mp4"] },
    );
  });

  it("rejects a folder whose pictures the page shows", async () => {
    await using place = await scratch();
    const page: string = await place.page(movingPage());
    const output: string = place.path("frames/%03d.png");
    await render({ ...size, page, output, frameRate: RATE, duration: 2 / RATE });
    await expectCleanFailure(
      { ...size, page: await place.page(`<img src="frames/001.png">${movingPage()}`, "second.html"), output, duration: 1 },
      { code: "output-not-writable", says: ["001.png"], started: [] },
    );
  });

  it("is not one that the page merely mentions: an earlier video beside the page is replaced", async () => {
    await using place = await withFilm();
    const page: string = await place.page(`<p>This becomes film.mp4</p>${movingPage()}`);
    const { frames } = await render({ ...size, page, output: place.path(film), duration: 0.5, frameRate: RATE });
    expect(frames).toBe(RATE / 2);
  });
});

describe("an output that is a symbolic link", () => {
  it("stays, and the video becomes its target", async () => {
    await using place = await scratch();
    await mkdir(place.path("videos"));
    await symlink("videos/real.mp4", place.path("video.mp4"));
    await render({ ...size, page: await place.page(movingPage()), output: place.path("video.mp4"), duration: 0.2 });
    expect(await readlink(place.path("video.mp4"))).toBe("videos/real.mp4");
    expect(await readdir(place.path("videos"))).toEqual(["real.mp4"]);
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
