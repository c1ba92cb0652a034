import type { Frame, FramePixels } from "../frame.ts";

/**
 * The picture that was written last. Whoever begins a block in the middle cannot know whether its first frame repeats the one
 * before: here the two are compared. The frame is kept open for that until another picture has been written.
 */
export class LastPicture {
  #kept: Frame | null = null;

  /**
   * Gives the frame to write instead of the one that was captured, which is owned from here on.
   *
   * @param beginsBlock Whether its source had nothing to compare it with
   */
  pass(frame: Frame, beginsBlock: boolean): Frame {
    if (frame.pixels === null) return frame;
    if (beginsBlock && this.#kept !== null && areEqual(this.#kept.pixels, frame.pixels)) {
      frame.close();
      return { ...copyOf(frame), repeats: true, pixels: null, close: () => {} };
    }
    const [written, kept] = shared({ ...copyOf(frame), repeats: frame.repeats && !beginsBlock });
    this.close();
    this.#kept = kept;
    return written;
  }

  close(): void {
    this.#kept?.close();
    this.#kept = null;
  }
}

/** A frame may be an object whose properties are no own ones. */
function copyOf(frame: Frame): Frame {
  const { index, timestampUs, durationUs, size, repeats, pixels } = frame;
  return { index, timestampUs, durationUs, size, repeats, pixels, close: () => frame.close() };
}

/** One frame for two owners: it is closed when both have closed theirs. */
function shared(frame: Frame): [Frame, Frame] {
  const owners = new Set<symbol>();
  const own = (): Frame => {
    const owner = Symbol();
    owners.add(owner);
    return {
      ...frame,
      close: () => {
        if (owners.delete(owner) && owners.size === 0) frame.close();
      },
    };
  };
  return [own(), own()];
}

/** Byte for byte; pixels that never left the page are not compared. */
function areEqual(one: FramePixels | null, other: FramePixels): boolean {
  if (one === null || one.format === "page" || other.format === "page") return false;
  return one.format === other.format && areBytesEqual(one.data, other.data);
}

/** Ends at the first difference; the whole of a picture is compared only where it repeats. */
function areBytesEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.byteLength !== other.byteLength) return false;
  const [words, others] = [wordsOf(one), wordsOf(other)];
  if (words === null || others === null) return areAllEqual(one, other);
  const rest: number = words.byteLength;
  return areAllEqual(words, others) && areAllEqual(one.subarray(rest), other.subarray(rest));
}

/** Four bytes at a time go several times as fast. Null where they do not begin at a word. */
function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array | null {
  const { BYTES_PER_ELEMENT } = Uint32Array;
  return byteOffset % BYTES_PER_ELEMENT === 0 ? new Uint32Array(buffer, byteOffset, Math.floor(byteLength / BYTES_PER_ELEMENT)) : null;
}

function areAllEqual(one: Uint8Array | Uint32Array, other: Uint8Array | Uint32Array): boolean {
  const { length } = one;
  for (let at = 0; at < length; at++) if (one[at] !== other[at]) return false;
  return true;
}
