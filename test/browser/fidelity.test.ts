import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import { BLOCK_LIMIT, compareBlocks, type BlockAverages, type BlockDifference, type Box } from "../../src/core/blocks.ts";
import type { CaptureSession } from "../../src/core/capture.ts";
import type { RenderEvent } from "../../src/core/events.ts";
import type { Size } from "../../src/core/frame.ts";
import type { RenderJob } from "../../src/core/job.ts";
import type { RenderResult } from "../../src/core/result.ts";
import { openPageAddress } from "../../src/node/file-server.ts";
import { builtInParts, render } from "../../src/node/render.ts";
import { blocksOfRgb, blocksOfYuv, boxAverage } from "../support/block-pictures.ts";
import { losing, type PlantedFault } from "../support/faulty-captures.ts";
import { openCaptures, type OpenCaptures } from "../support/open-captures.ts";
import { launchPlainBrowser, type PlainBrowser } from "../support/plain-browser.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames, decodePictures, runFfmpeg } from "../support/video-frames.ts";
import { unchecked } from "../support/unchecked.ts";

const pages: string = fileURLToPath(new URL("../pages/", import.meta.url));
let folder: Scratch;
let plain: PlainBrowser;

beforeAll(async () => {
  folder = await scratch();
  plain = await launchPlainBrowser();
});

afterAll(async () => {
  await plain[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Each frame of a video held against a screenshot that Playwright took of the page at the frame's time. */
async function differencesFromScreenshots(job: RenderJob, result: RenderResult): Promise<BlockDifference[]> {
  const { size } = result.facts;
  const seconds: readonly number[] = Array.from({ length: result.facts.frameCount }, (_, index) => index / Number(job.frameRate));
  await using address = await openPageAddress(job.page);
  const shown: Uint8Array[] = await decodePictures(await plain.screenshots(address.url, size, seconds), size);
  const frames: Uint8Array[] = await decodeFrames(job.output, size, "yuv420p");
  expect(frames).toHaveLength(shown.length);
  return frames.map((frame, index) => compareBlocks(blocksOfYuv(frame, size), blocksOfRgb(shown[index]!, size), size));
}

/** Says of each frame that differs too much where it does: the answer of a right video is empty. */
function wrongFrames(differences: readonly BlockDifference[]): string[] {
  return differences.flatMap(({ largest, box }, index) =>
    box === null ? [] : [`frame ${index} differs by ${largest.toFixed(0)} in ${JSON.stringify(box)}`],
  );
}

describe("everything that a page can show", () => {
  const size: Size = { width: 1280, height: 720 };
  const indices: readonly number[] = [0, 2, 3, 5, 8, 9];
  let page: string;
  let open: OpenCaptures;

  beforeAll(async () => {
    page = folder.path("everything.html");
    await copyFile(`${pages}everything.html`, page);
    const source = "testsrc=size=180x180:rate=10:duration=1";
    await runFfmpeg(["-f", "lavfi", "-i", source, "-c:v", "libvpx", "-b:v", "1M", folder.path("clip.webm")]);
    open = await openCaptures(page, size, 10, [
      { capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "I420" },
      { capture: screenshot(), frameFormat: "PNG" },
    ]);
  });

  afterAll(async () => {
    await open[Symbol.asyncDispose]();
  });

  it.each(indices)("is painted in frame %i as in a screenshot, within 16 of 255 in each block", async (index) => {
    const [painted, shown] = (await Promise.all(open.sessions.map((session) => session.sample(index)))) as [BlockAverages, BlockAverages];
    expect(compareBlocks(painted, shown, size)).toEqual({ largest: expect.any(Number) as number, box: null });
  });

  /** What a comparison that finds nothing is worth. */
  it("is missed, thing by thing, where one is not painted", async () => {
    const [painting, reference] = open.sessions as [CaptureSession, CaptureSession];
    const things: readonly Thing[] = await painting.page.evaluate(listThings, unchecked<Thing[]>());
    expect(things).toHaveLength(16);
    const shown: BlockAverages = await reference.sample(5);
    const missed: string[] = [];
    for (const { name, cell, without } of things) {
      await painting.page.run(`${composition}.querySelector("#loss").textContent = ${JSON.stringify(without)}`);
      const { box } = compareBlocks(await painting.sample(5), shown, size);
      if (box && isInside(box, cell)) missed.push(name);
    }
    await painting.page.run(`${composition}.querySelector("#loss").remove()`);
    expect(missed).toEqual(things.map(({ name }) => name));
    expect(compareBlocks(await painting.sample(5), shown, size).box).toBeNull();
  });

  it("comes out of a whole render, with comparisons", async () => {
    const job: RenderJob = { page, output: folder.path("everything.mp4"), ...size, frameRate: 10, capture: "html-in-canvas" };
    const result: RenderResult = await render(job);
    expect(result).toMatchObject({ plan: { capture: "html-in-canvas" }, frames: 10, fallbacks: [], warnings: [] });
    expect(result.checks.comparisons).toBeGreaterThan(0);
    expect(result.checks.largestDifference).toBeLessThanOrEqual(BLOCK_LIMIT);
    expect(wrongFrames(await differencesFromScreenshots(job, result))).toEqual([]);
  });
});

/** One of the things that the page shows: its cell, and the style that takes it away. */
interface Thing {
  readonly name: string;
  readonly cell: Box;
  readonly without: string;
}

const composition = `document.querySelector("iframe").contentDocument`;
const listThings = `(() => {
  const page = ${composition};
  page.head.append(Object.assign(page.createElement("style"), { id: "loss" }));
  return [...page.querySelectorAll("[data-shows]")].map(element => {
    // A modal dialog stands over the last cell, but in none.
    const cell = (element.closest("figure") ?? page.querySelector("figure:last-child")).getBoundingClientRect();
    return {
      name: element.dataset.shows,
      cell: { x: cell.x, y: cell.y, width: cell.width, height: cell.height },
      without: "#" + element.id + " { " + element.dataset.without + " !important }",
    };
  });
})()`;

function isInside(box: Box, cell: Box): boolean {
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  return box.x >= cell.x && box.y >= cell.y && right <= cell.x + cell.width && bottom <= cell.y + cell.height;
}

describe("videos in a page", () => {
  const size: Size = { width: 384, height: 216 };

  it("show the frame that they were sought to, each of them in each frame", async () => {
    await copyFile(`${pages}videos.html`, folder.path("videos.html"));
    const source = "nullsrc=size=96x72:rate=10:duration=1,format=yuv420p,geq=lum='30+20*N':cb=128:cr=128";
    await runFfmpeg(["-f", "lavfi", "-i", source, "-c:v", "libvpx", "-b:v", "2M", folder.path("levels.webm")]);
    const job: RenderJob = { page: folder.path("videos.html"), output: folder.path("videos.mp4"), ...size, frameRate: 10 };
    const result: RenderResult = await render({ ...job, capture: "html-in-canvas" });
    expect(result.fallbacks).toEqual([]);
    const stale: string[] = [];
    for (const [index, frame] of (await decodeFrames(job.output, size, "yuv420p")).entries()) {
      for (let at = 0; at < 12; at++) {
        const box = { x: (at % 4) * 96 + 8, y: Math.floor(at / 4) * 72 + 8, width: 80, height: 56 };
        const [level] = boxAverage(frame, size, 1, box);
        // The clip's frames differ in brightness by 20.
        const shown: number = Math.round((level! - 30) / 20);
        if (shown !== (index * 7 + at) % 10) stale.push(`video ${at} in frame ${index} shows ${shown}, not ${(index * 7 + at) % 10}`);
      }
    }
    expect(stale).toEqual([]);
  });
});

describe("colours that halved chroma smears", () => {
  it("are painted right, and not distrusted", async () => {
    const job: RenderJob = { page: `${pages}saturated.html`, output: folder.path("saturated.mp4"), width: 640, height: 360, frameRate: 10 };
    const result: RenderResult = await render(job);
    expect(result.fallbacks).toEqual([]);
    expect(result.plan.capture).toBe("html-in-canvas");
    expect(result.checks.largestDifference).toBeLessThanOrEqual(BLOCK_LIMIT);
    expect(wrongFrames(await differencesFromScreenshots(job, result))).toEqual([]);
  });
});

describe("a body that is not shown", () => {
  it.each(["visibility: hidden", "display: none"])("with %s is white, for its background is not painted either", async (style) => {
    const page: string = await folder.page(`<!doctype html><body style="background: #123; ${style}">Nothing`);
    const result = await render({ page, output: folder.path("nothing.mp4"), width: 320, height: 180, duration: 0.1 });
    expect(result).toMatchObject({ plan: { capture: "html-in-canvas" }, fallbacks: [] });
    // Averages of I420 are rounded once more.
    expect(result.checks.largestDifference).toBeLessThanOrEqual(1);
  });
});

describe("scenes with depth", () => {
  it.each(["cube", "carousel"])("a turning %s is right at 20 times", async (name) => {
    const job: RenderJob = { page: `${pages}${name}.html`, output: folder.path(`${name}.mp4`), width: 640, height: 360, frameRate: 10 };
    const result: RenderResult = await render(job);
    const differences: BlockDifference[] = await differencesFromScreenshots(job, result);
    expect(differences).toHaveLength(20);
    expect(wrongFrames(differences)).toEqual([]);
  });

  it.each(["class", "style", "attribute", "sibling", "sheet", "insertion"])(
    "one that comes late by %s is noticed, and right",
    async (way) => {
      // The scene lasts for frames 10 and 11 of 20, between two comparisons with a screenshot: those do not find it.
      await using address = await openPageAddress(`${pages}late-depth.html`);
      const url = `${address.url}?way=${way}&from=.5&to=.6`;
      const job: RenderJob = { page: url, output: folder.path(`late-${way}.mp4`), width: 320, height: 180, frameRate: 20 };
      const result: RenderResult = await render(job);
      expect(wrongFrames(await differencesFromScreenshots(job, result))).toEqual([]);
      expect(result.fallbacks).toMatchObject([{ part: "html-in-canvas", reason: expect.stringContaining("preserve-3d") as string }]);
      expect(result.plan.capture).toBe("begin-frame");
    },
  );
});

describe("what is shown only between two comparisons", () => {
  it.each(["canvas in an open shadow tree", "canvas in a closed shadow tree", "canvas in a frame", "card that shows its back"])(
    "a %s is right",
    async (way) => {
      await using address = await openPageAddress(`${pages}between.html`);
      const url = `${address.url}?way=${way}&from=.5&to=.6`;
      const job: RenderJob = { page: url, output: folder.path("between.mp4"), width: 320, height: 180, frameRate: 20 };
      expect(wrongFrames(await differencesFromScreenshots(job, await render(job)))).toEqual([]);
    },
  );
});

describe("a capture that goes wrong", () => {
  const size: Size = { width: 320, height: 180 };
  const badge: Box = { x: 200, y: 96, width: 80, height: 56 };
  /** Which frames of the video show the badge. */
  const framesWithBadge = async (file: string): Promise<boolean[]> =>
    (await decodeFrames(file, size, "rgb24")).map((frame) => {
      const [red, green, blue] = boxAverage(frame, size, 3, badge);
      return Math.abs(red! - 210) < 8 && Math.abs(green! - 40) < 8 && Math.abs(blue! - 50) < 8;
    });
  const renderFaulty = async (
    fault: PlantedFault,
    encoder: string,
  ): Promise<{ result: RenderResult; events: RenderEvent[]; file: string }> => {
    const file: string = folder.path(`faulty-${fault.when}-${encoder}.mp4`);
    const parts = builtInParts();
    const events: RenderEvent[] = [];
    const result: RenderResult = await render(
      { page: `${pages}badge.html`, output: file, ...size, frameRate: 20, encoder },
      {
        parts: { captures: parts.captures.map((one) => (one.name === "html-in-canvas" ? losing(one, fault) : one)) },
        onEvent: (event) => events.push(event),
      },
    );
    return { result, events, file };
  };

  it.each(["ffmpeg-pipe", "webcodecs"])(
    "is given up before the first frame, and none of its frames is in the file (%s)",
    async (encoder) => {
      const { result, events, file } = await renderFaulty({ loses: "#badge", fromSeconds: 0, when: "always" }, encoder);
      expect(result.plan).toMatchObject({ capture: "begin-frame", encoder });
      expect(result.fallbacks).toMatchObject([
        { part: "html-in-canvas", reason: expect.stringContaining("80×56 pixels at 200,96") as string },
      ]);
      expect(events.filter(({ type }) => type === "part-given-up")).toMatchObject([{ part: "html-in-canvas", index: 0, box: badge }]);
      expect(events.findIndex(({ type }) => type === "frame-encoded")).toBeGreaterThan(
        events.findIndex(({ type }) => type === "part-given-up"),
      );
      expect(await framesWithBadge(file)).toEqual(Array.from({ length: 40 }, () => true));
    },
  );

  it.each(["ffmpeg-pipe", "webcodecs"])("is given up in the middle, and none of its frames is in the file (%s)", async (encoder) => {
    const { result, events, file } = await renderFaulty({ loses: "#badge", fromSeconds: 1, when: "in-read" }, encoder);
    const at: number = events.findIndex(({ type }) => type === "part-given-up");
    // Frame 26 of 0, 13, 26 and 39 is the first that is compared after the fault at frame 20.
    expect(events[at]).toMatchObject({ part: "html-in-canvas", index: 26, box: badge });
    // Wrong frames had gone into the encoder by then: the file was begun anew.
    const encodedBefore: number = events.slice(0, at).filter(({ type }) => type === "frame-encoded").length;
    expect(encodedBefore).toBeGreaterThan(20);
    expect(result).toMatchObject({ frames: 40, plan: { capture: "begin-frame", encoder } });
    expect(result.fallbacks).toMatchObject([{ part: "html-in-canvas", reason: expect.stringContaining("frame 26") as string }]);
    expect(await framesWithBadge(file)).toEqual(Array.from({ length: 40 }, () => true));
  });
});
