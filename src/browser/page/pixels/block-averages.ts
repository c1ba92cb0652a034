const BLOCK = 8;

/** Averages an opaque RGBA picture over blocks of 8×8 pixels; see `BlockAverages` in the core. */
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
          redAndBlue += pixels[pixel]! & 0xff00ff;
          green += pixels[pixel]! & 0xff00;
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
