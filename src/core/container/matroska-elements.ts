/** One element of a Matroska file: its identifier, its content, and where all of it begins. */
export interface MatroskaElement {
  readonly id: number;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/** Identifiers of elements (RFC 9559). */
export const elementIds = {
  segment: 0x18538067,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackType: 0x83,
  name: 0x536e,
  video: 0xe0,
  alphaMode: 0x53c0,
  codecDelay: 0x56aa,
  seekPreRoll: 0x56bb,
} as const;

/** The elements of a part of a file, in order. One whose length is not written yet goes on to the end. */
export function* elementsIn(bytes: Uint8Array, start: number, end: number): Generator<MatroskaElement> {
  for (let at = start; at < end;) {
    const idLength: number = lengthOf(bytes[at]!);
    const sizeLength: number = lengthOf(bytes[at + idLength]!);
    const content: number = at + idLength + sizeLength;
    const id: number = unsigned(bytes, at, idLength);
    const size: number = unsigned(bytes, at + idLength, sizeLength) - 2 ** (7 * sizeLength);
    const elementEnd: number = id === elementIds.segment ? end : Math.min(end, content + size);
    yield { id, at, start: content, end: elementEnd };
    at = elementEnd;
  }
}

/** Every element that a path of identifiers leads to. */
export function* elementsAt(bytes: Uint8Array, [id, ...rest]: readonly number[], within?: MatroskaElement): Generator<MatroskaElement> {
  for (const element of elementsIn(bytes, within?.start ?? 0, within?.end ?? bytes.length)) {
    if (element.id !== id) continue;
    if (rest.length === 0) yield element;
    else yield* elementsAt(bytes, rest, element);
  }
}

/** The first byte of a number of variable length says how long it is. */
function lengthOf(first: number): number {
  return Math.clz32(first) - 23;
}

/** Not by shifts: sizes pass 32 bits. */
function unsigned(bytes: Uint8Array, start: number, length: number): number {
  return bytes.subarray(start, start + length).reduce((value, byte) => value * 256 + byte, 0);
}
