import type { Browser } from "../../src/core/browser.ts";
import type { EncodeRequest, EncodeResult, Encoder, EncoderSession } from "../../src/core/encoder.ts";
import type { Frame, FrameFormat, Size } from "../../src/core/frame.ts";
import { frameTimestampUs, type FrameRate } from "../../src/core/frame-rate.ts";
import type { OutputSink } from "../../src/core/sink.ts";

/** Encoders without a browser and without a page: frames that a test draws, through the contract alone. */

/** The pixels of frame `index`; null where it repeats the one before. */
export type Drawing = (index: number) => Uint8Array | null;

export const rate: FrameRate = { numerator: 25, denominator: 1 };

export function requestFor(asked: Partial<EncodeRequest> & Pick<EncodeRequest, "container" | "codec">): EncodeRequest {
  return {
    size: { width: 64, height: 48 },
    frameRate: rate,
    frameCount: 20,
    frameFormat: "RGBA",
    alpha: false,
    quality: { level: "standard" },
    timing: "constant",
    hardware: null,
    loop: 0,
    audio: null,
    ...asked,
  };
}

export function frameOf(index: number, data: Uint8Array | null, size: Size, format: Exclude<FrameFormat, "page">): Frame {
  const timestampUs: number = frameTimestampUs(index, rate);
  return {
    index,
    timestampUs,
    durationUs: frameTimestampUs(index + 1, rate) - timestampUs,
    size,
    repeats: data === null,
    pixels: data && { format, data },
    close: () => {},
  };
}

export interface SessionOptions {
  readonly signal?: AbortSignal;
  readonly inactivityTimeoutMs?: number;
}

export function openSession(
  encoder: Encoder,
  request: EncodeRequest,
  output: OutputSink,
  options: SessionOptions = {},
): Promise<EncoderSession> {
  return encoder.open(request, {
    output,
    signal: options.signal ?? new AbortController().signal,
    browser: {} as Browser,
    page: null,
    sound: null,
    inactivityTimeoutMs: options.inactivityTimeoutMs ?? 30_000,
    warn: () => {},
  });
}

export async function writeAll(
  session: EncoderSession,
  request: EncodeRequest,
  draw: Drawing,
  end: number = request.frameCount!,
): Promise<void> {
  const format = request.frameFormat as Exclude<FrameFormat, "page">;
  for (let index = 0; index < end; index++) await session.write(frameOf(index, draw(index), request.size, format));
}

export async function encodeAll(encoder: Encoder, request: EncodeRequest, output: OutputSink, draw: Drawing): Promise<EncodeResult> {
  const session: EncoderSession = await openSession(encoder, request, output);
  try {
    await writeAll(session, request, draw);
    return await session.finish();
  } catch (thrown) {
    await session.abort(thrown);
    throw thrown;
  }
}

/** Colours that slope, under a box that moves with the index; transparent on the left where asked. */
export function drawScene(index: number, { width, height }: Size, isTransparent: boolean): Uint8Array {
  const pixels = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const at: number = (row * width + column) * 4;
      const isBox: boolean = Math.abs(column - ((index * 7) % width)) < width / 10 && Math.abs(row - height / 2) < height / 5;
      const alpha: number = isTransparent ? Math.round((255 * column) / width) : 255;
      pixels.set(isBox ? [250, 160, 20, 255] : [(column * 255) / width, (row * 255) / height, (index * 10) % 256, alpha], at);
    }
  return pixels;
}

/** Pixels that no encoder compresses. */
export function drawNoise(index: number, byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  let state: number = index + 1;
  for (let at = 0; at < byteLength; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
