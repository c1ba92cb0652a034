import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderJob } from "../../src/core/job.ts";
import { render } from "../../src/node/render.ts";
import { movingPage } from "../support/failing-pages.ts";
import { expectCleanFailure, ownTemporaryFolder, type ExpectedFailure } from "../support/failures.ts";
import { scratch, type Scratch } from "../support/render.ts";

/** Pages that nobody wrote for a renderer, and that misbehave: each ends in a clear error or warning within its limit. */

const size = { width: 320, height: 180 } as const;
/** For what never comes. On a busy machine, too, the page has asked for it by then. */
const LIMIT_MS = 4_000;
let temporaryFolder: AsyncDisposable;
let folder: Scratch;
/** Takes every connection and never answers. */
let silence: Server;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
  folder = await scratch();
  silence = createServer(() => {});
  await new Promise<void>((resolve) => silence.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  silence.closeAllConnections();
  silence.close();
  await folder[Symbol.asyncDispose]();
  await temporaryFolder[Symbol.asyncDispose]();
});

const silent = (name: string): string => `http://127.0.0.1:${(silence.address() as AddressInfo).port}/${name}`;
const plain = (body: string): string => `<!doctype html><meta charset="utf-8"><body>${body}`;

async function fails(html: string, expected: ExpectedFailure, job: Partial<RenderJob> = {}): Promise<void> {
  await using place = await scratch();
  const page: string = await place.page(html);
  await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), readinessTimeoutMs: LIMIT_MS, ...job }, expected);
}

/** Renders a page that is faulty and can be rendered, and gives what was warned of. */
async function warnings(html: string, job: Partial<RenderJob> = {}): Promise<readonly string[]> {
  const page: string = await folder.page(html);
  const result = await render({ ...size, page, output: folder.path("video.mp4"), duration: 0.2, readinessTimeoutMs: 5_000, ...job });
  expect(result.facts.frameCount).toBe(6);
  return result.warnings;
}

describe("a page that cannot be rendered", () => {
  it("only has animations that never end", () =>
    fails(plain("<style>@keyframes turn { to { rotate: 1turn } } p { animation: turn 1s infinite }</style><p>Round and round"), {
      code: "page-not-ready",
      says: [`${LIMIT_MS} ms`, "how long the video is", "an animation that ends"],
      started: ["browser"],
    }));

  it("says that it never ends", () =>
    fails(movingPage({ duration: "Infinity" }), { code: "duration-invalid", says: ["Infinity", "--duration"], started: ["browser"] }));

  it("has a script that never ends while it loads", () =>
    fails(plain("<script>while (true);</script>"), {
      code: "page-not-ready",
      says: ["its scripts to end", "readinessTimeoutMs"],
      started: ["browser"],
    }));

  it("has an animation frame that never ends", () =>
    fails(
      plain("<script>requestAnimationFrame(function draw(t) { if (t > 300) while (true); requestAnimationFrame(draw); });</script>"),
      { code: "capture-stalled", says: ["1000 ms", "captureTimeoutMs"] },
      { duration: 1, captureTimeoutMs: 1_000 },
    ));

  it("rejects its own ready promise", () =>
    fails(plain('<script>window.framewright = { duration: 1, ready: Promise.reject(new Error("no data for you")) };</script>'), {
      code: "page-failed",
      says: ["no data for you", "Open it in a browser"],
      started: ["browser"],
    }));

  it("never keeps its own ready promise", () =>
    fails(plain("<script>window.framewright = { duration: 1, ready: () => new Promise(() => {}) };</script>"), {
      code: "page-not-ready",
      says: ["window.framewright.ready", `${LIMIT_MS} ms`],
      started: ["browser"],
    }));

  it("throws in its seek at frame 100", () =>
    fails(movingPage({ duration: "5", onSeek: 'if (frame === 100) throw new Error("no such scene");' }), {
      code: "seek-failed",
      says: ["frame 100", "no such scene", "Mend the page's seek"],
      details: { index: 100 },
    }));

  it("goes to another page in the middle", async () => {
    const html: string = movingPage({ duration: "5", onSeek: 'if (frame === 20) location.href = "data:text/html,elsewhere";' });
    // Browsers forbid that very address to frames and to scripts alike; an ordinary one is followed.
    await using place = await scratch();
    await place.page(plain("Elsewhere"), "elsewhere.html");
    const page: string = await place.page(html.replace("data:text/html,elsewhere", "elsewhere.html"));
    await expectCleanFailure({ ...size, page, output: place.path("video.mp4") }, { code: "page-navigated", says: ["elsewhere.html"] });
  });

  it("has a font that never comes", () =>
    fails(
      plain(`<style>@font-face { font-family: Late; src: url(${silent("late.woff2")}) } p { font-family: Late }</style><p>Text`),
      { code: "page-not-ready", says: ['the font "Late"', silent("late.woff2")], started: ["browser"] },
      { duration: 1 },
    ));

  it("has a picture that never comes", () =>
    fails(
      plain(`<img src="${silent("late.png")}">`),
      { code: "page-not-ready", says: [silent("late.png"), `${LIMIT_MS} ms`], started: ["browser"] },
      { duration: 1 },
    ));

  it("has a background that never comes", () =>
    fails(
      plain(`<style>.later { background-image: url(${silent("background.png")}) }</style>`),
      { code: "page-not-ready", says: [silent("background.png")], started: ["browser"] },
      { duration: 1 },
    ));

  it("is rendered strictly, and has a picture that is not there", () =>
    fails(
      plain('<img src="missing.png">'),
      { code: "warning-raised", says: ["missing.png", "--strict"], started: "any" },
      { duration: 1, strict: true },
    ));
});

describe("a page that can be rendered, with a warning", () => {
  it("opens dialogs at load and in the middle", async () => {
    const seen = await warnings(plain("<script>alert('Hello'); setTimeout(() => confirm('Really?'), 100);</script>"));
    expect(seen).toEqual([expect.stringContaining('alert("Hello")'), expect.stringContaining('confirm("Really?")')]);
  });

  it("has pictures, sheets, fonts and media that are not there", async () => {
    const seen = await warnings(
      plain(`<link rel="stylesheet" href="gone.css"><style>@font-face { font-family: Gone; src: url(gone.woff2) } p { background: url(gone.png); font-family: Gone }</style>
      <p>Text</p><img src="gone.jpg"><video src="gone.mp4"></video><audio><source src="gone.mp3"></audio>`),
    );
    for (const name of ["gone.css", "gone.woff2", "gone.png", "gone.jpg", "gone.mp4", "gone.mp3"])
      expect(
        seen.filter((warning) => warning.includes(name)),
        name,
      ).toHaveLength(1);
  });

  it("throws in a timer and in an animation frame, and goes on", async () => {
    const seen = await warnings(
      plain(`<script>
        setTimeout(() => { throw new Error("in a timer"); }, 50);
        requestAnimationFrame(() => { throw new TypeError("in a frame"); });
      </script>`),
    );
    expect(seen).toEqual([expect.stringContaining("TypeError: in a frame"), expect.stringContaining("Error: in a timer")]);
  });

  it("asks a server that never answers", async () => {
    const seen = await warnings(plain(`<script>fetch("${silent("data.json")}", { mode: "no-cors" });</script>`), {
      readinessTimeoutMs: LIMIT_MS,
    });
    expect(seen).toEqual([expect.stringContaining(silent("data.json"))]);
  });

  it("has a meta tag that is not understood", async () => {
    const seen = await warnings(plain('<meta name="framewright" content="duraton=3, fps">'));
    expect(seen).toEqual([expect.stringContaining('"duraton=3"'), expect.stringContaining('"fps"')]);
  });
});
