import { rgbaToI420Wasm } from "../../generated/rgba-to-i420-wasm.ts";

/** Converts one size of RGBA picture to I420 (BT.709, limited range) inside WASM memory. */
export interface I420Converter {
  readonly width: number;
  readonly height: number;
  /** Where the RGBA picture is written before `convert` (a view into WASM memory, width*height*4 bytes). */
  readonly rgba: Uint8Array<ArrayBuffer>;
  /**
   * Converts what stands in `rgba`; the answer is a view into WASM memory (Y plane, U plane, V plane;
   * width*height*1.5 bytes), valid until the next call.
   */
  convert(): Uint8Array<ArrayBuffer>;
}

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly convert: (rgba: number, i420: number, width: number, height: number) => void;
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
  const pages = Math.ceil((rgbaBytes + i420Bytes) / PAGE_BYTES);
  if (pages > MOST_PAGES) {
    throw new RangeError(
      `Cannot convert a picture of ${width}x${height} to I420: it needs ` +
        `${rgbaBytes + i420Bytes} bytes where WebAssembly has ${MOST_PAGES * PAGE_BYTES}, ` +
        "give a smaller width and height",
    );
  }

  const { exports: kernel } = await WebAssembly.instantiate(await compileOnce());
  const { memory, convert } = kernel;
  // The kernel has no data of its own and starts without memory, so all of it is the pictures'.
  memory.grow(pages);
  const rgba = new Uint8Array(memory.buffer, 0, rgbaBytes);
  const i420 = new Uint8Array(memory.buffer, rgbaBytes, i420Bytes);

  // A first run, over zeros, takes several times as long as the later ones: it is the one that sets
  // off the optimizing compiler and has the memory backed by pages.
  convert(0, rgbaBytes, width, height);

  return {
    width,
    height,
    rgba,
    convert(): Uint8Array<ArrayBuffer> {
      convert(0, rgbaBytes, width, height);
      return i420;
    },
  };
}
