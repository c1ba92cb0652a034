import { describe, expect, it } from "vitest";
import type { Size } from "../../src/core/frame.ts";
import { encodePng } from "../../src/encoders/png-picture.ts";
import { drawNoise, drawScene } from "../support/encoding.ts";
import { runFfmpeg } from "../support/video-frames.ts";

/** The pixels of a PNG as another program reads them. */
function decoded(png: Uint8Array): Promise<Uint8Array> {
  return runFfmpeg(["-f", "image2pipe", "-c:v", "png", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"], [png]);
}

describe("a PNG that this process makes", () => {
  it.each<[string, Size]>([
    ["one pixel", { width: 1, height: 1 }],
    ["odd sides", { width: 13, height: 7 }],
    ["a page's size", { width: 640, height: 360 }],
  ])("has the very pixels, alpha included: %s", async (_, size) => {
    for (const pixels of [drawScene(3, size, true), drawNoise(1, size.width * size.height * 4)])
      expect(Buffer.compare(await decoded(await encodePng(pixels, size)), pixels)).toBe(0);
  });

  it("has them also where they lie at an odd place in memory", async () => {
    const size: Size = { width: 13, height: 7 };
    const pixels: Uint8Array = drawNoise(2, 13 * 7 * 4);
    const shifted: Uint8Array = new Uint8Array(pixels.length + 3).subarray(3);
    shifted.set(pixels);
    expect(Buffer.compare(await decoded(await encodePng(shifted, size)), pixels)).toBe(0);
  });

  it("needs the pixels no longer once it has been called", async () => {
    const size: Size = { width: 64, height: 48 };
    const pixels: Uint8Array = drawScene(0, size, true);
    const kept: Uint8Array = pixels.slice();
    const encoding: Promise<Uint8Array> = encodePng(pixels, size);
    pixels.fill(0);
    expect(Buffer.compare(await decoded(await encoding), kept)).toBe(0);
  });
});
