import type { FramePlace } from "../messages.ts";
import { pageFrames } from "./page-frames.ts";
import type { I420Converter } from "./pixels/i420-converter.ts";
import { i420Frame } from "./pixels/i420-frame.ts";
import { FreeSlots, type Sender, type SenderBuffer } from "./senders/sender.ts";

/** Takes painted frames to where the host wants them. */
export interface Delivery {
  /**
   * Takes one frame and closes it; the first of a run is never taken for a repetition. Resolves when the page may go on; `arrived` when the host may have the pixels, with
   * null where they are those of the frame before.
   */
  deliver(frame: VideoFrame, index: number, isFirst: boolean): Promise<{ readonly arrived: Promise<FramePlace | null> }>;
  /** The host is done with the pixels. */
  release(place: FramePlace): void;
}

/** Frames that may wait in the page for an encoder there. */
const PAGE_FRAMES = 4;

// The copies are made here, on the main thread: in a worker they cost ten times as much (see docs/decisions/0003).

/** RGBA to the host. */
export function deliverRgba(sender: Sender, byteLength: number): Delivery {
  let [pixels, last]: [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>] = [
    new Uint32Array(byteLength / 4),
    new Uint32Array(byteLength / 4),
  ];
  return {
    async deliver(frame, _index, isFirst) {
      await frame.copyTo(pixels, { format: "RGBA" }).finally(() => frame.close());
      if (!isFirst && areEqual(pixels, last)) return { arrived: Promise.resolve(null) };
      const buffer: SenderBuffer = await sender.acquire();
      buffer.bytes.set(new Uint8Array(pixels.buffer));
      [pixels, last] = [last, pixels];
      return { arrived: send(sender, buffer) };
    },
    release: (place) => releaseSlot(sender, place),
  };
}

/** I420 to the host: three eighths of the bytes, and no conversion is left for the encoder. */
export function deliverI420(sender: Sender, converter: I420Converter): Delivery {
  return {
    async deliver(frame, _index, isFirst) {
      const picture = await convert(frame, converter);
      if (picture.equalsLast && !isFirst) return { arrived: Promise.resolve(null) };
      const buffer: SenderBuffer = await sender.acquire();
      buffer.bytes.set(picture.planes);
      return { arrived: send(sender, buffer) };
    },
    release: (place) => releaseSlot(sender, place),
  };
}

/**
 * Frames stay in the page, for an encoder that runs there. They are kept as I420: left to itself, Chromium converts for an
 * encoder with the matrix of BT.601.
 */
export function deliverInPage(converter: I420Converter): Delivery {
  const free = new FreeSlots(PAGE_FRAMES);
  const frames: Map<number, VideoFrame> = pageFrames();
  return {
    async deliver(frame, index, isFirst) {
      const { timestamp } = frame;
      const { planes, equalsLast } = await convert(frame, converter);
      if (equalsLast && !isFirst) return { arrived: Promise.resolve(null) };
      await free.take();
      frames.set(index, i420Frame(planes, converter.width, converter.height, timestamp));
      return { arrived: Promise.resolve({ handle: index }) };
    },
    release(place) {
      if (!("handle" in place)) return;
      frames.get(place.handle)?.close();
      if (frames.delete(place.handle)) free.give(0);
    },
  };
}

/** Ends at the first pixel that differs: a frame that moves costs next to nothing. */
function areEqual(a: Uint32Array, b: Uint32Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

async function convert(frame: VideoFrame, converter: I420Converter): Promise<ReturnType<I420Converter["convert"]>> {
  await frame.copyTo(converter.rgba, { format: "RGBA" }).finally(() => frame.close());
  return converter.convert();
}

async function send(sender: Sender, buffer: SenderBuffer): Promise<FramePlace> {
  await sender.send(buffer);
  return { slot: buffer.slot };
}

function releaseSlot(sender: Sender, place: FramePlace): void {
  if ("slot" in place) sender.release(place.slot);
}
