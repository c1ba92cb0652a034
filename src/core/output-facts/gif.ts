import type { AnimationFacts } from "./animation.ts";
import { textAt, type ByteWindow } from "./byte-window.ts";

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
const APPLICATION = 0xff;

/** Reads a GIF (GIF89a specification) from its first byte to its last. @throws Error where it is none, or is not whole */
export async function readGif(file: ByteWindow): Promise<AnimationFacts> {
  const head: DataView = await file.at(0, 13);
  if (textAt(head, 0, 4) !== "GIF8") throw new Error("it does not begin as a GIF does");
  const size = { width: head.getUint16(6, true), height: head.getUint16(8, true) };
  let position: number = 13 + colorTableBytes(head.getUint8(10));
  let [frameCount, hundredths, alpha, loop]: [number, number, boolean, number] = [0, 0, false, 1];
  for (;;) {
    const kind: number = (await file.at(position, 1)).getUint8(0);
    if (kind === TRAILER) return { frameCount, durationSeconds: hundredths / 100, size, alpha, loop };
    if (kind === IMAGE) {
      frameCount++;
      const flags: number = (await file.at(position, 10)).getUint8(9);
      // One byte says how the pixels are packed.
      position = await endOfBlocks(file, position + 10 + colorTableBytes(flags) + 1);
    } else if (kind === EXTENSION) {
      const label: number = (await file.at(position, 2)).getUint8(1);
      if (label === GRAPHIC_CONTROL) {
        const control: DataView = await file.at(position, 8);
        // Later pictures have transparent pixels where nothing changed.
        if (frameCount === 0) alpha = (control.getUint8(3) & 1) === 1;
        hundredths += control.getUint16(4, true);
      }
      if (label === APPLICATION) loop = (await loopsOf(file, position)) ?? loop;
      position = await endOfBlocks(file, position + 2);
    } else throw new Error(`there is no part of a GIF at byte ${position}`);
  }
}

function colorTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

/** Netscape's extension counts the times after the first, and 0 is for ever; without it a GIF plays once. */
async function loopsOf(file: ByteWindow, position: number): Promise<number | null> {
  const extension: DataView = await file.at(position, 18);
  if (textAt(extension, 3, 11) !== "NETSCAPE2.0") return null;
  const again: number = extension.getUint16(16, true);
  return again === 0 ? 0 : again + 1;
}

/** Behind a chain of blocks, each with its length before it, that an empty one ends. */
async function endOfBlocks(file: ByteWindow, start: number): Promise<number> {
  let position: number = start;
  for (;;) {
    const length: number = (await file.at(position, 1)).getUint8(0);
    position += length + 1;
    if (length === 0) return position;
  }
}
