// The compression that every runtime has without these, CompressionStream, knows one level alone, at three times the cost.
// oxlint-disable-next-line import/no-nodejs-modules
import { crc32, deflate } from "node:zlib";
import type { Size } from "../core/frame.ts";

/** Higher levels take several times the time for a little less, on pages; nothing is lost at any. */
const DEFLATE = { level: 3, memLevel: 9 } as const;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
/** The filter that keeps of each pixel its difference to the one on its left: pages are flat, or slopes. */
const FILTER_SUB = 1;
const BITS = 8;
const RGBA_COLOR = 6;

/** Makes a PNG of RGBA pixels. What it needs of them is read before it returns; the rest runs on other threads. */
export async function encodePng(rgba: Uint8Array, size: Size): Promise<Uint8Array> {
  const packed: Uint8Array = await deflated(filteredRows(rgba, size));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, size.width);
  view.setUint32(4, size.height);
  header.set([BITS, RGBA_COLOR, 0, 0, 0], 8);
  return Buffer.concat([Uint8Array.from(SIGNATURE), chunk("IHDR", header), chunk("IDAT", packed), chunk("IEND", new Uint8Array(0))]);
}

function deflated(data: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    deflate(data, DEFLATE, (fault, packed) => (fault ? reject(fault) : resolve(packed)));
  });
}

function filteredRows(rgba: Uint8Array, { width, height }: Size): Uint8Array {
  const rowBytes: number = width * 4;
  const rows = new Uint8Array((rowBytes + 1) * height);
  // Whole pixels at a time need an aligned view.
  const aligned: Uint8Array = rgba.byteOffset % 4 === 0 ? rgba : rgba.slice();
  const pixels = new Uint32Array(aligned.buffer, aligned.byteOffset, width * height);
  const differences = new Uint32Array(width);
  const differenceBytes = new Uint8Array(differences.buffer);
  for (let row = 0; row < height; row++) {
    let left = 0;
    for (let column = 0; column < width; column++) {
      const pixel: number = pixels[row * width + column]!;
      // Four subtractions of bytes in one: the highest bit of each byte is kept from borrowing.
      differences[column] = ((pixel | 0x80808080) - (left & 0x7f7f7f7f)) ^ ((pixel ^ ~left) & 0x80808080);
      left = pixel;
    }
    rows[row * (rowBytes + 1)] = FILTER_SUB;
    rows.set(differenceBytes, row * (rowBytes + 1) + 1);
  }
  return rows;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let at = 0; at < 4; at++) bytes[4 + at] = type.charCodeAt(at);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}
