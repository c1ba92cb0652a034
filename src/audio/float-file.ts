import type { FileHandle } from "node:fs/promises";

/** Reads 32-bit floats `[start, end)` that lie in a file from a byte on; what is past its end is silence. */
export async function readFloats(file: FileHandle, firstByte: number, start: number, end: number): Promise<Float32Array> {
  const floats = new Float32Array(end - start);
  const bytes = new Uint8Array(floats.buffer);
  const from: number = firstByte + start * Float32Array.BYTES_PER_ELEMENT;
  let filled = 0;
  while (filled < bytes.byteLength) {
    const { bytesRead } = await file.read(bytes, filled, bytes.byteLength - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return floats;
}

/** Writes 32-bit floats to a file, the first of them at number `start` from a byte on. */
export async function writeFloats(file: FileHandle, firstByte: number, start: number, floats: Float32Array): Promise<void> {
  const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  const to: number = firstByte + start * Float32Array.BYTES_PER_ELEMENT;
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written, to + written);
    written += bytesWritten;
  }
}
