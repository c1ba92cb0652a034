/**
 * What FFV1 says of itself (RFC 9043): enough of its range coder (section 3.8.1) and of its parameters (section 4.2) to
 * learn whether it has alpha.
 */

/** Where a stream states its parameters: in its configuration since version 3, in the key frames themselves before. */
export interface Ffv1Header {
  readonly from: "configuration" | "key frame";
  readonly bytes: Uint8Array;
}

/** @throws Error where the bytes are no header of FFV1 */
export function ffv1HasAlpha({ from, bytes }: Ffv1Header): boolean {
  const isConfiguration: boolean = from === "configuration";
  const coder = new RangeDecoder(bytes);
  if (!isConfiguration && !coder.bit(new Uint8Array([128]), 0)) throw new Error("its first frame is no key frame");
  const states: Uint8Array = new Uint8Array(32).fill(128);
  const version: number = coder.symbol(states, false);
  if (version > 4 || isConfiguration !== version >= 3) throw new Error(`it is FFV1 of version ${version}, in a form that is not known`);
  if (version >= 3) coder.symbol(states, false); // micro_version
  const coderType: number = coder.symbol(states, false);
  if (coderType > 2) throw new Error(`it uses a coder ${coderType} of FFV1, which is not known`);
  // state_transition_delta
  if (coderType === 2) for (let state = 1; state < 256; state++) coder.symbol(states, true);
  coder.symbol(states, false); // colorspace_type
  if (version > 0) coder.symbol(states, false); // bits_per_raw_sample
  coder.bit(states, 0); // chroma_planes
  coder.symbol(states, false); // log2_h_chroma_subsample
  coder.symbol(states, false); // log2_v_chroma_subsample
  return coder.bit(states, 0); // extra_plane
}

/** The state that follows one in which a 1 was read (default_state_transition of section 3.8.1.5); those after a 0 mirror it. */
// oxfmt-ignore
const stateAfterOne: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
  36, 37, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 56, 57,
  58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 75, 76, 77, 78, 79, 80,
  81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103,
  104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126,
  127, 128, 129, 130, 131, 132, 133, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144, 145, 146, 147, 148, 149,
  150, 151, 152, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 171,
  172, 173, 174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 190, 191, 192, 194, 194,
  195, 196, 197, 198, 199, 200, 201, 202, 202, 204, 205, 206, 207, 208, 209, 209, 210, 211, 212, 213, 215, 215, 216, 217,
  218, 219, 220, 220, 222, 223, 224, 225, 226, 227, 227, 229, 229, 230, 231, 232, 234, 234, 235, 236, 237, 238, 239, 240,
  241, 242, 243, 244, 245, 246, 247, 248, 248, 0, 0, 0, 0, 0, 0, 0,
];

class RangeDecoder {
  readonly #bytes: Uint8Array;
  #position = 2;
  #low: number;
  #range = 0xff00;

  constructor(bytes: Uint8Array) {
    if (bytes.length < 3) throw new Error("its header is too short");
    this.#bytes = bytes;
    this.#low = bytes[0]! * 256 + bytes[1]!;
  }

  bit(states: Uint8Array, at: number): boolean {
    const state: number = states[at]!;
    const ofOne: number = (this.#range * state) >> 8;
    this.#range -= ofOne;
    const isOne: boolean = this.#low >= this.#range;
    if (isOne) {
      this.#low -= this.#range;
      this.#range = ofOne;
    }
    states[at] = isOne ? stateAfterOne[state]! : 256 - stateAfterOne[256 - state]!;
    if (this.#range < 0x100) {
      this.#range *= 256;
      this.#low = this.#low * 256 + (this.#bytes[this.#position++] ?? 0);
    }
    return isOne;
  }

  /** A whole number: whether it is 0, how many bits it has, the bits, and its sign. */
  symbol(states: Uint8Array, isSigned: boolean): number {
    if (this.bit(states, 0)) return 0;
    let bits = 0;
    while (this.bit(states, 1 + Math.min(bits, 9))) if (++bits > 31) throw new Error("its header is damaged");
    let value = 1;
    for (let at: number = bits - 1; at >= 0; at--) value = value * 2 + (this.bit(states, 22 + Math.min(at, 9)) ? 1 : 0);
    return isSigned && this.bit(states, 11 + Math.min(bits, 10)) ? -value : value;
  }
}
