import type { AnimationFacts } from "./animation.ts";
import { textAt, type ByteWindow } from "./byte-window.ts";
import { readWebpHeader, webpLosslessHasAlpha, type PictureHeader } from "./picture.ts";

const FIRST_CHUNK = 12;
/** Of a frame, before its pixels: place, size, duration, flags. */
const FRAME_HEADER_BYTES = 16;

/** Reads a WebP, moving or still, chunk by chunk (RFC 9649). @throws Error where it is none, or is not whole */
export async function readWebp(file: ByteWindow): Promise<AnimationFacts> {
  const head: DataView = await file.at(0, Math.min(30, file.length));
  const { size, alpha: mayHaveAlpha }: PictureHeader = readWebpHeader(head);
  const end: number = head.getUint32(4, true) + 8;
  if (end > file.length) throw new Error(`it says that it has ${end} bytes, and has ${file.length}`);
  let [frameCount, milliseconds, loop, alpha]: [number, number, number | null, boolean] = [0, 0, null, mayHaveAlpha];
  for (let position = FIRST_CHUNK; position < end;) {
    const chunk: DataView = await file.at(position, 8);
    const [type, length]: [string, number] = [textAt(chunk, 0, 4), chunk.getUint32(4, true)];
    if (type === "ANIM") loop = (await file.at(position + 8, 6)).getUint16(4, true);
    if (type === "ANMF") {
      // Later pictures have transparent pixels where nothing changed.
      if (frameCount === 0) alpha &&= await hasAlpha(file, position + 8 + FRAME_HEADER_BYTES);
      frameCount++;
      const frame: DataView = await file.at(position + 8, FRAME_HEADER_BYTES);
      milliseconds += frame.getUint16(12, true) + frame.getUint8(14) * 0x10000;
    }
    position += 8 + length + (length % 2);
  }
  // One picture of a whole clip is written as a still one.
  if (loop === null) return { frameCount: 1, durationSeconds: 0, size, alpha, loop: 1 };
  return { frameCount, durationSeconds: milliseconds / 1000, size, alpha, loop };
}

/** Of the picture in a frame: a part of its own, or a bit of the lossless kind. */
async function hasAlpha(file: ByteWindow, position: number): Promise<boolean> {
  const picture: DataView = await file.at(position, 13);
  const type: string = textAt(picture, 0, 4);
  return type === "ALPH" || (type === "VP8L" && webpLosslessHasAlpha(picture.getUint32(9, true)));
}
