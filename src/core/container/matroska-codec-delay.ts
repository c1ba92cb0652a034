import { elementIds, elementsAt, elementsIn, type MatroskaElement } from "./matroska-elements.ts";

/** Bytes that take the place of others in a file. */
export interface Patch {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What a decoder is to know of the beginning of a track, in nanoseconds. */
export interface CodecDelay {
  /** What lies before the first sample: it is thrown away, and blocks are shown earlier by it. */
  readonly delay: number;
  /** What is to be decoded before a place that was sought; null where nothing is. */
  readonly preRoll: number | null;
}

/** The name that a track of sound is given, in whose place the delay is written: the library that writes tracks knows no delays. */
export const DELAY_PLACEHOLDER: string = " ".repeat(11);
/** Of an element with a number of four bytes: two of the identifier, one of the length. */
const NUMBER_BYTES = 7;
const VOID = 0xec;

/**
 * The delay for the one track whose name is the placeholder.
 *
 * @param segment The beginning of a segment, with its tracks
 * @returns What to write, by positions in these bytes; empty where there is no such track
 */
export function codecDelayPatches(segment: Uint8Array, { delay, preRoll }: CodecDelay): Patch[] {
  for (const track of elementsAt(segment, [elementIds.segment, elementIds.tracks, elementIds.trackEntry])) {
    const parts: readonly MatroskaElement[] = [...elementsIn(segment, track.start, track.end)];
    const name: MatroskaElement | undefined = parts.find(({ id }) => id === elementIds.name);
    if (name === undefined || name.end - name.at !== 2 * NUMBER_BYTES) continue;
    const second: Uint8Array = preRoll === null ? voidOf(NUMBER_BYTES) : numberElement(elementIds.seekPreRoll, preRoll);
    // The library says the delay of Opus for its pre-roll.
    const wrong: readonly MatroskaElement[] = parts.filter(({ id }) => id === elementIds.seekPreRoll);
    return [
      { position: name.at, bytes: numberElement(elementIds.codecDelay, delay) },
      { position: name.at + NUMBER_BYTES, bytes: second },
      ...wrong.map(({ at, end }) => ({ position: at, bytes: voidOf(end - at) })),
    ];
  }
  return [];
}

function numberElement(id: number, value: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint8(2, 0x84);
  view.setUint32(3, value);
  return bytes;
}

/** What readers skip. */
function voidOf(byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  bytes.set([VOID, 0x80 | (byteLength - 2)]);
  return bytes;
}
