import { describe, expect, it } from "vitest";
import { createI420Converter, type I420Converter } from "../../src/browser/page/pixels/i420-converter.ts";

interface Planes {
  readonly y: ArrayLike<number>;
  readonly u: ArrayLike<number>;
  readonly v: ArrayLike<number>;
}

type Colour = readonly [red: number, green: number, blue: number];

/** BT.709, limited range, without rounding. */
function exactYuv(red: number, green: number, blue: number): [number, number, number] {
  const [r, g, b] = [red / 255, green / 255, blue / 255];
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return [16 + 219 * y, 128 + (224 * (b - y)) / 1.8556, 128 + (224 * (r - y)) / 1.5748];
}

function exactPlanes(rgba: Uint8Array, width: number, height: number): Planes {
  const y = new Float64Array(width * height);
  const u = new Float64Array((width * height) / 4);
  const v = new Float64Array((width * height) / 4);
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2) {
      const sum: [number, number, number] = [0, 0, 0];
      for (const pixel of [row * width + column, row * width + column + 1, (row + 1) * width + column, (row + 1) * width + column + 1]) {
        const red = rgba[pixel * 4] ?? Number.NaN;
        const green = rgba[pixel * 4 + 1] ?? Number.NaN;
        const blue = rgba[pixel * 4 + 2] ?? Number.NaN;
        y[pixel] = exactYuv(red, green, blue)[0];
        sum[0] += red;
        sum[1] += green;
        sum[2] += blue;
      }
      const block = (row * width) / 4 + column / 2;
      const average = exactYuv(sum[0] / 4, sum[1] / 4, sum[2] / 4);
      u[block] = average[1];
      v[block] = average[2];
    }
  }
  return { y, u, v };
}

function planesOf(i420: Uint8Array, width: number, height: number): Planes {
  const luma = width * height;
  const chroma = luma / 4;
  expect(i420.length).toBe(luma + 2 * chroma);
  return {
    y: i420.subarray(0, luma),
    u: i420.subarray(luma, luma + chroma),
    v: i420.subarray(luma + chroma),
  };
}

function largestError(got: ArrayLike<number>, exact: ArrayLike<number>): number {
  expect(got.length).toBe(exact.length);
  let largest = 0;
  for (let index = 0; index < exact.length; index++) {
    const error = Math.abs((got[index] ?? Number.NaN) - (exact[index] ?? Number.NaN));
    // Written so that NaN counts as the largest error instead of as none.
    if (!(error <= largest)) {
      largest = error;
    }
  }
  return largest;
}

/** Bytes that look random and are the same on every run. */
function fillRandom(target: Uint8Array, seed: number): void {
  let state = seed;
  for (let index = 0; index < target.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    target[index] = state >>> 24;
  }
}

function paint(converter: I420Converter, colourOf: (pixel: number) => Colour, alpha = 255): void {
  for (let pixel = 0; pixel < converter.width * converter.height; pixel++) {
    converter.rgba.set([...colourOf(pixel), alpha], pixel * 4);
  }
}

// Below 16 columns the kernel runs its scalar path, from 16 the vectors, and where 16 does not
// divide the width the last step of a row overlaps the one before.
const sizes: readonly (readonly [number, number])[] = [
  [2, 2],
  [6, 4],
  [14, 6],
  [16, 2],
  [16, 16],
  [18, 10],
  [30, 8],
  [34, 6],
  [1366, 18],
  [1920, 1080],
];

describe("I420 converter against exact arithmetic", () => {
  it.each(sizes)("stays within rounding on a random %ix%i picture", async (width, height) => {
    const converter = await createI420Converter(width, height);
    for (const seed of [1, 2]) {
      fillRandom(converter.rgba, seed);
      const exact = exactPlanes(converter.rgba, width, height);
      const got = planesOf(converter.convert().planes, width, height);
      // A half is the rounding; the rest is that of the fixed-point coefficients.
      expect(largestError(got.y, exact.y)).toBeLessThanOrEqual(0.51);
      expect(largestError(got.u, exact.u)).toBeLessThanOrEqual(0.51);
      expect(largestError(got.v, exact.v)).toBeLessThanOrEqual(0.51);
    }
  });

  // 2^15 pixels of each: every combination of 32 levels a channel, both ends included.
  it.each([
    [14, 2342],
    [128, 256],
  ])("stays within rounding over the colour cube at %ix%i", async (width, height) => {
    const converter = await createI420Converter(width, height);
    const level = (step: number): number => Math.round(((step & 31) * 255) / 31);
    paint(converter, (pixel) => [level(pixel), level(pixel >> 5), level(pixel >> 10)]);
    const exact = exactPlanes(converter.rgba, width, height);
    const got = planesOf(converter.convert().planes, width, height);
    expect(largestError(got.y, exact.y)).toBeLessThanOrEqual(0.51);
    expect(largestError(got.u, exact.u)).toBeLessThanOrEqual(0.51);
    expect(largestError(got.v, exact.v)).toBeLessThanOrEqual(0.51);
  });
});

const knownColours: readonly (readonly [string, Colour, Colour])[] = [
  ["white", [255, 255, 255], [235, 128, 128]],
  ["black", [0, 0, 0], [16, 128, 128]],
  ["red", [255, 0, 0], [63, 102, 240]],
  ["green", [0, 255, 0], [173, 42, 26]],
  ["blue", [0, 0, 255], [32, 240, 118]],
  ["cyan", [0, 255, 255], [188, 154, 16]],
  ["yellow", [255, 255, 0], [219, 16, 138]],
  ["magenta", [255, 0, 255], [78, 214, 230]],
];

describe.each([
  [6, 4],
  [18, 4],
])("I420 converter at %ix%i", (width, height) => {
  it.each(knownColours)("gives %s its BT.709 values", async (_name, colour, [y, u, v]) => {
    const converter = await createI420Converter(width, height);
    paint(converter, () => colour);
    const got = planesOf(converter.convert().planes, width, height);
    expect(new Set(Array.from(got.y))).toEqual(new Set([y]));
    expect(new Set(Array.from(got.u))).toEqual(new Set([u]));
    expect(new Set(Array.from(got.v))).toEqual(new Set([v]));
  });

  it("gives every grey a chroma of exactly 128 and a rounded luma", async () => {
    const converter = await createI420Converter(width, height);
    for (let grey = 0; grey < 256; grey++) {
      paint(converter, () => [grey, grey, grey]);
      const got = planesOf(converter.convert().planes, width, height);
      expect(new Set(Array.from(got.y))).toEqual(new Set([Math.round(16 + (grey * 219) / 255)]));
      expect(new Set([...Array.from(got.u), ...Array.from(got.v)])).toEqual(new Set([128]));
    }
  });

  it("stays within the limited range and reaches both of its ends", async () => {
    const converter = await createI420Converter(width, height);
    const y = new Set<number>();
    const u = new Set<number>();
    const v = new Set<number>();
    for (let corners = 0; corners < 256; corners++) {
      // Neighbouring pixels take different corners of the colour cube, then the same ones.
      const spread = corners >> 3;
      paint(converter, (pixel) => {
        const corner = corners + pixel * spread;
        return [(corner & 1) * 255, ((corner >> 1) & 1) * 255, ((corner >> 2) & 1) * 255];
      });
      const got = planesOf(converter.convert().planes, width, height);
      Array.from(got.y, (value) => y.add(value));
      Array.from(got.u, (value) => u.add(value));
      Array.from(got.v, (value) => v.add(value));
    }
    expect([Math.min(...y), Math.max(...y)]).toEqual([16, 235]);
    expect([Math.min(...u), Math.max(...u)]).toEqual([16, 240]);
    expect([Math.min(...v), Math.max(...v)]).toEqual([16, 240]);
  });

  it("ignores alpha", async () => {
    const converter = await createI420Converter(width, height);
    paint(converter, (pixel) => [pixel, 200 - pixel, 17], 255);
    const opaque = converter.convert().planes.slice();
    paint(converter, (pixel) => [pixel, 200 - pixel, 17], 3);
    expect(converter.convert().planes).toEqual(opaque);
  });

  it("gives each 2x2 block its own chroma, in the block's place", async () => {
    const converter = await createI420Converter(width, height);
    const blue = 1;
    paint(converter, (pixel) => {
      const block = Math.floor(pixel / width / 2) * (width / 2) + Math.floor((pixel % width) / 2);
      return block === blue ? [0, 0, 255] : [255, 255, 255];
    });
    const got = planesOf(converter.convert().planes, width, height);
    expect(Array.from(got.u)).toEqual(Array.from(got.u, (_, at) => (at === blue ? 240 : 128)));
    expect(Array.from(got.v)).toEqual(Array.from(got.v, (_, at) => (at === blue ? 118 : 128)));
  });
});

describe("I420 converter's memory", () => {
  it("holds a picture of the size asked for and leaves it as it was", async () => {
    const converter = await createI420Converter(18, 4);
    expect([converter.width, converter.height]).toEqual([18, 4]);
    expect(converter.rgba.length).toBe(18 * 4 * 4);
    fillRandom(converter.rgba, 3);
    const before = converter.rgba.slice();
    converter.convert();
    expect(converter.rgba).toEqual(before);
  });

  it("tells whether a picture equals the one before, to the last byte", async () => {
    const converter = await createI420Converter(18, 10);
    fillRandom(converter.rgba, 5);
    expect(converter.convert().equalsLast).toBe(false);
    expect(converter.convert().equalsLast).toBe(true);
    converter.rgba[(18 * 10 - 1) * 4]! ^= 255;
    expect(converter.convert().equalsLast).toBe(false);
    expect(converter.convert().equalsLast).toBe(true);
    converter.rgba[1]! ^= 255;
    expect(converter.convert().equalsLast).toBe(false);
  });

  it("is not shared between converters", async () => {
    const [first, second] = await Promise.all([createI420Converter(16, 2), createI420Converter(16, 2)]);
    paint(first, () => [255, 255, 255]);
    paint(second, () => [0, 0, 0]);
    const white = first.convert().planes;
    const black = second.convert().planes;
    expect([white[0], black[0]]).toEqual([235, 16]);
  });
});

describe("I420 converter's sizes", () => {
  it.each([
    [3, 2],
    [2, 3],
    [1919, 2],
    [0, 2],
    [2, 0],
    [-2, 2],
    [2, -2],
    [2.5, 2],
    [Number.NaN, 2],
    [2, Number.POSITIVE_INFINITY],
  ])("refuses %dx%d, naming both values", async (width, height) => {
    const refusal = createI420Converter(width, height);
    await expect(refusal).rejects.toThrow(RangeError);
    await expect(refusal).rejects.toThrow(`${width}x${height}`);
  });

  it("refuses what 32-bit memory cannot hold", async () => {
    const refusal = createI420Converter(65536, 65536);
    await expect(refusal).rejects.toThrow(RangeError);
    await expect(refusal).rejects.toThrow("smaller width and height");
  });
});
