import { BLOCK_SIZE, blockAverages, type BlockAverages } from "../../src/core/blocks.ts";
import type { Size } from "../../src/core/frame.ts";

/** The average of a box in each channel of a picture of `channels` bytes a pixel. */
export function boxAverage(
  picture: Uint8Array,
  { width }: Size,
  channels: number,
  box: { readonly x: number; readonly y: number } & Size,
): number[] {
  return Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let x = box.x; x < box.x + box.width; x++) sum += picture[(y * width + x) * channels + channel]!;
    }
    return sum / (box.width * box.height);
  });
}

/** Block averages of an rgb24 picture; by a way of its own, so that a fault in the product's does not hide here as well. */
export function blocksOfRgb(rgb: Uint8Array, size: Size): BlockAverages {
  return blocksOf(size, (box) => boxAverage(rgb, size, 3, box));
}

/**
 * Block averages of a yuv420p frame (BT.709, limited). The averages are taken before the conversion: a decoder would
 * smear colour across the edges of the blocks when it enlarges the chroma planes.
 */
export function blocksOfYuv(yuv: Uint8Array, size: Size): BlockAverages {
  const half: Size = { width: size.width / 2, height: size.height / 2 };
  const luma: number = size.width * size.height;
  const [u, v] = [yuv.subarray(luma, luma * 1.25), yuv.subarray(luma * 1.25)];
  return blocksOf(size, (box) => {
    const halfBox = { x: box.x / 2, y: box.y / 2, width: box.width / 2, height: box.height / 2 };
    return rgbOf(boxAverage(yuv, size, 1, box)[0]!, boxAverage(u, half, 1, halfBox)[0]!, boxAverage(v, half, 1, halfBox)[0]!);
  });
}

/** ITU-R BT.709, limited range, without rounding. */
function rgbOf(y: number, u: number, v: number): number[] {
  const gray: number = ((y - 16) * 255) / 219;
  const [cb, cr] = [((u - 128) * 255) / 224, ((v - 128) * 255) / 224];
  return [gray + 1.5748 * cr, gray - 0.187324 * cb - 0.468124 * cr, gray + 1.8556 * cb];
}

function blocksOf(size: Size, averageOf: (box: { x: number; y: number; width: number; height: number }) => number[]): BlockAverages {
  const rgb: number[] = [];
  for (let y = 0; y < size.height; y += BLOCK_SIZE) {
    for (let x = 0; x < size.width; x += BLOCK_SIZE) {
      rgb.push(...averageOf({ x, y, width: Math.min(BLOCK_SIZE, size.width - x), height: Math.min(BLOCK_SIZE, size.height - y) }));
    }
  }
  return blockAverages(size, Uint8ClampedArray.from(rgb) as unknown as Uint8Array);
}
