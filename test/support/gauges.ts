import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { CaptureSession, CompositionSettings, PageFacts } from "../../src/core/capture.ts";
import type { Size } from "../../src/core/frame.ts";
import type { FrameRateInput } from "../../src/core/frame-rate.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { openCaptures, type OpenCaptures } from "./open-captures.ts";
import { unchecked } from "./unchecked.ts";

/** Pages whose right picture is known: white bars on black, one below the other, whose length in pixels is a value. */
export const gaugeSize: Size = { width: 320, height: 180 };
const ROW = 20;
/** Bars are drawn by a transform, which is antialiased; a frame too early or too late is 2 pixels and more. */
const TOLERANCE = 0.6;

/** The head of such a page: elements with the class `g` are its bars, as long as their `scaleX`. */
export const gaugeStyle: string = `<style>
  html, body { margin: 0; background: #000; overflow: hidden }
  .g { position: absolute; left: 0; width: 1px; height: ${ROW}px; background: #fff; transform-origin: 0 0; transform: scaleX(0) }
  ${Array.from({ length: 9 }, (_, row) => `.g:nth-of-type(${row + 1}) { top: ${row * ROW}px }`).join(" ")}
</style>`;

export function gaugePage(body: string, head = ""): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Gauges</title>${gaugeStyle}${head}</head><body>${body}</body></html>`;
}

/** The length of the bar in one row of an RGBA picture. */
export function gaugeAt(rgba: Uint8Array, row: number): number {
  const y: number = row * ROW + ROW / 2;
  let sum = 0;
  for (let x = 0; x < gaugeSize.width; x++) sum += rgba[(y * gaugeSize.width + x) * 4]!;
  return sum / 255;
}

export interface GaugeCheck {
  readonly page: string;
  readonly rate: FrameRateInput;
  readonly frames: number;
  /** What the bars must be at a frame, from the top; null is not looked at. */
  expected(index: number): readonly (number | null)[];
  readonly access: PageFacts["access"];
}

/** Holds every frame against what it must be; then the same in a second browser, first in no order and then in order, byte for byte. */
export async function checkGauges(check: GaugeCheck): Promise<PageFacts> {
  await using first = await openGauges(check.page, check.rate);
  const [session] = first.sessions;
  const hashes: string[] = await readGauges(session!, check);
  expect(session!.facts.access).toBe(check.access);
  await using second = await openGauges(check.page, check.rate);
  for (const index of shuffled(check.frames))
    expect((await readHashes(second.sessions[0]!, index, index + 1))[0], `frame ${index}, out of order`).toBe(hashes[index]);
  expect(await readHashes(second.sessions[0]!, 0, check.frames)).toEqual(hashes);
  return session!.facts;
}

export function openGauges(page: string, rate: FrameRateInput, composition: Partial<CompositionSettings> = {}): Promise<OpenCaptures> {
  return openCaptures(page, gaugeSize, rate, [{ capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "RGBA" }], composition);
}

/** Evaluates an expression in the composition's own window. */
export function inComposition<Result>({ page }: CaptureSession, expression: string): Promise<Result> {
  return page.evaluate(`document.querySelector("iframe").contentWindow.eval(${JSON.stringify(expression)})`, unchecked<Result>());
}

async function readGauges(session: CaptureSession, { frames, expected }: GaugeCheck): Promise<string[]> {
  const faults: string[] = [];
  const hashes: string[] = [];
  for await (const { index, pixels, hash } of pictures(session, 0, frames)) {
    hashes.push(hash);
    for (const [row, wanted] of expected(index).entries()) {
      if (wanted === null) continue;
      const seen: number = gaugeAt(pixels, row);
      if (Math.abs(seen - wanted) > TOLERANCE)
        faults.push(`frame ${index}, bar ${row}: ${seen.toFixed(2)} instead of ${wanted.toFixed(2)}`);
    }
  }
  expect(faults).toEqual([]);
  return hashes;
}

export async function readHashes(session: CaptureSession, start: number, end: number): Promise<string[]> {
  const hashes: string[] = [];
  for await (const { hash } of pictures(session, start, end)) hashes.push(hash);
  return hashes;
}

async function* pictures(
  session: CaptureSession,
  start: number,
  end: number,
): AsyncGenerator<{ readonly index: number; readonly pixels: Uint8Array; readonly hash: string }> {
  let last: { pixels: Uint8Array; hash: string } | undefined;
  for await (const frame of session.read({ start, end }, {})) {
    if (frame.pixels && frame.pixels.format !== "page") {
      const pixels: Uint8Array = frame.pixels.data.slice();
      last = { pixels, hash: createHash("sha256").update(pixels).digest("hex") };
    }
    frame.close();
    yield { index: frame.index, ...last! };
  }
}

/** A dozen frames from here and there, the first and the last among them; the same in each run. */
function shuffled(frames: number): number[] {
  return [frames - 1, 0, ...Array.from({ length: 10 }, (_, step) => (step * 37 + 11) % frames)];
}
