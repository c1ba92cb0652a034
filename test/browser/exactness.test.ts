import { createHash } from "node:crypto";
import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { webSocket } from "../../src/browser/transport/websocket.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import type { CaptureSession } from "../../src/core/capture.ts";
import type { FrameFormat, HostPixels, Size } from "../../src/core/frame.ts";
import { frameCountOf, parseFrameRate, type FrameRange, type FrameRate } from "../../src/core/frame-rate.ts";
import type { RenderJob } from "../../src/core/job.ts";
import type { PageAddress } from "../../src/core/host.ts";
import type { RenderResult } from "../../src/core/result.ts";
import type { PixelTransport } from "../../src/core/transport.ts";
import { openPageAddress } from "../../src/node/file-server.ts";
import { render } from "../../src/node/render.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { openCaptures } from "../support/open-captures.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { trackFacts } from "../support/track-facts.ts";
import { decodeFrames, runFfmpeg } from "../support/video-frames.ts";

const pages: string = fileURLToPath(new URL("../pages/", import.meta.url));
let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** Whole numbers from 0 to `count - 1`. */
function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

describe("every frame at its time", () => {
  let address: PageAddress;

  beforeAll(async () => {
    address = await openPageAddress(`${pages}bar-code.html`);
  });

  afterAll(async () => {
    await address[Symbol.asyncDispose]();
  });

  interface BarCodeJob {
    readonly rate: string;
    readonly frames: number;
    readonly capture: string;
    readonly encoder: string;
    readonly hold?: number;
  }

  async function renderBarCode({ rate, frames, capture, encoder, hold = 1 }: BarCodeJob): Promise<{ result: RenderResult; file: string }> {
    const { numerator, denominator }: FrameRate = parseFrameRate(rate);
    const file: string = folder.path(`${rate.replace("/", "-")}-${capture}-${encoder}-${hold}.mp4`);
    const job: RenderJob = {
      ...{ page: `${address.url}?rate=${rate}&hold=${hold}`, output: file, ...barCodeSize, frameRate: rate },
      ...{ duration: (frames * denominator) / numerator, capture, encoder, quality: { bitrate: 4_000_000 } },
    };
    return { result: await render(job), file };
  }

  async function shownFrames(file: string): Promise<(number | null)[]> {
    return (await decodeFrames(file, barCodeSize, "gray")).map(readBarCode);
  }

  const rates: readonly string[] = ["30", "25", "24000/1001", "30000/1001", "60"];
  const jobs: readonly BarCodeJob[] = [
    ...["ffmpeg-pipe", "webcodecs"].flatMap((encoder) => rates.map((rate) => ({ rate, frames: 121, capture: "html-in-canvas", encoder }))),
    { rate: "30000/1001", frames: 101, capture: "screenshot", encoder: "ffmpeg-pipe" },
    { rate: "24000/1001", frames: 101, capture: "screenshot", encoder: "webcodecs" },
    { rate: "30000/1001", frames: 101, capture: "begin-frame", encoder: "ffmpeg-pipe" },
  ];

  it.each(jobs)("$frames frames at $rate, by $capture and $encoder", async (job) => {
    const { result, file } = await renderBarCode(job);
    expect(result).toMatchObject({ frames: job.frames, repeats: 0, plan: { capture: job.capture, encoder: job.encoder }, fallbacks: [] });
    expect(await shownFrames(file)).toEqual(upTo(job.frames));
    await expectExactTimes(file, job);
  });

  /** Each timestamp is `index × denominator / numerator`, compared as fractions: nothing is rounded. */
  async function expectExactTimes(file: string, { rate, frames }: BarCodeJob): Promise<void> {
    const { numerator, denominator } = parseFrameRate(rate);
    const { ticksPerSecond, ticks } = await trackFacts(file);
    expect(ticks.map((tick) => tick * numerator)).toEqual(upTo(frames).map((index) => index * denominator * ticksPerSecond));
  }

  it.each([
    { capture: "html-in-canvas", encoder: "ffmpeg-pipe" },
    { capture: "html-in-canvas", encoder: "webcodecs" },
    { capture: "screenshot", encoder: "ffmpeg-pipe" },
  ])("a picture that stays for ten frames is told as repeated, and shown ten times ($capture, $encoder)", async (parts) => {
    const { result, file } = await renderBarCode({ rate: "30", frames: 105, hold: 10, ...parts });
    // Eleven pictures; each of the other frames equals the one before.
    expect(result).toMatchObject({ frames: 105, repeats: 94 });
    expect(await shownFrames(file)).toEqual(upTo(105).map((index) => index - (index % 10)));
  });

  it("a picture that never changes is one picture", async () => {
    const { result, file } = await renderBarCode({ rate: "30", frames: 40, hold: 1000, capture: "html-in-canvas", encoder: "ffmpeg-pipe" });
    expect(result).toMatchObject({ frames: 40, repeats: 39 });
    expect(await shownFrames(file)).toEqual(upTo(40).map(() => 0));
  });
});

describe("how many frames a duration holds", () => {
  it.each<[durationSeconds: number, rate: string, frames: number]>([
    [1, "30", 30],
    // Products that miss a whole number by a rounding error, above and below: 249.00000000000003 and 122.99999999999999.
    [8.3, "30", 249],
    [4.1, "30", 123],
    [0.28, "25", 7],
    [0.1, "30", 3],
    [1 / 3, "30", 10],
    [2 / 3, "60", 40],
    [1.001, "30000/1001", 30],
    [1001 / 24000, "24000/1001", 1],
    [86_400, "30000/1001", 2_589_411],
    // A frame that begins within the duration belongs to it.
    [1.01, "30", 31],
    [0.001, "30", 1],
    [10, "24000/1001", 240],
    [10, "30000/1001", 300],
    [59.94, "60000/1001", 3_593],
  ])("%f s at %s are %i frames", (durationSeconds, rate, frames) => {
    expect(frameCountOf(durationSeconds, parseFrameRate(rate))).toBe(frames);
  });

  it("adds no frame to a whole number of frames, however many they are", () => {
    for (const rate of ["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60", "120000/1001"]) {
      const { numerator, denominator }: FrameRate = parseFrameRate(rate);
      const wrong: number[] = upTo(20_000).filter(
        (count) => count > 0 && frameCountOf((count * denominator) / numerator, { numerator, denominator }) !== count,
      );
      expect(wrong, `at ${rate}`).toEqual([]);
    }
  });
});

describe("the same pixels each time", () => {
  const size: Size = { width: 1280, height: 720 };
  const frames: readonly number[] = upTo(6);
  let page: string;

  beforeAll(async () => {
    page = folder.path("everything.html");
    await copyFile(`${pages}everything.html`, page);
    const source = "testsrc=size=180x180:rate=10:duration=1";
    await runFfmpeg(["-f", "lavfi", "-i", source, "-c:v", "libvpx", "-b:v", "1M", folder.path("clip.webm")]);
  });

  /** Reads ranges of frames in a browser of its own, and gives a hash of each frame in rising order. */
  async function hashes(transport: PixelTransport, frameFormat: FrameFormat, ranges: readonly FrameRange[]): Promise<string[]> {
    await using open = await openCaptures(page, size, 10, [{ capture: htmlInCanvas({ transports: [transport] }), frameFormat }]);
    const [session] = open.sessions as [CaptureSession];
    expect(session.transport).toBe(transport.name);
    const byIndex: string[] = [];
    for (const range of ranges) {
      for await (const { index, pixels, close } of session.read(range, {})) {
        byIndex[index] = createHash("sha256")
          .update((pixels as HostPixels).data)
          .digest("hex");
        close();
      }
    }
    return byIndex;
  }

  const forwards: readonly FrameRange[] = [{ start: 0, end: frames.length }];
  const backwards: readonly FrameRange[] = frames.map((index) => ({ start: index, end: index + 1 })).toReversed();

  it.each<FrameFormat>(["I420", "RGBA"])("in two browsers, backwards, and over both transports (%s)", async (frameFormat) => {
    const first: string[] = await hashes(ringFile(), frameFormat, forwards);
    // Each frame is another: else equal hashes would say nothing.
    expect(new Set(first).size).toBe(frames.length);
    expect(await hashes(ringFile(), frameFormat, forwards), "a second browser").toEqual(first);
    expect(await hashes(ringFile(), frameFormat, backwards), "backwards").toEqual(first);
    expect(await hashes(webSocket(), frameFormat, forwards), "the other transport").toEqual(first);
  });
});
