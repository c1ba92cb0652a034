import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareBlocks, type BlockAverages } from "../../src/core/blocks.ts";
import type { CaptureSession } from "../../src/core/capture.ts";
import type { Size } from "../../src/core/frame.ts";
import { beginFrame, launchBrowser, openPageAddress, render, screenshot } from "../../src/node/index.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { openCaptures, type OpenCaptures } from "../support/open-captures.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames, runFfmpeg } from "../support/video-frames.ts";

const pages: string = fileURLToPath(new URL("../pages/", import.meta.url));
let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

describe("everything that a page can show, under begun frames", () => {
  const size: Size = { width: 1280, height: 720 };
  let open: OpenCaptures;

  beforeAll(async () => {
    const page: string = folder.path("everything.html");
    await copyFile(`${pages}everything.html`, page);
    const source = "testsrc=size=180x180:rate=10:duration=1";
    await runFfmpeg(["-f", "lavfi", "-i", source, "-c:v", "libvpx", "-b:v", "1M", folder.path("clip.webm")]);
    open = await openCaptures(page, size, 10, [
      { capture: beginFrame(), frameFormat: "PNG" },
      { capture: screenshot(), frameFormat: "PNG" },
    ]);
  });
  afterAll(async () => {
    await open[Symbol.asyncDispose]();
  });

  it.each([0, 2, 3, 5, 8, 9])("is shown in frame %i as in a screenshot, within 16 of 255 in each block", async (index) => {
    const [begun, shown] = (await Promise.all(open.sessions.map((session) => session.sample(index)))) as [BlockAverages, BlockAverages];
    expect(compareBlocks(begun, shown, size)).toEqual({ largest: expect.any(Number) as number, box: null });
  });

  it("shows a change of any kind in the very picture after it", async () => {
    const [session] = open.sessions as [CaptureSession, CaptureSession];
    const changes: readonly string[] = [
      "document.body.style.background = 'rgb(9, 9, 9)'",
      "document.body.style.background = 'rgb(10, 9, 9)'",
      "document.body.append(Object.assign(document.createElement('canvas'), { id: 'new', style: 'position:fixed;inset:0;background:#fff' }))",
      "document.querySelector('#new').getContext('2d').fillRect(0, 0, 20, 20)",
      "document.body.insertAdjacentHTML('beforeend', '<p style=\"position:fixed;inset:0;background:#fff\">new</p>')",
      "document.querySelector('p').textContent = 'other'",
      "document.querySelector('p').style.transform = 'translateX(1px)'",
    ];
    const pictures = new Set([bytesOf(await session.sample(5))]);
    for (const change of changes) {
      await session.page.run(change);
      const seen: BlockAverages = await session.sample(5);
      pictures.add(bytesOf(seen));
      // The next picture of the same is the same.
      expect(bytesOf(await session.sample(5))).toBe(bytesOf(seen));
    }
    expect(pictures.size).toBe(changes.length + 1);
  });
});

function bytesOf({ rgb }: BlockAverages): string {
  return rgb.join();
}

describe("frames that are begun", () => {
  it.each(["ffmpeg-pipe", "webcodecs"])("show each frame its own picture, and repeats where nothing changes (%s)", async (encoder) => {
    await using address = await openPageAddress(`${pages}bar-code.html`);
    const output: string = folder.path("codes.mp4");
    const job = { page: `${address.url}?rate=30&hold=5`, output, ...barCodeSize, frameRate: 30, duration: 2 } as const;
    const result = await render({ ...job, capture: "begin-frame", encoder });
    expect(result).toMatchObject({ plan: { capture: "begin-frame" }, frames: 60, repeats: 48, checks: { comparisons: 5 }, fallbacks: [] });
    const frames: Uint8Array[] = await decodeFrames(output, barCodeSize, "gray");
    expect(frames.map(readBarCode)).toEqual(Array.from({ length: 60 }, (_, index) => index - (index % 5)));
  });

  it("come for a page that waits for them to decode a picture, to load a font, or for a frame of its own", async () => {
    const page: string = await folder.page(`<!doctype html><body style="margin:0;background:#fff">
      <script type="module">
        const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
        const picture = new Image();
        async function seek(t) {
          const context = canvas.getContext("2d");
          context.fillStyle = "rgb(0, " + Math.round(t * 200) + ", 0)";
          context.fillRect(0, 0, 320, 180);
          picture.src = canvas.toDataURL();
          await picture.decode();
          await new Promise(requestAnimationFrame);
        }
        document.body.append(picture);
        await seek(0);
        window.framewright = { duration: 1, seek };
      </script>`);
    const result = await render({ page, output: folder.path("waits.mp4"), ...barCodeSize, frameRate: 10, capture: "begin-frame" });
    expect(result).toMatchObject({ frames: 10, repeats: 0, fallbacks: [] });
    expect(result.checks.comparisons).toBeGreaterThan(0);
  });

  it("are refused by a browser that is not told to wait for them, with the reason", async () => {
    await using browser = await launchBrowser({ flags: ["--disable-gpu"] });
    const support = await beginFrame().probe({ browser, origin: "http://127.0.0.1" });
    expect(support).toMatchObject({ ok: false, reasons: [expect.stringContaining("it needs a headless shell") as string] });
  });
});
