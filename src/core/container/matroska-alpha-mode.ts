/** Identifiers of Matroska's elements, from the file's segment down to the flag that says that its blocks carry alpha. */
const path: readonly number[] = [0x18538067, 0x1654ae6b, 0xae, 0xe0, 0x53c0];

/**
 * Finds the flag that says that blocks carry alpha.
 *
 * @param segment The beginning of a segment, with its tracks
 * @returns Where its value, one byte, lies in these bytes; null where there is no flag
 */
export function alphaModeAt(segment: Uint8Array): number | null {
  let [at, end, depth]: [number, number, number] = [0, segment.length, 0];
  while (at < end) {
    const idLength: number = lengthOf(segment[at]!);
    const sizeLength: number = lengthOf(segment[at + idLength]!);
    const content: number = at + idLength + sizeLength;
    if (unsigned(segment, at, idLength) !== path[depth]) {
      at = content + unsigned(segment, at + idLength, sizeLength) - 2 ** (7 * sizeLength);
      continue;
    }
    if (++depth === path.length) return content;
    at = content;
  }
  return null;
}

/** The first byte of a number of variable length says how long it is. */
function lengthOf(first: number): number {
  return Math.clz32(first) - 23;
}

/** Not by shifts: sizes pass 32 bits. */
function unsigned(bytes: Uint8Array, start: number, length: number): number {
  return bytes.subarray(start, start + length).reduce((value, byte) => value * 256 + byte, 0);
}
