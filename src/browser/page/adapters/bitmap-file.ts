const FILE_HEADER = 14;
/** BITMAPV4HEADER: the first that knows of transparency. */
const PICTURE_HEADER = 108;

/**
 * A picture as a BMP file with transparency. Written at once, where a canvas encodes when the page is idle, and the very pixels
 * that it was given.
 */
export async function bitmapFile(frame: VideoFrame): Promise<Blob> {
  const { width, height } = frame.visibleRect!;
  const header = new DataView(new ArrayBuffer(FILE_HEADER + PICTURE_HEADER));
  const pixels = new Uint8Array(frame.allocationSize({ format: "RGBA" }));
  await frame.copyTo(pixels, { format: "RGBA" });
  const numbers: readonly (readonly [offset: number, value: number])[] = [
    [2, header.byteLength + pixels.byteLength],
    [10, header.byteLength],
    [14, PICTURE_HEADER],
    [18, width],
    // Rows from the top.
    [22, -height],
    // 32 bits a pixel in 1 plane, and which of them are red, green, blue and alpha.
    [26, (32 << 16) | 1],
    [30, 3],
    [34, pixels.byteLength],
    [54, 0x000000ff],
    [58, 0x0000ff00],
    [62, 0x00ff0000],
    [66, 0xff000000],
    // "sRGB"
    [70, 0x73524742],
  ];
  header.setUint16(0, 0x424d);
  for (const [offset, value] of numbers) header.setUint32(offset, value, true);
  return new Blob([header, pixels], { type: "image/bmp" });
}
