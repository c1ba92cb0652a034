import { rawFrameBytes, type Frame, type Size } from "../core/frame.ts";
import { frameTimestampUs, type FrameRate } from "../core/frame-rate.ts";
import type { FrameSource } from "../core/source.ts";

export interface PatternOptions {
  readonly size: Size;
  readonly frameRate: FrameRate;
  readonly frameCount: number;
  readonly format: "RGBA" | "I420";
  /** Frames that say that they repeat the one before, and carry no pixels. */
  readonly repeatAt?: readonly number[];
  /** All but the bar is a quarter opaque; of RGBA alone. */
  readonly isTransparent?: boolean;
}

/** A source of frames that change from one to the next, and a ledger of those that nobody has closed. */
export interface PatternSource extends FrameSource {
  /** Frames given out and not closed. */
  readonly openFrames: number;
}

/** A drawing function as a source: for tests of encoders, without a browser. */
export function patternSource(options: PatternOptions): PatternSource {
  const { frameRate, frameCount, size, repeatAt = [] } = options;
  const open = new Set<number>();
  return {
    frameCount,
    frameRate,
    size,
    access: "random",
    get openFrames() {
      return open.size;
    },
    async *read({ start, end }) {
      for (let index = start; index < end; index++) {
        open.add(index);
        yield patternFrame(index, options, repeatAt.includes(index) ? null : drawPattern(index, options), () => open.delete(index));
      }
    },
  };
}

function patternFrame(index: number, { size, frameRate, format }: PatternOptions, data: Uint8Array | null, close: () => void): Frame {
  const timestampUs: number = frameTimestampUs(index, frameRate);
  const durationUs: number = frameTimestampUs(index + 1, frameRate) - timestampUs;
  return { index, timestampUs, durationUs, size, repeats: data === null, pixels: data && { format, data }, close };
}

/** Below the half, where formats that know no more than yes and no begin with no. */
const SHEER = 64;

/** A bar that moves over grey: another picture for each index. */
function drawPattern(index: number, { format, size, isTransparent = false }: PatternOptions): Uint8Array {
  const data: Uint8Array = new Uint8Array(rawFrameBytes(format, size)).fill(128);
  if (format === "RGBA") for (let at = 3; at < data.length; at += 4) data[at] = isTransparent ? SHEER : 255;
  const bytesPerPixel: number = format === "RGBA" ? 4 : 1;
  const column: number = (index * 8) % (size.width - 8);
  for (let row = 0; row < size.height; row++) {
    const at: number = (row * size.width + column) * bytesPerPixel;
    data.fill(235, at, at + 8 * bytesPerPixel);
  }
  return data;
}
