import { BLOCK_SIZE as BLOCK } from "./blocks.ts";
import type { Size } from "./frame.ts";

/**
 * What transparent pixels are laid over before they are averaged. Far from every grey, white and black included: a picture that is
 * filled where it should be transparent, or transparent where it should be filled, must not look the same.
 */
const BACKDROP = { red: 64, green: 192, blue: 96 } as const;

/** Averages an RGBA picture with straight alpha over blocks of 8×8 pixels; see `BlockAverages`. */
export function averageBlocks(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number): Uint8Array {
  const columns: number = Math.ceil(width / BLOCK);
  const rows: number = Math.ceil(height / BLOCK);
  const averages = new Uint8Array(columns * rows * 3);
  const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const top: number = row * BLOCK;
    const bottom: number = Math.min(top + BLOCK, height);
    for (let left = 0; left < width; left += BLOCK) {
      const right: number = Math.min(left + BLOCK, width);
      // Two sums in one number: 64 values of 8 bits need 14. Little-endian: red is lowest.
      let redAndBlue = 0;
      let green = 0;
      for (let y = top; y < bottom; y++) {
        const end: number = y * width + right;
        for (let pixel = y * width + left; pixel < end; pixel++) {
          const shown: number = pixels[pixel]!;
          const color: number = shown >>> 24 === 255 ? shown : overBackdrop(shown);
          redAndBlue += color & 0xff00ff;
          green += color & 0xff00;
        }
      }
      const count: number = (right - left) * (bottom - top);
      averages[at++] = Math.round((redAndBlue & 0xffff) / count);
      averages[at++] = Math.round((green >> 8) / count);
      averages[at++] = Math.round((redAndBlue >>> 16) / count);
    }
  }
  return averages;
}

/** The colour of a pixel that is not opaque. */
function overBackdrop(pixel: number): number {
  const alpha: number = pixel >>> 24;
  const red: number = mixed(pixel & 0xff, BACKDROP.red, alpha);
  const green: number = mixed((pixel >>> 8) & 0xff, BACKDROP.green, alpha);
  const blue: number = mixed((pixel >>> 16) & 0xff, BACKDROP.blue, alpha);
  return red | (green << 8) | (blue << 16);
}

function mixed(channel: number, behind: number, alpha: number): number {
  return ((channel * alpha + behind * (255 - alpha) + 127) / 255) | 0;
}

/**
 * Averages an I420 picture (BT.709, limited range) over blocks of 8×8 pixels. The planes are averaged before they are converted:
 * the conversion is linear, and single pixels beside others of strong colour would be cut off.
 */
export function averageI420(planes: Uint8Array, width: number, height: number): Uint8Array {
  const columns: number = Math.ceil(width / BLOCK);
  const rows: number = Math.ceil(height / BLOCK);
  const averages = new Uint8Array(columns * rows * 3);
  const chroma = { width: width / 2, height: height / 2 };
  const [atU, atV] = [width * height, (width * height * 5) / 4];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const luma: number = (mean(planes, 0, { width, height }, BLOCK, column, row) - 16) / 219;
      const blueness: number = (mean(planes, atU, chroma, BLOCK / 2, column, row) - 128) / 224;
      const redness: number = (mean(planes, atV, chroma, BLOCK / 2, column, row) - 128) / 224;
      const at: number = (row * columns + column) * 3;
      averages[at] = level(luma + 1.5748 * redness);
      averages[at + 1] = level(luma - 0.187324 * blueness - 0.468124 * redness);
      averages[at + 2] = level(luma + 1.8556 * blueness);
    }
  return averages;
}

/** Of one block of a plane. */
function mean(plane: Uint8Array, start: number, { width, height }: Size, side: number, column: number, row: number): number {
  const [left, top] = [column * side, row * side];
  const [right, bottom] = [Math.min(left + side, width), Math.min(top + side, height)];
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += plane[start + y * width + x]!;
  return sum / ((right - left) * (bottom - top));
}

/** A share of the full range as a byte. */
function level(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 255);
}
