import { rawFrameBytes } from "../../src/core/frame.ts";
import { frameTimestampUs, type FrameRate } from "../../src/core/frame-rate.ts";
import type { FrameSource } from "../../src/core/source.ts";
import { barCodeBits, barCodeCells, barCodeSize } from "./bar-code.ts";

/**
 * Frames that show their own index as a bar code, without a browser.
 *
 * @param changesAt Where it is given, the frames between say that they repeat the one before; the first one of a range never does.
 */
export function barCodeFrames(frameCount: number, frameRate: FrameRate, changesAt?: readonly number[]): FrameSource {
  const isShown = (index: number): boolean => changesAt === undefined || changesAt.includes(index);
  return {
    frameCount,
    frameRate,
    size: barCodeSize,
    access: "random",
    async *read({ start, end }) {
      for (let index = start; index < end; index++) {
        const timestampUs: number = frameTimestampUs(index, frameRate);
        const repeats: boolean = index > start && !isShown(index);
        yield {
          index,
          timestampUs,
          durationUs: frameTimestampUs(index + 1, frameRate) - timestampUs,
          size: barCodeSize,
          repeats,
          pixels: repeats ? null : { format: "I420", data: barCodePicture(changesAt?.findLast((at) => at <= index) ?? index) },
          close: () => {},
        };
      }
    },
  };
}

/** A picture in I420 that shows a number. */
export function barCodePicture(shown: number): Uint8Array {
  const data: Uint8Array = new Uint8Array(rawFrameBytes("I420", barCodeSize)).fill(128);
  const bits: number = barCodeBits(shown);
  for (const [cell, { x, y, width, height }] of barCodeCells.entries()) {
    const level: number = (bits >> (23 - cell)) & 1 ? 235 : 16;
    for (let row = y; row < y + height; row++) data.fill(level, row * barCodeSize.width + x, row * barCodeSize.width + x + width);
  }
  return data;
}
