/** A picture's width and height in pixels, both whole and positive. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * How a frame's pixels are held:
 * - `RGBA`: 8 bits a channel, straight alpha, sRGB, rows from the top, no padding (4 bytes a pixel);
 * - `I420`: planes Y, U, V, 8 bits, BT.709, limited range (1.5 bytes a pixel; even width and height);
 * - `PNG`, `JPEG`: a whole encoded picture;
 * - `page`: a WebCodecs `VideoFrame` that stays inside the browser page, known to the host by a number.
 */
export type FrameFormat = "RGBA" | "I420" | "PNG" | "JPEG" | "page";

/** Pixels in the memory of the host. */
export interface HostPixels {
  readonly format: Exclude<FrameFormat, "page">;
  /** Valid until the frame is closed; the memory is used again afterwards. */
  readonly data: Uint8Array;
}

/** Pixels that never left the page: the page keeps the `VideoFrame` under `handle` until the frame is closed. */
export interface PagePixels {
  readonly format: "page";
  readonly handle: number;
}

export type FramePixels = HostPixels | PagePixels;

/** One picture of the output. Whoever was given it closes it, on every path. */
export interface Frame {
  /** The frame's identity: its place in the output, from 0. */
  readonly index: number;
  /** `index` through the exact frame rate, in microseconds, rounded once. */
  readonly timestampUs: number;
  /** Time to the next frame's timestamp, in microseconds. */
  readonly durationUs: number;
  readonly size: Size;
  /** True where the picture equals the one before it. Such a frame may carry no pixels. */
  readonly repeats: boolean;
  /** Null only where `repeats` is true. */
  readonly pixels: FramePixels | null;
  /** Gives the pixels back to their owner. May be called twice. */
  close(): void;
}

/** Bytes that the raw formats take for one frame. */
export function rawFrameBytes(format: "RGBA" | "I420", size: Size): number {
  const pixels: number = size.width * size.height;
  return format === "RGBA" ? pixels * 4 : (pixels * 3) / 2;
}
