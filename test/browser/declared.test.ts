import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderJob } from "../../src/core/job.ts";
import type { RenderResult } from "../../src/core/result.ts";
import { render } from "../../src/node/render.ts";
import { scratch, type Scratch } from "../support/render.ts";

/** Size, duration and rate: the job's, else the page's, else what is usual; and the result says which. */

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function rendered(head: string, body: string, job: Partial<RenderJob> = {}): Promise<RenderResult> {
  const page: string = await folder.page(`<!doctype html><html lang="en"><head><meta charset="utf-8">${head}</head>${body}</html>`);
  return render({ page, output: folder.path("video.mp4"), quality: { preset: "ultrafast" }, ...job });
}

const thirty = { numerator: 30, denominator: 1 };
const animated = "<style>@keyframes go { to { opacity: 0 } } p { animation: go 0.5s 0.25s }</style>";

describe("a page says what it is", () => {
  it("by its meta tag", async () => {
    const { video, facts } = await rendered(
      '<meta name="framewright" content="width=216, height=384, fps=12, duration=0.5">',
      "<body>Portrait",
    );
    expect(video).toEqual({
      size: { value: { width: 216, height: 384 }, by: "meta" },
      frameRate: { value: { numerator: 12, denominator: 1 }, by: "meta" },
      durationSeconds: { value: 0.5, by: "meta" },
      frameCount: 6,
    });
    expect(facts).toMatchObject({ size: { width: 216, height: 384 }, frameCount: 6 });
  });

  it("by its script, before anything else on the page", async () => {
    const { video } = await rendered(
      '<meta name="framewright" content="width=640, height=360, fps=12, duration=9">',
      '<body data-duration="7"><script>window.framewright = { width: 320, height: 180, fps: "30000/1001", duration: 0.2 };</script>',
    );
    expect(video).toEqual({
      size: { value: { width: 320, height: 180 }, by: "contract" },
      frameRate: { value: { numerator: 30000, denominator: 1001 }, by: "contract" },
      durationSeconds: { value: 0.2, by: "contract" },
      frameCount: 6,
    });
  });

  it("by data attributes, and by the end of its animations", async () => {
    const { video } = await rendered(animated, '<body data-width="320" data-height="180" data-fps="24"><p>Fading');
    expect(video).toEqual({
      size: { value: { width: 320, height: 180 }, by: "attributes" },
      frameRate: { value: { numerator: 24, denominator: 1 }, by: "attributes" },
      durationSeconds: { value: 0.75, by: "animations" },
      frameCount: 18,
    });
  });

  it("and the job counts before it", async () => {
    const { video } = await rendered('<meta name="framewright" content="width=640, height=360, fps=12, duration=9">', "<body>", {
      width: 320,
      height: 180,
      frameRate: 30,
      duration: 0.1,
    });
    expect(video).toEqual({
      size: { value: { width: 320, height: 180 }, by: "job" },
      frameRate: { value: thirty, by: "job" },
      durationSeconds: { value: 0.1, by: "job" },
      frameCount: 3,
    });
  });

  it("and where nobody says, it is what is usual", async () => {
    const { video, seed } = await rendered("", "<body>", { duration: 0.1 });
    expect(video).toMatchObject({
      size: { value: { width: 1920, height: 1080 }, by: "default" },
      frameRate: { value: thirty, by: "default" },
    });
    expect(seed).toBe(0);
  });

  it("and one that can be no video is refused with its values", async () => {
    const refused = (content: string) => rendered(`<meta name="framewright" content="${content}">`, "<body>");
    await expect(refused("width=321, height=180, duration=1")).rejects.toMatchObject({
      code: "size-invalid",
      message: expect.stringContaining("321×180"),
    });
    await expect(refused("fps=often, duration=1")).rejects.toMatchObject({
      code: "frame-rate-invalid",
      message: expect.stringContaining("often"),
    });
    await expect(refused("duration=-3")).rejects.toMatchObject({ code: "duration-invalid", message: expect.stringContaining("-3") });
  });
});

describe("a page that is waited for", () => {
  it("may tell its duration after timers, animation frames and answers of its server", async () => {
    await folder.page('{ "seconds": 0.3 }', "data.json");
    const late = `<body><script>
      setTimeout(() => requestAnimationFrame(async () => {
        const { seconds } = await (await fetch("data.json")).json();
        window.framewright = { duration: seconds, seek() {} };
      }), 200);
    </script>`;
    const { video } = await rendered("", late, { width: 320, height: 180 });
    expect(video.durationSeconds).toEqual({ value: 0.3, by: "contract" });
  });

  it.each([
    ["a script", '<script>location.replace("ahead.html");</script>'],
    ["a meta tag", '<meta http-equiv="refresh" content="0; url=ahead.html">'],
    ["its load event", '<script>onload = () => { location.href = "ahead.html"; };</script>'],
  ])("may be redirected by %s", async (_, redirect) => {
    await folder.page('<!doctype html><meta name="framewright" content="width=320, height=180, duration=0.2"><body>Ahead', "ahead.html");
    const { video, fallbacks } = await rendered(redirect, "<body>Behind");
    expect(video.size).toEqual({ value: { width: 320, height: 180 }, by: "meta" });
    expect(fallbacks).toEqual([]);
  });

  it("is not begun before its own promise is kept", async () => {
    const { video } = await rendered(
      "",
      `<body><script>
        window.framewright = { width: 320, height: 180, ready: new Promise((resolve) => setTimeout(() => {
          window.framewright.duration = 0.2;
          resolve();
        }, 100)) };
      </script>`,
    );
    expect(video.durationSeconds).toEqual({ value: 0.2, by: "contract" });
  });
});

describe("an author's adapter", () => {
  const adapter = `{
    name: "counter",
    discover: ({ windows }) => windows[0].counter !== undefined,
    seek: ({ seconds }) => { counter.textContent = seconds.toFixed(2); seen.push(seconds); },
    duration: () => 0.2,
  }`;
  const body = '<body data-width="320" data-height="180"><p id="counter">none</p><script>const seen = [];</script>';

  it("comes with the job", async () => {
    const { video, frames, repeats } = await rendered("", body, { adapters: [adapter] });
    expect(video.durationSeconds).toEqual({ value: 0.2, by: "animations" });
    expect({ frames, repeats }).toEqual({ frames: 6, repeats: 0 });
  });

  it("comes with the page", async () => {
    const { video, repeats } = await rendered("", `${body}<script>window.framewright = { adapters: [${adapter}] };</script>`);
    expect(video.durationSeconds).toEqual({ value: 0.2, by: "animations" });
    expect(repeats).toBe(0);
  });

  it("that is no JavaScript is refused before anything starts", async () => {
    await expect(rendered("", body, { adapters: ["{ name: }"] })).rejects.toMatchObject({
      code: "job-invalid",
      message: expect.stringContaining("adapters.0"),
    });
  });
});
