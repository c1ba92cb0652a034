const BLOCK = 8;

/** Averages an opaque RGBA picture over blocks of 8×8 pixels; see `BlockAverages` in the core. */
export function averageBlocks(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number): Uint8Array {
  const columns: number = Math.ceil(width / BLOCK);
  const rows: number = Math.ceil(height / BLOCK);
  const averages = new Uint8Array(columns * rows * 3);
  const sums = new Uint32Array(columns * 3);
  for (let row = 0; row < rows; row++) {
    const top: number = row * BLOCK;
    const bottom: number = Math.min(top + BLOCK, height);
    sums.fill(0);
    for (let y = top; y < bottom; y++) {
      let at: number = y * width * 4;
      for (let x = 0; x < width; x++, at += 4) {
        const block: number = (x >> 3) * 3;
        sums[block]! += rgba[at]!;
        sums[block + 1]! += rgba[at + 1]!;
        sums[block + 2]! += rgba[at + 2]!;
      }
    }
    for (let column = 0; column < columns; column++) {
      const pixels: number = (Math.min((column + 1) * BLOCK, width) - column * BLOCK) * (bottom - top);
      for (let channel = 0; channel < 3; channel++) {
        averages[(row * columns + column) * 3 + channel] = Math.round(sums[column * 3 + channel]! / pixels);
      }
    }
  }
  return averages;
}
