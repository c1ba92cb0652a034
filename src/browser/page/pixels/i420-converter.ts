import { rgbaToI420Wasm } from "../../generated/rgba-to-i420-wasm.ts";

/** Converts one size of RGBA picture to I420 (BT.709, limited range) inside WASM memory. */
export interface I420Converter {
  readonly width: number;
  readonly height: number;
  /** Where the RGBA picture is written before `convert` (a view into WASM memory, width*height*4 bytes). */
  readonly rgba: Uint8Array<ArrayBuffer>;
  /** Converts what stands in `rgba`. */
  convert(): I420Picture;
}

export interface I420Picture {
  /**
   * A view into WASM memory: Y plane, U plane, V plane; width*height*1.5 bytes. Valid until the next
   * call but one.
   */
  readonly planes: Uint8Array<ArrayBuffer>;
  /** Whether the picture equals the one that the call before gave, byte for byte. */
  readonly equalsLast: boolean;
}

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly convert: (rgba: number, i420: number, width: number, height: number) => void;
  readonly same: (a: number, b: number, length: number) => number;
}

// What is used of WebAssembly, so that this file type-checks with the page's types and, for its
// unit tests, with those of Node, which leave WebAssembly out.
declare const WebAssembly: {
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<object>;
  instantiate(module: object): Promise<{ readonly exports: Kernel }>;
};

const PAGE_BYTES = 65536;
/** What 32-bit addresses reach. */
const MOST_PAGES = 65536;

let compiled: Promise<object> | undefined;

// Shared by all sizes: the optimized machine code belongs to the module, not to the instance.
function compileOnce(): Promise<object> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(rgbaToI420Wasm), (character) => character.charCodeAt(0)));
  return compiled;
}

// Fractions, NaN and infinities leave a remainder that is not 0 either.
function checkSize(width: number, height: number): void {
  for (const size of [width, height]) {
    if (size <= 0 || size % 2 !== 0) {
      throw new RangeError(
        `Cannot convert a picture of ${width}x${height} to I420, which halves the colour planes: ` +
          "give an even, positive width and height",
      );
    }
  }
}

export async function createI420Converter(width: number, height: number): Promise<I420Converter> {
  checkSize(width, height);
  const rgbaBytes = width * height * 4;
  const i420Bytes = (width * height * 3) / 2;
  const neededBytes = rgbaBytes + 2 * i420Bytes;
  const pages = Math.ceil(neededBytes / PAGE_BYTES);
  if (pages > MOST_PAGES) {
    throw new RangeError(
      `Cannot convert a picture of ${width}x${height} to I420: it needs ` +
        `${neededBytes} bytes where WebAssembly has ${MOST_PAGES * PAGE_BYTES}, ` +
        "give a smaller width and height",
    );
  }

  const { exports: kernel } = await WebAssembly.instantiate(await compileOnce());
  const { memory, convert, same } = kernel;
  // The kernel has no data of its own and starts without memory, so all of it is the pictures'.
  memory.grow(pages);
  const rgba = new Uint8Array(memory.buffer, 0, rgbaBytes);
  // Two places that take turns, so that each picture can be held against the one before.
  const places: readonly [number, number] = [rgbaBytes, rgbaBytes + i420Bytes];
  const pictures = places.map((place) => new Uint8Array(memory.buffer, place, i420Bytes));
  let turn: 0 | 1 = 0;
  let isFirst = true;

  // A first run, over zeros, takes several times as long as the later ones: it is the one that sets
  // off the optimizing compiler and has the memory backed by pages.
  convert(0, rgbaBytes, width, height);

  return {
    width,
    height,
    rgba,
    convert(): I420Picture {
      turn = turn === 0 ? 1 : 0;
      convert(0, places[turn], width, height);
      const equalsLast = !isFirst && same(places[0], places[1], i420Bytes) !== 0;
      isFirst = false;
      return { planes: pictures[turn]!, equalsLast };
    },
  };
}
