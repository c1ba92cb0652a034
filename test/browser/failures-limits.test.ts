import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderJob } from "../../src/core/job.ts";
import type { RenderResult } from "../../src/core/result.ts";
import { render } from "../../src/node/render.ts";
import { movingPage } from "../support/failing-pages.ts";
import { expectCleanFailure, ownTemporaryFolder, type ExpectedFailure } from "../support/failures.ts";
import { scratch } from "../support/render.ts";

/** What a page may consume: time, memory, disk, warnings. Each limit ends the render, or holds, whatever the page does. */

const size = { width: 320, height: 180 } as const;
/** A tone from the first frame to the last: only a run through all frames tells what is heard. */
const TONE = "const audio = new AudioContext(); const tone = new OscillatorNode(audio); tone.connect(audio.destination); tone.start();";
/** The page that pictures are compared with is a top window, that of the capture a frame. */
const IN_REFERENCE = "window === top";

let temporaryFolder: AsyncDisposable;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
});
afterAll(() => temporaryFolder[Symbol.asyncDispose]());

async function fails(html: string, expected: ExpectedFailure, job: Partial<RenderJob> = {}): Promise<void> {
  await using place = await scratch();
  const page: string = await place.page(html);
  await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), captureTimeoutMs: 2_000, ...job }, expected);
}

async function renders(html: string, job: Partial<RenderJob> = {}): Promise<RenderResult> {
  await using place = await scratch();
  const page: string = await place.page(html);
  return await render({ ...size, page, output: place.path("video.mp4"), duration: 0.2, ...job });
}

describe("a page that never answers", () => {
  const analysed: ExpectedFailure = {
    code: "capture-stalled",
    says: ["2000 ms", "its sound was analysed", "captureTimeoutMs"],
    started: "any",
  };

  it("loops in a seek while its sound is analysed", () =>
    fails(movingPage({ duration: "1", onLoad: TONE, onSeek: `if (${IN_REFERENCE} && frame === 5) for (;;);` }), analysed));

  it("never resolves a seek while its sound is analysed", () =>
    fails(
      movingPage({ duration: "1", onLoad: TONE, onSeek: `if (${IN_REFERENCE} && frame === 5) return new Promise(() => {});` }),
      analysed,
    ));

  it("loops in the reference page alone", () =>
    fails(
      movingPage({ duration: "1", onSeek: `if (${IN_REFERENCE} && frame > 0) for (;;);` }),
      { code: "capture-stalled", says: ["reference page gave no frame", "2000 ms"], started: "any" },
      { capture: "html-in-canvas" },
    ));

  it("takes longer than the timeout to be listened to, and makes progress", async () => {
    const slow = `if (${IN_REFERENCE}) { const until = performance.timeOrigin; return new Promise((resolve) => { const { port1, port2 } = new MessageChannel(); let turns = 0; port1.onmessage = () => (++turns < 4_000 ? port2.postMessage(0) : resolve()); port2.postMessage(0); }); }`;
    const { sound, frames } = await renders(movingPage({ duration: "1", onLoad: TONE, onSeek: slow }), {
      duration: 1,
      captureTimeoutMs: 3_000,
    });
    expect(frames).toBe(30);
    expect(sound).toMatchObject({ recordings: 1, sampleCount: 48_000 });
  });
});

describe("a video that would not end", () => {
  it("is refused where the page says so, before anything is allocated", () =>
    fails(
      movingPage({ duration: "1e12" }),
      { code: "limit-exceeded", says: ["1000000000000000 frames", "limits.maxFrames"], started: ["browser"] },
      {
        frameRate: 1000,
      },
    ));

  it("is refused where the job says so, before a browser is started", () =>
    fails(
      movingPage(),
      { code: "limit-exceeded", says: ["limits.maxFrames allows 10000000"], started: [] },
      { frameRate: 1000, duration: 1e12 },
    ));

  it("ends after limits.maxSeconds, and leaves nothing", () =>
    fails(
      movingPage({ duration: "60", onSeek: "if (frame > 3) return new Promise(() => {});" }),
      { code: "limit-exceeded", says: ["longer than 5 seconds", "limits.maxSeconds allows 5"], started: "any" },
      { captureTimeoutMs: 100_000, limits: { maxSeconds: 5 } },
    ));
});

describe("a page that reports sound", () => {
  /** Takes the place of our functions in the reference page. */
  const lying = (answer: string): string =>
    movingPage({
      duration: "1",
      onLoad: `${TONE} if (${IN_REFERENCE}) { let ours; Object.defineProperty(window, "__framewright", { get: () => ours, set(given) { ours = { ...given, ${answer} }; } }); }`,
    });
  const clip =
    "{ source: location.href, start: 0, duration: 1, mediaStart: 0, playbackRate: 1e12, preservesPitch: true, loopFrom: null, gain: [] }";

  it("cannot have it mixed at a rate of 1e12", () =>
    fails(lying(`listen: async () => ({ clips: [${clip}], pieces: 0 })`), {
      code: "page-failed",
      says: ["playbackRate of clip 0", "1000000000000"],
      started: "any",
    }));

  it("cannot have it taken in 1e9 pieces", () =>
    fails(lying("listen: async () => ({ clips: [], pieces: 1e9 })"), {
      code: "page-failed",
      says: ["pieces is 1000000000"],
      started: "any",
    }));

  it("cannot say for ever that it got on", () =>
    fails(lying("listen: async () => ({ heardFrames: 1 })"), {
      code: "page-failed",
      says: ["listened to 1 of 30 frames"],
      started: "any",
    }));
});

describe("a page that raises 300,000 warnings", () => {
  const flood = "if (frame === 2) for (let at = 0; at < 300_000; at++) __framewrightWarn(`warning ${at} ${'x'.repeat(600)}`);";

  it("has 100 of them in the result, shortened, and a count of the others", async () => {
    const { warnings } = await renders(movingPage({ duration: "0.2", onSeek: flood }), { capture: "screenshot" });
    expect(warnings).toHaveLength(101);
    expect(warnings.every(({ length }) => length <= 500)).toBe(true);
    // The check captures frames of its own, and warns again.
    expect(warnings.at(-1)).toMatch(/^and [\d,]+ more warnings$/);
  });
});

describe("what pages store", () => {
  const fill = (where: string): string => `
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle(String(Math.random()), { create: true })).createWritable();
    const piece = new Uint8Array(16 << 20);
    let bytes = 0;
    try { for (; bytes < 2 << 30; bytes += piece.length) await file.write(piece); await file.close(); } catch (fault) { ${where}(fault.name, bytes); }`;

  it("is limited for the page's own origin, and the render goes on", async () => {
    const html = `<!doctype html><body><script type="module">
      ${fill("((name, bytes) => (document.body.textContent = name, window.filled = [name, bytes]))")}
      const [name, bytes] = window.filled ?? ["nothing", 0];
      window.framewright = { duration: 0.2, seek() {}, ready: name === "QuotaExceededError" && bytes < 300e6 ? undefined : Promise.reject(new Error(name + " after " + bytes)) };
    </script>`;
    const { frames } = await renders(html, { readinessTimeoutMs: 60_000 });
    expect(frames).toBe(6);
  });
});
