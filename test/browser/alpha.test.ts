import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { webSocket } from "../../src/browser/transport/websocket.ts";
import { beginFrame } from "../../src/capture/begin-frame.ts";
import { canvas } from "../../src/capture/canvas.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import { compareBlocks } from "../../src/core/blocks.ts";
import type { CaptureSession } from "../../src/core/capture.ts";
import type { Size } from "../../src/core/frame.ts";
import { CaptureCheck } from "../../src/core/pipeline/check-capture.ts";
import { openCaptures, type CaptureToOpen, type OpenCaptures } from "../support/open-captures.ts";
import { readPictures, tolerance, type StraightPicture } from "../support/straight-pictures.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";

/** What a page leaves transparent, in every capture that can carry it: pixels against computation, and captures against one another. */

const size: Size = { width: 320, height: 144 };
let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

const painted: CaptureToOpen = { capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "RGBA", alpha: true };
const read: CaptureToOpen = { capture: canvas({ transports: [webSocket()] }), frameFormat: "RGBA", alpha: true };
const begun: CaptureToOpen = { capture: beginFrame(), frameFormat: "PNG", alpha: true };
const shot: CaptureToOpen = { capture: screenshot(), frameFormat: "PNG", alpha: true };

const boxes = `<style>
  html, body { margin: 0 }
  div, p { position: absolute; margin: 0; width: 48px; height: 48px }
  #half { left: 16px; top: 16px; background: rgba(255, 0, 0, .5) }
  #blue { left: 80px; top: 16px; background: rgb(0, 0, 255) }
  #shadowed { left: 150px; top: 24px; height: 32px; background: rgb(250, 200, 0); box-shadow: 0 0 16px 4px rgba(0, 0, 0, .6) }
  #faint { left: 220px; top: 16px; background: rgb(200 100 50 / .3) }
  #faded { left: 220px; top: 80px; background: rgb(200, 100, 50); opacity: .6 }
  #text { left: 16px; top: 80px; width: 190px; font: 24px sans-serif; color: rgb(0, 100, 0) }
</style>
<div id="half"></div><div id="blue"></div><div id="shadowed"></div><div id="faint"></div><div id="faded"></div><p id="text">Transparent text</p>
<script>window.framewright = { duration: 1, seek() {} };</script>`;

/** The same by a canvas, which has no text here: fonts are drawn otherwise there. */
const drawn = (context: string): string => `<!doctype html>
<style>html, body { margin: 0 } canvas { display: block }</style>
<canvas width="320" height="144"></canvas>
<script>${context}</script>`;

const drawn2d: string = drawn(`
  const context = document.querySelector("canvas").getContext("2d");
  const fill = (color, x, y) => { context.fillStyle = color; context.fillRect(x, y, 48, 48); };
  window.framewright = { duration: 1, seek() {
    context.reset();
    fill("rgba(255, 0, 0, .5)", 16, 16);
    fill("rgb(0, 0, 255)", 80, 16);
    fill("rgb(200 100 50 / .3)", 220, 16);
    context.globalAlpha = .6;
    fill("rgb(200, 100, 50)", 220, 80);
  } };`);

/** WebGL keeps colours premultiplied. */
const drawnWebGl: string = drawn(`
  const gl = document.querySelector("canvas").getContext("webgl");
  const fill = ([red, green, blue], alpha, x, y) => {
    gl.scissor(x, 144 - y - 48, 48, 48);
    gl.clearColor(red / 255 * alpha, green / 255 * alpha, blue / 255 * alpha, alpha);
    gl.clear(gl.COLOR_BUFFER_BIT);
  };
  window.framewright = { duration: 1, seek() {
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
    fill([255, 0, 0], 128 / 255, 16, 16);
    fill([0, 0, 255], 1, 80, 16);
    fill([200, 100, 50], 77 / 255, 220, 16);
    fill([200, 100, 50], 153 / 255, 220, 80);
  } };`);

/** By computation, as straight alpha. */
const colors: readonly (readonly [string, x: number, y: number, color: readonly [number, number, number, number]])[] = [
  ["nothing, in the corner", 2, 2, [0, 0, 0, 0]],
  ["nothing, beside boxes", 296, 104, [0, 0, 0, 0]],
  ["half-transparent red", 40, 40, [255, 0, 0, 128]],
  ["opaque blue", 104, 40, [0, 0, 255, 255]],
  ["a faint fill", 244, 40, [200, 100, 50, 77]],
  ["an element's opacity", 244, 104, [200, 100, 50, 153]],
];

function expectColors(picture: StraightPicture): void {
  for (const [what, x, y, color] of colors) {
    const seen: readonly number[] = picture.pixelAt(x, y);
    const largest: number = Math.max(...color.map((channel, at) => Math.abs(channel - seen[at]!)));
    expect(largest, `${what} is ${seen.join()} instead of ${color.join()}`).toBeLessThanOrEqual(tolerance(color[3]));
  }
}

/** The pictures of the first frame by each capture, in their order. */
async function firstPictures(html: string, captures: readonly CaptureToOpen[]): Promise<StraightPicture[]> {
  await using open = await openCaptures(await folder.page(html), size, 10, captures);
  const pictures: StraightPicture[] = [];
  for (const session of open.sessions) pictures.push(...(await readPictures(session, { start: 0, end: 1 }, size)));
  return pictures;
}

describe("a page that leaves much of itself transparent", () => {
  let open: OpenCaptures;
  const captures: readonly CaptureToOpen[] = [painted, begun, shot];
  const pictures = new Map<string, StraightPicture>();

  beforeAll(async () => {
    open = await openCaptures(await folder.page(`<!doctype html>${boxes}`, "boxes.html"), size, 10, captures);
    for (const [at, session] of open.sessions.entries()) {
      const [picture] = await readPictures(session, { start: 0, end: 1 }, size);
      pictures.set(captures[at]!.capture.name, picture!);
    }
  });
  afterAll(async () => {
    await open[Symbol.asyncDispose]();
  });

  describe.each(captures.map(({ capture }) => capture.name))("by %s", (name) => {
    it("has the colours and the alpha that its author wrote, straight", () => {
      expectColors(pictures.get(name)!);
    });

    it("has letters that fade at their edges in their own colour", () => {
      const letters: readonly number[][] = pictures.get(name)!.pixelsIn({ x: 16, y: 80, width: 190, height: 30 });
      const inked: number[][] = letters.filter(([, , , alpha]) => alpha! > 0);
      expect(inked.filter(([, , , alpha]) => alpha === 255).length).toBeGreaterThan(50);
      const edges: number[][] = inked.filter(([, , , alpha]) => alpha! > 64 && alpha! < 192);
      expect(edges.length).toBeGreaterThan(50);
      for (const [red, green, blue, alpha] of inked)
        expect(Math.max(red!, Math.abs(green! - 100), blue!), `${[red, green, blue, alpha].join()}`).toBeLessThanOrEqual(tolerance(alpha!));
    });

    it("has a shadow that is black, and thinner the further out", () => {
      const below: readonly number[][] = pictures.get(name)!.pixelsIn({ x: 174, y: 56, width: 1, height: 24 });
      expect(below.map(([red, green, blue]) => red! + green! + blue!)).toEqual(below.map(() => 0));
      const alphas: number[] = below.map(([, , , alpha]) => alpha!);
      expect(alphas).toEqual(alphas.toSorted((a, b) => b - a));
      expect(alphas[0]).toBeGreaterThan(60);
      expect(alphas[0]).toBeLessThan(153);
      expect(alphas.at(-1)).toBe(0);
    });

    it("looks as a screenshot does, pixel by pixel", () => {
      const [seen, expected] = [pictures.get(name)!, pictures.get("screenshot")!];
      // Letters may lie a fraction of a pixel aside.
      expect(seen.largestDifference(expected, { x: 0, y: 0, width: 320, height: 80 })).toBeLessThanOrEqual(2);
      expect(seen.largestDifference(expected, { x: 0, y: 80, width: 320, height: 64 })).toBeLessThanOrEqual(16);
    });
  });

  it("is opaque and white below where alpha is not asked for", async () => {
    const opaque: readonly CaptureToOpen[] = captures.map((capture) => ({ ...capture, alpha: false }));
    for (const picture of await firstPictures(`<!doctype html>${boxes}`, opaque)) {
      expect(picture.pixelAt(2, 2)).toEqual([255, 255, 255, 255]);
      expect(picture.pixelAt(104, 40)).toEqual([0, 0, 255, 255]);
      expect(picture.pixelAt(40, 40)).toEqual([255, 127, 127, 255]);
      expect(picture.pixelsIn({ x: 0, y: 0, ...size }).every(([, , , alpha]) => alpha === 255)).toBe(true);
    }
  });

  it.each(["background: rgb(255, 255, 255)", "background: linear-gradient(#fff, #fff) fixed"])(
    "keeps a background of its own (%s)",
    async (style) => {
      for (const picture of await firstPictures(`<!doctype html><body style="${style}">${boxes}`, captures)) {
        expect(picture.pixelAt(2, 2)).toEqual([255, 255, 255, 255]);
        expect(picture.pixelAt(40, 40)).toEqual([255, 127, 127, 255]);
      }
    },
  );

  it.each([
    ["a style", "<style>:root { color-scheme: dark }</style>"],
    ["a meta tag", '<meta name="color-scheme" content="dark">'],
  ])("is as transparent in the dark colour scheme, by %s", async (_, head) => {
    // What the page takes for the reader's wish stays as it is.
    const asked = "<style>@media (prefers-color-scheme: dark) { #blue { background: rgb(255, 255, 0) !important } }</style>";
    for (const picture of await firstPictures(`<!doctype html>${head}${asked}${boxes}`, captures)) expectColors(picture);
  });
});

describe("a page that is one transparent canvas", () => {
  it.each([
    ["2d", drawn2d],
    ["WebGL", drawnWebGl],
  ])("keeps its alpha in every capture (%s)", async (_, html) => {
    const pictures: StraightPicture[] = await firstPictures(html, [read, painted, begun, shot]);
    expect(pictures.length).toBe(4);
    for (const picture of pictures) expectColors(picture);
  });

  it("is mixed with the colours that lie below it, half-transparent ones too", async () => {
    const over: string = drawn2d.replace("<canvas", '<body style="background: rgb(0 0 255 / .5)"><canvas');
    for (const picture of await firstPictures(over, [read, painted, shot])) {
      expect(picture.pixelAt(2, 2)).toEqual([0, 0, 255, 128]);
      // Red of alpha 128 over blue of alpha 128: alpha 192, of which the red takes two thirds.
      const mixed: readonly number[] = picture.pixelAt(40, 40);
      for (const [at, channel] of [170, 0, 85, 192].entries()) expect(Math.abs(mixed[at]! - channel), mixed.join()).toBeLessThanOrEqual(1);
    }
  });

  it("is white below where alpha is not asked for", async () => {
    const [picture] = await firstPictures(drawn2d, [{ ...read, alpha: false }]);
    expect(picture!.pixelAt(2, 2)).toEqual([255, 255, 255, 255]);
    expect(picture!.pixelAt(40, 40)).toEqual([255, 127, 127, 255]);
  });
});

describe("what moves on nothing", () => {
  const element = `<!doctype html><style>body { margin: 0 } div { position: absolute; width: 48px; height: 48px; background: rgba(255, 0, 0, .5) }</style>
    <div id="box"></div>
    <script>const show = (left) => { if (box.style.left !== left + "px") box.style.left = left + "px"; };`;
  const bitmap: string = drawn(`
    const context = document.querySelector("canvas").getContext("2d");
    const show = (left) => { context.reset(); context.fillStyle = "rgba(255, 0, 0, .5)"; context.fillRect(left, 0, 48, 48); };`).replace(
    "</script>",
    "",
  );

  it.each([
    ["an element", element, [painted, begun, shot]],
    ["a drawing on a canvas", bitmap, [read, painted, begun, shot]],
  ] as const)("leaves nothing behind, and frames that repeat are told (%s)", async (_, html, captures) => {
    const page: string = await folder.page(`${html} window.framewright = { duration: 1, seek: (t) => show(t < .15 ? 16 : 160) };</script>`);
    await using open = await openCaptures(page, size, 10, captures);
    const [red, nothing] = [
      [255, 0, 0, 128],
      [0, 0, 0, 0],
    ];
    for (const [at, session] of open.sessions.entries()) {
      const frames: StraightPicture[] = await readPictures(session, { start: 0, end: 4 }, size);
      const { name } = captures[at]!.capture;
      expect(
        frames.map(({ repeats }) => repeats),
        name,
      ).toEqual([false, true, false, true]);
      expect(
        frames.map((frame) => frame.pixelAt(40, 24)),
        name,
      ).toEqual([red, red, nothing, nothing]);
      expect(
        frames.map((frame) => frame.pixelAt(184, 24)),
        name,
      ).toEqual([nothing, nothing, red, red]);
    }
  });
});

describe("everything that a page can show, with nothing behind it", () => {
  const whole: Size = { width: 1280, height: 720 };
  let open: OpenCaptures;

  beforeAll(async () => {
    let html: string = await readFile(new URL("../pages/everything.html", import.meta.url), "utf8");
    for (const background of ["background: rgb(24, 28, 44)", '<div class="stripes"></div>', "background: rgba(0, 40, 80, .25)"]) {
      expect(html).toContain(background);
      html = html.replaceAll(background, "");
    }
    await runFfmpeg([
      ...["-f", "lavfi", "-i", "testsrc=size=180x180:rate=10:duration=1"],
      ...["-c:v", "libvpx", "-b:v", "1M", folder.path("clip.webm")],
    ]);
    open = await openCaptures(await folder.page(html, "everything.html"), whole, 10, [painted, begun, shot]);
  });
  afterAll(async () => {
    await open[Symbol.asyncDispose]();
  });

  it.each([0, 3, 6, 9])("is shown in frame %i as in a screenshot, within 16 of 255 in each block", async (index) => {
    const [fromPaint, fromFrames, fromScreen] = await Promise.all(open.sessions.map((session) => session.sample(index)));
    for (const seen of [fromPaint!, fromFrames!])
      expect(compareBlocks(seen, fromScreen!, whole)).toEqual({ largest: expect.any(Number) as number, box: null });
  });
});

describe("the check of a capture that keeps alpha", () => {
  let open: OpenCaptures;

  /** The outcome of the check of one open session against another. */
  function checked(session: CaptureSession, reference: CaptureSession): Promise<void> {
    const kept = { ...reference, sample: (index: number) => reference.sample(index), close: async () => {} } as CaptureSession;
    return new CaptureCheck(
      {
        capture: "checked",
        size,
        captureTimeoutMs: 60_000,
        signal: new AbortController().signal,
        contrastShare: 0,
        indices: [0],
        onChecked: () => {},
      },
      kept,
    ).first(session);
  }

  beforeAll(async () => {
    const captures: readonly CaptureToOpen[] = [painted, begun, shot, { ...painted, alpha: false }, { ...shot, alpha: false }];
    open = await openCaptures(await folder.page(`<!doctype html>${boxes}`, "boxes.html"), size, 10, captures);
  });
  afterAll(async () => {
    await open[Symbol.asyncDispose]();
  });

  it("passes right ones", async () => {
    const [fromPaint, fromFrames, fromScreen] = open.sessions as [CaptureSession, CaptureSession, CaptureSession];
    await checked(fromPaint, fromScreen);
    await checked(fromFrames, fromScreen);
  });

  it("notices white instead of nothing, in the whole picture", async () => {
    const [, , fromScreen, opaque, opaqueScreen] = open.sessions as CaptureSession[];
    const box = { x: 0, y: 0, ...size };
    for (const wrong of [opaque!, opaqueScreen!])
      await expect(checked(wrong, fromScreen!)).rejects.toMatchObject({ code: "capture-distrusted", details: { box } });
    await expect(checked(fromScreen!, opaque!)).rejects.toMatchObject({ code: "capture-distrusted", details: { box } });
  });

  it.each(["rgb(0, 0, 0)", "rgb(18, 18, 18)", "rgb(128, 128, 128)", "rgb(255, 255, 255)", "rgb(255 255 255 / .2)", "rgb(0 0 0 / .2)"])(
    "notices a fill of %s behind the page",
    async (background) => {
      const [fromPaint, , fromScreen] = open.sessions as [CaptureSession, CaptureSession, CaptureSession];
      const fill = (color: string): Promise<unknown> =>
        fromPaint.page.run(`document.querySelector("iframe").contentDocument.documentElement.style.background = "${color}"`);
      await fill(background);
      await expect(checked(fromPaint, fromScreen)).rejects.toMatchObject({ code: "capture-distrusted" });
      await fill("");
      await checked(fromPaint, fromScreen);
    },
  );

  it("compares the very pixels that are delivered", async () => {
    const [session] = open.sessions as [CaptureSession];
    const seen: Uint8Array[] = [];
    for await (const frame of session.read({ start: 0, end: 1 }, { sampleAt: [0], onSample: (_, { rgb }) => void seen.push(rgb) }))
      frame.close();
    const alone = await session.sample(0);
    expect(compareBlocks({ ...alone, rgb: seen[0]! }, alone, size)).toEqual({ largest: 0, box: null });
  });
});

describe("a format without alpha", () => {
  it.each([
    ["I420", painted],
    ["page", read],
    ["JPEG", { ...begun, capture: beginFrame({ format: "JPEG" }) }],
    ["JPEG", { ...shot, capture: screenshot({ format: "JPEG" }) }],
  ] as const)("is refused where alpha is to be kept (%s)", async (frameFormat, capture) => {
    const opening = openCaptures(await folder.page(`<!doctype html>${boxes}`), size, 10, [{ ...capture, frameFormat }]);
    await expect(opening).rejects.toThrow(
      new TypeError(`Frames in the format ${frameFormat} keep no alpha: ask for RGBA or PNG, or for alpha: false`),
    );
  });
});
