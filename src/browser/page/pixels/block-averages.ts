const BLOCK = 8;

/**
 * What transparent pixels are laid over before they are averaged. Far from every grey, white and black included: a picture that is
 * filled where it should be transparent, or transparent where it should be filled, must not look the same.
 */
const BACKDROP = { red: 64, green: 192, blue: 96 } as const;

/** Averages an RGBA picture with straight alpha over blocks of 8×8 pixels; see `BlockAverages` in the core. */
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
