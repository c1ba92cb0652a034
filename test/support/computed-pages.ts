import { createHash } from "node:crypto";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import type { CaptureSession, PageFacts } from "../../src/core/capture.ts";
import type { HostPixels, Size } from "../../src/core/frame.ts";
import type { FrameRateInput } from "../../src/core/frame-rate.ts";
import { openCaptures } from "./open-captures.ts";

/** A page in a browser of its own, whose frames are compared with pictures that are known by computation. */
export interface ComputedPage extends AsyncDisposable {
  readonly facts: PageFacts;
  /** What was warned of since it was open. */
  readonly warnings: readonly string[];
  /** Frames in the order in which they are asked for, as RGBA; frames that follow one another are read in one go. */
  read(indexes: readonly number[]): AsyncIterable<Picture>;
}

export interface Picture {
  readonly index: number;
  readonly size: Size;
  readonly rgba: Uint8Array;
}

export async function openComputedPage(page: string, size: Size, frameRate: FrameRateInput): Promise<ComputedPage> {
  const open = await openCaptures(page, size, frameRate, [{ capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "RGBA" }]);
  const [session] = open.sessions as [CaptureSession];
  return {
    facts: session.facts,
    warnings: open.warnings,
    async *read(indexes) {
      for (const range of runsOf(indexes)) {
        let last: Uint8Array | undefined;
        for await (const { index, pixels, close } of session.read(range, {})) {
          // A frame that repeats the one before may carry no pixels.
          last = pixels === null ? last : Uint8Array.from((pixels as HostPixels).data);
          close();
          yield { index, size, rgba: last! };
        }
      }
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

/** One hash a frame, by its index. */
export async function hashesOf(page: ComputedPage, indexes: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const hashes = new Map<number, string>();
  for await (const { index, rgba } of page.read(indexes)) hashes.set(index, createHash("sha256").update(rgba).digest("hex"));
  return hashes;
}

/** Whole numbers from 0 to `count - 1` in an order that goes back and forth, the same one each time. */
export function scattered(count: number): number[] {
  // A step that shares no factor with the count comes by every number once.
  let step = Math.round(count * 0.618);
  while (greatestDivisor(step, count) !== 1) step++;
  return Array.from({ length: count }, (_, turn) => (turn * step) % count);
}

/** Red, green, blue and alpha of one pixel. */
export function pixelAt({ rgba, size }: Picture, x: number, y: number): number[] {
  const at: number = (y * size.width + x) * 4;
  return [...rgba.subarray(at, at + 4)];
}

/**
 * Where a black box on white begins in a row of pixels, to a fraction: its first pixel is as dark as it is covered. Null where
 * the row is white.
 */
export function leftEdge({ rgba, size }: Picture, y: number): number | null {
  for (let x = 0; x < size.width; x++) {
    const covered: number = 1 - rgba[(y * size.width + x) * 4]! / 255;
    if (covered > 0) return x + 1 - covered;
  }
  return null;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function* runsOf(indexes: readonly number[]): Generator<{ start: number; end: number }> {
  let [start, end]: [number | undefined, number] = [undefined, 0];
  for (const index of indexes) {
    if (start !== undefined && index === end) {
      end++;
      continue;
    }
    if (start !== undefined) yield { start, end };
    [start, end] = [index, index + 1];
  }
  if (start !== undefined) yield { start, end };
}
