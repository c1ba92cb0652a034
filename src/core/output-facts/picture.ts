import type { Size } from "../frame.ts";
import { textAt } from "./byte-window.ts";

/** What the header of a still picture says. */
export interface PictureHeader {
  readonly size: Size;
  /** Whether pixels may be transparent. */
  readonly alpha: boolean;
}

export const PNG_SIGNATURE = "\x89PNG\r\n\x1a\n";
const PNG_END = "IEND\xaeB`\x82";

export type PictureKind = "png" | "jpeg" | "webp";

/** @throws Error where it is no such picture */
export function readPictureHeader(kind: PictureKind, head: DataView): PictureHeader {
  if (kind === "png") return readPngHeader(head);
  return kind === "jpeg" ? readJpegHeader(head) : readWebpHeader(head);
}

/** @throws Error where it is no PNG of 8 bits a channel */
function readPngHeader(head: DataView): PictureHeader {
  if (head.byteLength < 33 || textAt(head, 0, 8) !== PNG_SIGNATURE) throw new Error("it does not begin as a PNG does");
  if (head.getUint8(24) !== 8) throw new Error(`it has ${head.getUint8(24)} bits a channel instead of 8`);
  return { size: { width: head.getUint32(16), height: head.getUint32(20) }, alpha: pngHasAlpha(head.getUint8(25)) };
}

/** Of the colour types of PNG, grey and RGB have a kind with alpha. */
export function pngHasAlpha(colorType: number): boolean {
  return colorType === 4 || colorType === 6;
}

/** @throws Error where it is no WebP */
export function readWebpHeader(head: DataView): PictureHeader {
  if (head.byteLength < 25 || textAt(head, 0, 4) !== "RIFF" || textAt(head, 8, 4) !== "WEBP")
    throw new Error("it does not begin as a WebP does");
  switch (textAt(head, 12, 4)) {
    case "VP8X":
      return { size: { width: uint24(head, 24) + 1, height: uint24(head, 27) + 1 }, alpha: (head.getUint8(20) & 0x10) !== 0 };
    case "VP8L": {
      const bits: number = head.getUint32(21, true);
      return { size: { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }, alpha: webpLosslessHasAlpha(bits) };
    }
    case "VP8 ":
      return { size: { width: head.getUint16(26, true) & 0x3fff, height: head.getUint16(28, true) & 0x3fff }, alpha: false };
    default:
      throw new Error(`its first part is "${textAt(head, 12, 4)}", which no picture of WebP begins with`);
  }
}

/** Of the 32 bits behind the mark of WebP's lossless kind, that of alpha. */
export function webpLosslessHasAlpha(bits: number): boolean {
  return ((bits >>> 28) & 1) === 1;
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) + view.getUint8(at + 2) * 0x10000;
}

/** Finds the frame's size behind tables of any length. @throws Error where it is no JPEG, or its size is not in `head` */
function readJpegHeader(head: DataView): PictureHeader {
  if (head.byteLength < 4 || head.getUint16(0) !== 0xffd8) throw new Error("it does not begin as a JPEG does");
  for (let position = 2; position + 9 <= head.byteLength; position += 2 + head.getUint16(position + 2)) {
    const marker: number = head.getUint16(position);
    if (marker < 0xff01) break;
    // C4, C8 and CC are tables and a reserve among the frame's markers.
    const startsFrame: boolean = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (startsFrame) return { size: { width: head.getUint16(position + 7), height: head.getUint16(position + 5) }, alpha: false };
  }
  throw new Error("it says no size");
}

/** Reads a part of a picture's file as `slice` does. */
export type ReadSlice = (start: number, end?: number) => Promise<Uint8Array>;

/** Whether a picture ends as it should: one that was cut off does not. */
export async function isWhole(kind: PictureKind, head: DataView, read: ReadSlice): Promise<boolean> {
  switch (kind) {
    case "png":
      return textAt(viewOf(await read(-PNG_END.length)), 0, PNG_END.length) === PNG_END;
    case "jpeg":
      return (await read(-2)).join() === "255,217";
    case "webp": {
      const lastByte: number = head.getUint32(4, true) + 7;
      return (await read(lastByte)).length === 1;
    }
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
