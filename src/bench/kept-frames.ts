import type { Capture, CaptureSession } from "../core/capture.ts";
import type { Frame, FrameFormat, HostPixels } from "../core/frame.ts";
import { frameTimestampUs } from "../core/frame-rate.ts";
import type { Size } from "../core/frame.ts";
import { BENCH_RATE, FrameReader, openCapture, type PagePlace } from "./page-frames.ts";

/** Frames of a page in memory, so that an encoder is measured alone. */
export interface KeptFrames {
  readonly format: FrameFormat;
  readonly size: Size;
  readonly pictures: readonly HostPixels[];
}

/** Captures the first frames of a page, from one that changes to the next. */
export async function keepFrames(capture: Capture, format: HostPixels["format"], place: PagePlace, count: number): Promise<KeptFrames> {
  await using session: CaptureSession = await openCapture(capture, format, place);
  await using reader = new FrameReader(session, place.signal);
  // Copies: the memory of a frame is used again once it is closed, and a Buffer's own slice would still show it.
  const pictures: HostPixels[] = [];
  while (pictures.length < count) {
    const frame: Frame = await reader.next();
    if (frame.pixels !== null) pictures.push({ format, data: new Uint8Array((frame.pixels as HostPixels).data) });
    frame.close();
  }
  return { format, size: place.size, pictures };
}

/** The frame of an index: the pictures there and back, so that what moves goes on moving. */
export function keptFrame({ pictures, size }: KeptFrames, index: number): Frame {
  const turn: number = Math.max(1, 2 * (pictures.length - 1));
  const at: number = index % turn;
  const timestampUs: number = frameTimestampUs(index, BENCH_RATE);
  return {
    ...{ index, timestampUs, size },
    durationUs: frameTimestampUs(index + 1, BENCH_RATE) - timestampUs,
    repeats: false,
    pixels: pictures[at < pictures.length ? at : turn - at]!,
    close: () => {},
  };
}
