import type { Size } from "../../src/core/frame.ts";
import { boxAverage } from "./block-pictures.ts";

/** Size and grid of the page `bar-code.html`. */
export const barCodeSize: Size = { width: 320, height: 180 };
const [COLUMNS, CELL_WIDTH, CELL_HEIGHT] = [8, 40, 60];
const CHECK = 0xa5;

/** The frame number that a gray picture of the page shows; null where it shows none. */
export function readBarCode(gray: Uint8Array): number | null {
  let bits = 0;
  for (let cell = 0; cell < 24; cell++) {
    const x: number = (cell % COLUMNS) * CELL_WIDTH;
    const y: number = Math.floor(cell / COLUMNS) * CELL_HEIGHT;
    // The middle of the cell: the encoder may smear its edges.
    const [level] = boxAverage(gray, barCodeSize, 1, { x: x + 10, y: y + 15, width: CELL_WIDTH - 20, height: CELL_HEIGHT - 30 });
    if (level! > 64 && level! < 192) return null;
    bits = (bits << 1) | (level! > 128 ? 1 : 0);
  }
  const [high, low, check] = [bits >> 16, (bits >> 8) & 255, bits & 255];
  return check === (high ^ low ^ CHECK) ? (high << 8) | low : null;
}
