import type { Size } from "../../src/core/frame.ts";
import { boxAverage } from "./block-pictures.ts";

/** Size and grid of the page `bar-code.html`. */
export const barCodeSize: Size = { width: 320, height: 180 };
const [COLUMNS, CELL_WIDTH, CELL_HEIGHT] = [8, 40, 60];
const CHECK = 0xa5;

/** The cells of the grid, in the order of their bits. */
export const barCodeCells: readonly (Size & { readonly x: number; readonly y: number })[] = Array.from({ length: 24 }, (_, cell) => ({
  x: (cell % COLUMNS) * CELL_WIDTH,
  y: Math.floor(cell / COLUMNS) * CELL_HEIGHT,
  width: CELL_WIDTH,
  height: CELL_HEIGHT,
}));

/** What the cells show for a number below 65,536: its bytes and their check, the highest bit first. */
export function barCodeBits(shown: number): number {
  const [high, low] = [shown >> 8, shown & 255];
  return (high << 16) | (low << 8) | (high ^ low ^ CHECK);
}

/** The frame number that a gray picture of the page shows; null where it shows none. */
export function readBarCode(gray: Uint8Array): number | null {
  let bits = 0;
  for (const { x, y, width, height } of barCodeCells) {
    // The middle of the cell: the encoder may smear its edges.
    const [level] = boxAverage(gray, barCodeSize, 1, { x: x + 10, y: y + 15, width: width - 20, height: height - 30 });
    if (level! > 64 && level! < 192) return null;
    bits = (bits << 1) | (level! > 128 ? 1 : 0);
  }
  const shown: number = bits >> 8;
  return barCodeBits(shown) === bits ? shown : null;
}
