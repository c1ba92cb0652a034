import { readFile, writeFile } from "node:fs/promises";

/** Writes a copy of an MP4 file that says of its pictures that they are to be turned, in degrees clockwise. */
export async function writeTurned(from: string, to: string, degrees: 90 | 180 | 270): Promise<void> {
  const bytes: Buffer = await readFile(from);
  // The header of the track: its name, version and flags, 36 bytes of times and numbers, then a matrix of nine numbers.
  const matrix: number = bytes.indexOf("tkhd") + 44;
  const one = 0x1_00_00;
  const turns: Readonly<Record<typeof degrees, readonly number[]>> = {
    90: [0, one, 0, -one, 0],
    180: [-one, 0, 0, 0, -one],
    270: [0, -one, 0, one, 0],
  };
  for (const [at, value] of turns[degrees].entries()) bytes.writeInt32BE(value, matrix + at * 4);
  await writeFile(to, bytes);
}
