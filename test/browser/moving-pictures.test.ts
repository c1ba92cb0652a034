import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncodeRequest, Encoder } from "../../src/core/encoder.ts";
import type { Size } from "../../src/core/frame.ts";
import { checkOutput } from "../../src/core/pipeline/check-output.ts";
import { ffmpegDisk, ffmpegPipe, openFileSink } from "../../src/node/index.ts";
import { drawScene, encodeAll, requestFor, type Drawing } from "../support/encoding.ts";
import { html, serveLoopback } from "../support/loopback.ts";
import { launchPlainBrowser, type PlainBrowser } from "../support/plain-browser.ts";
import { scratch } from "../support/render.ts";

/** Moving pictures as Chromium shows them: every frame, its time, its transparency. */

const size: Size = { width: 64, height: 48 };
const FRAMES = 12;
let browser: PlainBrowser;

beforeAll(async () => {
  browser = await launchPlainBrowser();
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
});

interface Shown {
  readonly repetitions: number | "infinite";
  /** Milliseconds, and RGBA in base64, of each picture. */
  readonly frames: readonly { readonly durationMs: number; readonly pixels: string }[];
}

async function show(bytes: Uint8Array, type: string): Promise<Shown> {
  await using server = await serveLoopback({ "/": html("") });
  return await browser.evaluate<Shown>(
    `http://127.0.0.1:${server.port}/`,
    `(async () => {
      const data = Uint8Array.from(atob("${Buffer.from(bytes).toString("base64")}"), (letter) => letter.charCodeAt(0));
      const decoder = new ImageDecoder({ data, type: "${type}" });
      await Promise.all([decoder.completed, decoder.tracks.ready]);
      const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
      const context = new OffscreenCanvas(${size.width}, ${size.height}).getContext("2d", { willReadFrequently: true });
      const frames = [];
      for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
        const { image } = await decoder.decode({ frameIndex });
        context.clearRect(0, 0, ${size.width}, ${size.height});
        context.drawImage(image, 0, 0);
        const { data: pixels } = context.getImageData(0, 0, ${size.width}, ${size.height});
        frames.push({ durationMs: image.duration / 1000, pixels: btoa(String.fromCharCode(...pixels)) });
        image.close();
      }
      return { repetitions: repetitionCount === Infinity ? "infinite" : repetitionCount, frames };
    })()`,
  );
}

/** The largest difference of a channel, weighted by how much of it can be seen. */
function largestDifference(shown: Uint8Array, drawn: Uint8Array): number {
  let largest = 0;
  for (let at = 0; at < drawn.length; at++) {
    const weight: number = at % 4 === 3 ? 1 : drawn[at | 3]! / 255;
    largest = Math.max(largest, Math.abs(shown[at]! - drawn[at]!) * weight);
  }
  return largest;
}

interface Made {
  readonly encoder: Encoder;
  readonly container: "gif" | "webp" | "apng";
  readonly codec: "gif" | "webp" | "png";
  readonly type: string;
  readonly level: "standard" | "lossless";
  /** How far a channel may be off: palettes and canvases round. */
  readonly tolerance: number;
}

const kinds: readonly Made[] = [
  { encoder: ffmpegDisk(), container: "webp", codec: "webp", type: "image/webp", level: "lossless", tolerance: 2 },
  { encoder: ffmpegPipe(), container: "webp", codec: "webp", type: "image/webp", level: "lossless", tolerance: 2 },
  { encoder: ffmpegDisk(), container: "apng", codec: "png", type: "image/png", level: "standard", tolerance: 2 },
  { encoder: ffmpegPipe(), container: "apng", codec: "png", type: "image/png", level: "standard", tolerance: 2 },
];

describe.each(kinds)("$container by $encoder.name in Chromium", ({ encoder, container, codec, type, level, tolerance }) => {
  it.each([true, false])("has every frame with its pixels and its time; alpha: %s", async (alpha) => {
    await using place = await scratch();
    const request: EncodeRequest = requestFor({ container, codec, size, frameCount: FRAMES, alpha, quality: { level }, loop: 3 });
    const draw: Drawing = (index) => drawScene(index, size, alpha);
    const sink = await openFileSink(place.path(`moving.${container}`));
    await encodeAll(encoder, request, sink, draw);
    await checkOutput(sink, { ...request, frameCount: FRAMES, pictures: FRAMES });
    await sink.commit();
    const { frames, repetitions } = await show(await readFile(place.path(`moving.${container}`)), type);
    expect(frames).toHaveLength(FRAMES);
    // Chromium counts the times after the first.
    expect(repetitions).toBe(2);
    for (const [index, { durationMs, pixels }] of frames.entries()) {
      expect(durationMs, `the time of frame ${index}`).toBeCloseTo(40, -1);
      expect(largestDifference(Buffer.from(pixels, "base64"), draw(index)!), `frame ${index}`).toBeLessThanOrEqual(tolerance);
    }
  });
});

describe("GIF in Chromium", () => {
  /** Five flat stripes in colours that change with the index: no more in the clip than a palette holds. */
  const stripes =
    (isTransparent: boolean): Drawing =>
    (index) => {
      const pixels = new Uint8Array(size.width * size.height * 4);
      for (let at = 0; at < size.width * size.height; at++) {
        const stripe: number = (Math.floor((at % size.width) / 13) + index) % 5;
        pixels.set([stripe * 60, 255 - stripe * 50, (stripe * 90) % 256, isTransparent && stripe === 2 ? 0 : 255], at * 4);
      }
      return pixels;
    };

  it.each([true, false])("has every frame with its colours and its time; alpha: %s", async (alpha) => {
    await using place = await scratch();
    const request: EncodeRequest = requestFor({ container: "gif", codec: "gif", size, frameCount: FRAMES, alpha, loop: 0 });
    const draw: Drawing = stripes(alpha);
    const sink = await openFileSink(place.path("moving.gif"));
    await encodeAll(ffmpegDisk(), request, sink, draw);
    expect(await checkOutput(sink, { ...request, frameCount: FRAMES, pictures: FRAMES })).toMatchObject({ alpha, loop: 0 });
    await sink.commit();
    const { frames, repetitions } = await show(await readFile(place.path("moving.gif")), "image/gif");
    expect(frames).toHaveLength(FRAMES);
    expect(repetitions).toBe("infinite");
    for (const [index, { durationMs, pixels }] of frames.entries()) {
      expect(durationMs, `the time of frame ${index}`).toBe(40);
      expect(largestDifference(Buffer.from(pixels, "base64"), draw(index)!), `frame ${index}`).toBeLessThanOrEqual(4);
    }
  });
});
