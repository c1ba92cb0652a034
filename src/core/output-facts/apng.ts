import type { AnimationFacts } from "./animation.ts";
import { textAt, type ByteWindow } from "./byte-window.ts";
import { PNG_SIGNATURE, pngHasAlpha } from "./picture.ts";

/** Reads an APNG chunk by chunk (PNG specification, third edition). @throws Error where it is none, or is not whole */
export async function readApng(file: ByteWindow): Promise<AnimationFacts> {
  const head: DataView = await file.at(0, 33);
  if (textAt(head, 0, 8) !== PNG_SIGNATURE) throw new Error("it does not begin as a PNG does");
  const size = { width: head.getUint32(16), height: head.getUint32(20) };
  let alpha: boolean = pngHasAlpha(head.getUint8(25));
  let [said, frameCount, durationSeconds, loop]: [number | null, number, number, number] = [null, 0, 0, 1];
  for (let position = 8; ;) {
    const chunk: DataView = await file.at(position, 8);
    const [length, type]: [number, string] = [chunk.getUint32(0), textAt(chunk, 4, 4)];
    if (type === "acTL") {
      const control: DataView = await file.at(position + 8, 8);
      [said, loop] = [control.getUint32(0), control.getUint32(4)];
    }
    if (type === "tRNS") alpha = true;
    if (type === "fcTL") {
      const frame: DataView = await file.at(position + 8, 26);
      frameCount++;
      // A denominator of 0 stands for 100.
      durationSeconds += frame.getUint16(20) / (frame.getUint16(22) || 100);
    }
    position += length + 12;
    if (type !== "IEND") continue;
    if (position > file.length) throw new Error("its last part is cut off");
    if (said === null) return { frameCount: 1, durationSeconds: 0, size, alpha, loop };
    if (said !== frameCount) throw new Error(`it says that it has ${said} frames, and has ${frameCount}`);
    return { frameCount, durationSeconds, size, alpha, loop };
  }
}
