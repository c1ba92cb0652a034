import type { Size } from "./frame.ts";

/**
 * A picture averaged over blocks of 8×8 pixels: 3 bytes (red, green, blue) a block, rows from the top. Blocks at the right
 * and lower edge average the pixels that they have.
 */
export interface BlockAverages {
  readonly columns: number;
  readonly rows: number;
  readonly rgb: Uint8Array;
}

/** A box in pixels of the picture. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How far two pictures lie apart, by blocks. */
export interface BlockDifference {
  /** The largest difference of one channel of one block, 0 to 255. */
  readonly largest: number;
  /** Around all blocks that differ by more than the limit; null where none does. */
  readonly box: Box | null;
}

export const BLOCK_SIZE = 8;

/**
 * Right pictures of two captures differ by up to 10 of 255 (antialiasing, layers that were resampled), wrong ones by 200
 * and more; the limit stands well clear of both (see docs/decisions/0004).
 */
export const BLOCK_LIMIT = 16;

/**
 * While an element moves by an animation, the compositor shows it resampled from another scale or half a pixel aside (right pictures
 * of text that grows differ by up to 30 of 255 at its edges, and by 8 once it rests). So much of the contrast around a block is allowed on top of the limit.
 */
export const RESAMPLED_SHARE: number = 1 / 8;

/** Puts the bytes of a picture's averages together with the grid that its size makes. */
export function blockAverages({ width, height }: Size, rgb: Uint8Array): BlockAverages {
  return { columns: Math.ceil(width / BLOCK_SIZE), rows: Math.ceil(height / BLOCK_SIZE), rgb };
}

/**
 * Compares by blocks, not by PSNR: twelve rotated cards differ by 36 dB between two right captures.
 *
 * @param b what is right
 * @param contrastShare how much of the contrast around a block may be added to the limit
 */
export function compareBlocks(a: BlockAverages, b: BlockAverages, size: Size, contrastShare = 0): BlockDifference {
  if (a.columns !== b.columns || a.rows !== b.rows) {
    return { largest: 255, box: { x: 0, y: 0, width: size.width, height: size.height } };
  }
  let largest = 0;
  let [left, top, right, bottom]: [number, number, number, number] = [a.columns, a.rows, -1, -1];
  for (let row = 0; row < a.rows; row++) {
    for (let column = 0; column < a.columns; column++) {
      const at: number = (row * a.columns + column) * 3;
      const difference: number = Math.max(
        Math.abs(a.rgb[at]! - b.rgb[at]!),
        Math.abs(a.rgb[at + 1]! - b.rgb[at + 1]!),
        Math.abs(a.rgb[at + 2]! - b.rgb[at + 2]!),
      );
      largest = Math.max(largest, difference);
      if (difference <= BLOCK_LIMIT || difference <= BLOCK_LIMIT + contrastShare * contrastAround(b, column, row)) continue;
      [left, top, right, bottom] = [Math.min(left, column), Math.min(top, row), Math.max(right, column), Math.max(bottom, row)];
    }
  }
  if (right < 0) return { largest, box: null };
  const [x, y] = [left * BLOCK_SIZE, top * BLOCK_SIZE];
  const width: number = Math.min((right + 1) * BLOCK_SIZE, size.width) - x;
  const height: number = Math.min((bottom + 1) * BLOCK_SIZE, size.height) - y;
  return { largest, box: { x, y, width, height } };
}

/** The largest range of one channel over a block and its neighbours. */
function contrastAround({ columns, rows, rgb }: BlockAverages, column: number, row: number): number {
  let contrast = 0;
  for (let channel = 0; channel < 3; channel++) {
    let [least, most] = [255, 0];
    for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
      for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
        const level: number = rgb[(y * columns + x) * 3 + channel]!;
        [least, most] = [Math.min(least, level), Math.max(most, level)];
      }
    }
    contrast = Math.max(contrast, most - least);
  }
  return contrast;
}
