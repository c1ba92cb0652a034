import { describe, expect, it } from "vitest";
import { createI420Converter } from "../../src/browser/page/pixels/i420-converter.ts";
import { averageBlocks, averageI420 } from "../../src/core/average-blocks.ts";
import { blockAverages, compareBlocks } from "../../src/core/blocks.ts";

function picture(width: number, height: number, color: (x: number, y: number) => readonly [number, number, number]): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rgba.set([...color(x, y), 255], (y * width + x) * 4);
  return rgba;
}

describe("block averages", () => {
  it("are the colour of a flat picture, also where the last blocks are cut off", () => {
    const averages = averageBlocks(
      picture(20, 10, () => [255, 7, 130]),
      20,
      10,
    );
    expect(averages.length).toBe(3 * 2 * 3);
    expect(Array.from({ length: 6 }, (_, block) => [...averages.subarray(block * 3, block * 3 + 3)])).toEqual(
      Array.from({ length: 6 }, () => [255, 7, 130]),
    );
  });

  it("are means of their own pixels alone", () => {
    const averages = averageBlocks(
      picture(16, 8, (x) => (x < 8 ? [0, 0, 0] : x < 12 ? [200, 100, 50] : [0, 0, 0])),
      16,
      8,
    );
    expect([...averages]).toEqual([0, 0, 0, 100, 50, 25]);
  });

  it("lie over a colour that is far from every grey where a picture is transparent", () => {
    const flat = (red: number, green: number, blue: number, alpha: number): number[] => {
      const rgba: number[] = Array.from({ length: 64 }, () => [red, green, blue, alpha]).flat();
      return [...averageBlocks(Uint8Array.from(rgba), 8, 8)];
    };
    const backdrop: number[] = flat(0, 0, 0, 0);
    // Whatever colour a pixel has of which nothing is seen.
    expect(flat(255, 255, 255, 0)).toEqual(backdrop);
    for (let grey = 0; grey < 256; grey++)
      expect(Math.max(...backdrop.map((channel) => Math.abs(channel - grey))), `${grey}`).toBeGreaterThanOrEqual(64);
    for (const alpha of [1, 77, 128, 254]) {
      const mixed: number[] = [200, 100, 50].map((channel, at) => Math.round((channel * alpha + backdrop[at]! * (255 - alpha)) / 255));
      expect(flat(200, 100, 50, alpha)).toEqual(mixed);
    }
  });
});

describe("comparing blocks", () => {
  const size = { width: 40, height: 24 } as const;
  const grey = blockAverages(
    size,
    averageBlocks(
      picture(40, 24, () => [100, 100, 100]),
      40,
      24,
    ),
  );
  const withSpot = (red: number) =>
    blockAverages(
      size,
      averageBlocks(
        picture(40, 24, (x, y) => (x >= 16 && x < 32 && y >= 8 ? [red, 100, 100] : [100, 100, 100])),
        40,
        24,
      ),
    );

  it("lets differences up to the limit pass, and names the largest", () => {
    expect(compareBlocks(grey, withSpot(116), size)).toEqual({ largest: 16, box: null });
  });

  it("allows a share of the contrast around a block where layers may be resampled, and no more", () => {
    // The spot's contrast is 60: an eighth of it is 7.5.
    const [shown, resampled, wrong] = [withSpot(160), withSpot(160 - 22), withSpot(160 - 30)];
    expect(compareBlocks(resampled, shown, size).box).not.toBeNull();
    expect(compareBlocks(resampled, shown, size, 1 / 8)).toEqual({ largest: 22, box: null });
    expect(compareBlocks(wrong, shown, size, 1 / 8).box).not.toBeNull();
  });

  it("puts a box around all blocks that differ by more, cut at the picture's edge", () => {
    expect(compareBlocks(grey, withSpot(117), size)).toEqual({ largest: 17, box: { x: 16, y: 8, width: 16, height: 16 } });
  });

  it("takes pictures of different sizes for entirely different", () => {
    const other = blockAverages(
      { width: 8, height: 8 },
      averageBlocks(
        picture(8, 8, () => [0, 0, 0]),
        8,
        8,
      ),
    );
    expect(compareBlocks(grey, other, size).box).toEqual({ x: 0, y: 0, ...size });
  });
});

it("block averages of I420 are those of the RGBA picture that it was made of, also of strong colours side by side", async () => {
  const [width, height] = [20, 10];
  const rgba: Uint8Array = picture(width, height, (x, y) => ((x + y) % 2 === 0 ? [255, 0, (x * 12) % 256] : [0, (y * 25) % 256, 0]));
  const converter = await createI420Converter(width, height);
  converter.rgba.set(rgba);
  const [averages, expected] = [averageI420(converter.convert().planes, width, height), averageBlocks(rgba, width, height)];
  expect(averages.length).toBe(expected.length);
  for (const [at, level] of averages.entries()) expect(Math.abs(level - expected[at]!), `level ${at}`).toBeLessThanOrEqual(3);
});
