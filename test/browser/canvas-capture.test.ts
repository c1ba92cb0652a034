import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderJob } from "../../src/core/job.ts";
import { openPageAddress, render, type RenderResult } from "../../src/node/index.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { boxAverage } from "../support/block-pictures.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames } from "../support/video-frames.ts";

/** Pages that are one canvas, which is read directly. Every picture is compared with screenshots on its way. */

const pages: string = fileURLToPath(new URL("../pages/", import.meta.url));
const size = { width: 320, height: 180 } as const;
let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** A page with one canvas; the script has `canvas`, and defines `draw(t)`. */
function canvasPage(script: string, { canvas = `width="320" height="180"`, style = "" } = {}): string {
  return `<!doctype html>
<style>body { margin: 0; background: rgb(0, 0, 160) } canvas { display: block; width: 320px; height: 180px } ${style}</style>
<canvas ${canvas}></canvas>
<script>
  const canvas = document.querySelector("canvas");
  ${script}
  window.framewright = { duration: 1, seek: draw };
</script>`;
}

async function renderPage(html: string, job: Partial<RenderJob> = {}): Promise<RenderResult> {
  const page: string = await folder.page(html);
  return render({ page, output: folder.path("video.mp4"), ...size, frameRate: 10, ...job });
}

/** The colours of a box in each frame, rounded to tens: encoders smear a little. */
async function colorsAt(x: number, y: number): Promise<string[]> {
  const frames: Uint8Array[] = await decodeFrames(folder.path("video.mp4"), size, "rgb24");
  return frames.map((frame) =>
    boxAverage(frame, size, 3, { x: x - 8, y: y - 8, width: 16, height: 16 })
      .map((channel) => Math.round(channel / 10) * 10)
      .join(),
  );
}

describe("a page that is one canvas", () => {
  it.each([
    ["2d", "ffmpeg-pipe"],
    ["2d", "webcodecs"],
    ["webgl", "ffmpeg-pipe"],
    ["webgl", "webcodecs"],
  ])("gives each frame its own picture (%s, %s)", async (by, encoder) => {
    await using address = await openPageAddress(`${pages}bar-code-canvas.html`);
    const output: string = folder.path("codes.mp4");
    const page = `${address.url}?rate=30&by=${by}`;
    const result = await render({ page, output, ...barCodeSize, frameRate: 30, duration: 2, encoder });
    expect(result).toMatchObject({ plan: { capture: "canvas" }, frames: 60, repeats: 0, fallbacks: [], checks: { comparisons: 5 } });
    const frames: Uint8Array[] = await decodeFrames(output, barCodeSize, "gray");
    expect(frames.map(readBarCode)).toEqual(Array.from({ length: 60 }, (_, index) => index));
  });

  it("is read right after an animation frame of its own, though WebGL then drops its buffer", async () => {
    const result = await renderPage(
      `<!doctype html>
      <style>body { margin: 0; background: rgb(0, 0, 160) } canvas { display: block }</style>
      <canvas width="320" height="180"></canvas>
      <script>
        const gl = document.querySelector("canvas").getContext("webgl");
        requestAnimationFrame(function draw(now) {
          gl.clearColor(now / 1000, 0, 0, 1);
          gl.clear(gl.COLOR_BUFFER_BIT);
          requestAnimationFrame(draw);
        });
      </script>`,
      { duration: 1 },
    );
    expect(result).toMatchObject({ plan: { capture: "canvas" }, fallbacks: [] });
    const reds: number[] = (await colorsAt(160, 90)).map((color) => Number(color.split(",")[0]));
    expect(reds).toEqual(reds.toSorted((a, b) => a - b));
    expect(new Set(reds).size).toBe(10);
    expect(await colorsAt(160, 90)).toContainEqual(expect.stringMatching(/,0,0$/));
  });

  it("tells frames that repeat by their bytes", async () => {
    const result = await renderPage(
      canvasPage(`const context = canvas.getContext("2d");
      function draw(t) { context.fillStyle = t < 0.45 ? "#a00" : "#0a0"; context.fillRect(0, 0, 320, 180); }`),
    );
    expect(result).toMatchObject({ plan: { capture: "canvas" }, frames: 10, repeats: 8 });
  });

  it("shows the page's colour where it is transparent, and mixes with it", async () => {
    const result = await renderPage(
      canvasPage(`const context = canvas.getContext("2d");
      function draw(t) {
        context.clearRect(0, 0, 320, 180);
        context.fillStyle = "rgb(200 0 0 / .5)";
        context.fillRect(0, 0, 160, 180);
      }`),
    );
    expect(result).toMatchObject({ plan: { capture: "canvas" }, fallbacks: [] });
    expect(new Set(await colorsAt(80, 90))).toEqual(new Set(["100,0,80"]));
    expect(new Set(await colorsAt(240, 90))).toEqual(new Set(["0,0,160"]));
  });

  it.each([
    ["smaller", 80, 45],
    ["larger", 640, 360],
  ])("is scaled where its bitmap is %s than its box", async (_, width, height) => {
    const result = await renderPage(
      canvasPage(
        `const context = canvas.getContext("2d");
        function draw(t) {
          context.fillStyle = "rgb(0, 160, 0)";
          context.fillRect(0, 0, ${width}, ${height});
          context.fillStyle = "rgb(200, 0, 0)";
          context.fillRect(${width / 2}, 0, ${width / 2}, ${height});
        }`,
        { canvas: `width="${width}" height="${height}"` },
      ),
    );
    expect(result).toMatchObject({ plan: { capture: "canvas" }, fallbacks: [] });
    expect(new Set(await colorsAt(120, 90))).toEqual(new Set(["0,160,0"]));
    expect(new Set(await colorsAt(200, 90))).toEqual(new Set(["200,0,0"]));
  });

  it.each([
    ["is drawn to by a worker or an OffscreenCanvas", `const context = canvas.transferControlToOffscreen().getContext("2d");`, ""],
    ["lies over a gradient", `const context = canvas.getContext("2d");`, "body { background: linear-gradient(#00a, #00a) }"],
  ])("is left to other captures where it %s", async (_, context, style) => {
    const result = await renderPage(
      canvasPage(`${context} function draw(t) { context.fillStyle = "rgb(200, 0, 0)"; context.fillRect(0, 0, 320, 180); }`, { style }),
    );
    expect(result.plan.capture).not.toBe("canvas");
    expect(result.fallbacks.map(({ part }) => part)).toContain("canvas");
    expect(new Set(await colorsAt(160, 90))).toEqual(new Set(["200,0,0"]));
  });

  it("is left to other captures once something else comes on the page", async () => {
    const result = await renderPage(
      canvasPage(`const context = canvas.getContext("2d");
      const badge = Object.assign(document.createElement("div"), { style: "position:absolute;left:0;top:0;width:60px;height:60px;background:rgb(0,200,0)" });
      function draw(t) {
        context.fillStyle = "rgb(200, 0, 0)";
        context.fillRect(0, 0, 320, 180);
        if (t > .35 && t < .55) document.body.append(badge); else badge.remove();
      }`),
    );
    // In frames 4 and 5 of 10: none of those that are compared.
    expect(result.plan.capture).toBe("html-in-canvas");
    expect(await colorsAt(30, 30)).toEqual(Array.from({ length: 10 }, (_, index) => (index === 4 || index === 5 ? "0,200,0" : "200,0,0")));
  });
});

describe("a canvas that shows a picture of another origin", () => {
  let server: Server;
  const red = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180"><rect width="320" height="180" fill="rgb(200,0,0)"/></svg>`;

  beforeAll(async () => {
    server = createServer((_, response) => response.setHeader("content-type", "image/svg+xml").end(red));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(["omit", "paint"] as const)("is shown (crossOrigin: %s)", async (crossOrigin) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/red.svg`;
    const result = await renderPage(
      canvasPage(`const context = canvas.getContext("2d"), picture = new Image();
      picture.src = "${url}";
      const loaded = picture.decode();
      async function draw(t) { await loaded; context.drawImage(picture, 0, 0); }`),
      { crossOrigin },
    );
    // A page may read nothing of a canvas that holds such a picture.
    expect(result.plan.capture === "canvas").toBe(crossOrigin === "paint");
    expect(new Set(await colorsAt(160, 90))).toEqual(new Set(["200,0,0"]));
  });
});
