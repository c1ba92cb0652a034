import { BLOCK_SIZE, blockAverages, type BlockAverages, type Box } from "../../src/core/blocks.ts";
import type { Size } from "../../src/core/frame.ts";

export type Colour = readonly [red: number, green: number, blue: number];

/** A box of one colour. Its edges lie on the grid of blocks, so that each block has one colour. */
export interface PaintedBox extends Box {
  readonly colour: Colour;
}

/** What a picture of boxes upon one another averages to, the last on top. */
export function paintedBlocks(size: Size, background: Colour, boxes: readonly PaintedBox[]): BlockAverages {
  const rgb: number[] = [];
  for (let y = 0; y < size.height; y += BLOCK_SIZE) {
    for (let x = 0; x < size.width; x += BLOCK_SIZE) {
      const onTop: PaintedBox | undefined = boxes.findLast(
        (box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height,
      );
      rgb.push(...(onTop?.colour ?? background));
    }
  }
  return blockAverages(size, Uint8Array.from(rgb));
}
