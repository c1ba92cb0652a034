import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtInParts, render, type Capture, type RenderJob, type RenderParts, type RenderResult } from "../../src/node/index.ts";
import { boxAverage } from "../support/block-pictures.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames } from "../support/video-frames.ts";

const size = { width: 320, height: 180 } as const;
const red = `<svg xmlns="http://www.w3.org/2000/svg" width="160" height="160"><rect width="160" height="160" fill="rgb(200,30,40)"/></svg>`;

let folder: Scratch;
let server: Server;
let port = 0;

/** A page that refuses to be framed, redirects, and shows a picture of another origin. */
function respond(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (pathname === "/moved") {
    response.writeHead(302, { location: `http://localhost:${port}/plain` }).end();
    return;
  }
  if (pathname === "/red.svg") {
    response.setHeader("content-type", "image/svg+xml").end(red);
    return;
  }
  response.setHeader("content-type", "text/html");
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("content-security-policy", "frame-ancestors 'none'; object-src 'none'");
  const url = `http://localhost:${port}/red.svg`;
  const pictures: Readonly<Record<string, string>> = {
    "/cross": `<img src="${url}">`,
    // Inside a drawing, where nobody looks for it.
    "/hidden": `<svg width="160" height="160" style="display:block"><image href="${url}" width="160" height="160" /></svg>`,
  };
  const picture: string = pictures[pathname] ?? "";
  response.end(`<!doctype html><body style="margin:0;background:#123">${picture}<div id="box" style="position:absolute;top:10px;width:40px;height:40px;background:#fa0"></div>
    <script>window.framewright = { duration: 0.5, seek(t) { box.style.left = t * 300 + "px"; } }</script>`);
}

beforeAll(async () => {
  folder = await scratch();
  server = createServer(respond);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await folder[Symbol.asyncDispose]();
});

function renderPage(page: string, job: Partial<RenderJob> = {}, parts: Partial<RenderParts> = {}): Promise<RenderResult> {
  return render({ page, output: folder.path("video.mp4"), ...size, frameRate: 20, encoder: "ffmpeg-pipe", ...job }, { parts });
}

describe("a page on a server", () => {
  test("is captured by HTML-in-canvas, though its headers forbid framing", async () => {
    const result = await renderPage(`http://127.0.0.1:${port}/plain`);
    expect(result).toMatchObject({ plan: { capture: "html-in-canvas" }, frames: 10, fallbacks: [] });
  });

  test("may redirect to another origin", async () => {
    const result = await renderPage(`http://127.0.0.1:${port}/moved`);
    expect(result).toMatchObject({ plan: { capture: "html-in-canvas" }, frames: 10, fallbacks: [] });
  });

  test("may have a plain http origin that is not local, where nothing is a secure context by itself", async () => {
    const resolve = (capture: Capture): Capture => ({
      ...capture,
      traits: { ...capture.traits, browserFlags: [...capture.traits.browserFlags, "--host-resolver-rules=MAP far.test 127.0.0.1"] },
    });
    const captures = builtInParts().captures.map(resolve);
    const result = await renderPage(`http://far.test:${port}/plain`, {}, { captures });
    expect(result).toMatchObject({ plan: { capture: "html-in-canvas" }, frames: 10, fallbacks: [] });
    // The private file system is closed to it, unless the browser follows the flag that names the origin.
    expect(["ring-file", "websocket"]).toContain(result.transport);
    const inPage = await renderPage(`http://far.test:${port}/plain`, { encoder: "webcodecs" }, { captures });
    expect(inPage).toMatchObject({ plan: { encoder: "webcodecs" }, frames: 10 });
  });
});

describe("a picture of another origin", () => {
  test("sends the page to a capture that shows it", async () => {
    const result = await renderPage(`http://127.0.0.1:${port}/cross`);
    expect(result).toMatchObject({ plan: { capture: "begin-frame" }, frames: 10, fallbacks: [] });
    const picture = `http://localhost:${port}/red.svg`;
    expect(result.plan.rejected).toContainEqual({
      part: "html-in-canvas",
      role: "capture",
      kind: "unsuitable",
      reasons: [`it leaves out content of other origins: ${picture}; crossOrigin: "paint" shows it`],
    });
    expect(await redFrames()).toBe(10);
  });

  test("is refused to a capture that leaves it out, with the way to show it", async () => {
    const rendering = renderPage(`http://127.0.0.1:${port}/cross`, { capture: "html-in-canvas" });
    await expect(rendering).rejects.toMatchObject({
      code: "plan-impossible",
      message: expect.stringContaining('crossOrigin: "paint" shows it') as string,
    });
  });

  test("is noticed to be missing where the page does not tell of it", async () => {
    const result = await renderPage(`http://127.0.0.1:${port}/hidden`);
    expect(result.plan.capture).toBe("begin-frame");
    expect(result.fallbacks).toMatchObject([
      { part: "html-in-canvas", reason: expect.stringContaining("160×160 pixels at 0,0") as string },
    ]);
    expect(await redFrames()).toBe(10);
  });

  test("is painted by HTML-in-canvas where the job allows it", async () => {
    const result = await renderPage(`http://127.0.0.1:${port}/cross`, { crossOrigin: "paint" });
    expect(result).toMatchObject({ plan: { capture: "html-in-canvas" }, fallbacks: [] });
    expect(await redFrames()).toBe(10);
  });
});

/** How many frames of the video show the picture. */
async function redFrames(): Promise<number> {
  const frames: Uint8Array[] = await decodeFrames(folder.path("video.mp4"), size, "rgb24");
  return frames.filter((frame) => {
    const [red, green, blue] = boxAverage(frame, size, 3, { x: 16, y: 64, width: 64, height: 64 });
    return Math.abs(red! - 200) < 8 && Math.abs(green! - 30) < 8 && Math.abs(blue! - 40) < 8;
  }).length;
}
