import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import { openCaptures } from "../support/open-captures.ts";
import { scratch, type Scratch } from "../support/render.ts";

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** What each capture says of a page with one canvas. */
async function drawsWebGl(script: string, more = ""): Promise<boolean[]> {
  const page: string = await folder.page(`<!doctype html><canvas></canvas>${more}
    <script>const canvas = document.querySelector("canvas"); ${script}; window.framewright = { duration: 1, seek() {} };</script>`);
  const captures = [
    { capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "RGBA" },
    { capture: screenshot(), frameFormat: "PNG" },
  ] as const;
  await using open = await openCaptures(page, { width: 320, height: 180 }, 10, captures);
  return open.sessions.map(({ facts }) => facts.drawsWebGl);
}

describe("a page draws with WebGL", () => {
  it.each([
    ["which got a context of WebGL 1", "canvas.getContext('webgl')", ""],
    ["which got one of WebGL 2, with attributes", "canvas.getContext('webgl2', { alpha: false })", ""],
    ["which draws to an OffscreenCanvas", "new OffscreenCanvas(8, 8).getContext('webgl')", ""],
    ["which got it from a timer, while it loaded", "setTimeout(() => canvas.getContext('webgl'), 0)", ""],
    [
      "whose frame did",
      "",
      `<iframe srcdoc="<canvas></canvas><script>document.querySelector('canvas').getContext('webgl')</script>"></iframe>`,
    ],
  ])("%s", async (_, script, more) => {
    expect(await drawsWebGl(script, more)).toEqual([true, true]);
  });
});

describe("a page does not draw with WebGL", () => {
  it.each([
    ["whose canvas is 2D", "canvas.getContext('2d')"],
    ["whose canvas has no context", ""],
    ["which asked for one and got none", "canvas.getContext('2d'); canvas.getContext('webgl')"],
    ["which asked for one in vain", "canvas.getContext('webgpu-of-tomorrow')"],
  ])("%s", async (_, script) => {
    expect(await drawsWebGl(script)).toEqual([false, false]);
  });
});
