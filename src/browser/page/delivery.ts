import type { FramePlace } from "../messages.ts";
import { TAKE_EVENT, TAKEN_EVENT, type FrameToTake, type TakenFrame } from "./kept-frames.ts";
import type { I420Converter } from "./pixels/i420-converter.ts";
import type { Sender, SenderBuffer } from "./senders/sender.ts";
import type { Stage } from "./stage.ts";

/** What the stage shows, ready to be taken. */
export interface PaintedFrame {
  readonly index: number;
  readonly timestampUs: number;
  /** The first of a run is never taken for a repetition. */
  readonly isFirst: boolean;
}

/** Takes painted frames to where the host wants them. */
export interface Delivery {
  /**
   * Takes one frame off the stage. Resolves when the stage may be painted again; `arrived` when the host may have the pixels, with
   * null where they are those of the frame before.
   */
  deliver(stage: Stage, painted: PaintedFrame): Promise<{ readonly arrived: Promise<FramePlace | null> }>;
  /** The host is done with the pixels. */
  release(place: FramePlace): void;
}

// The copies are made here, on the main thread: in a worker they cost ten times as much (see docs/decisions/0003).

/** RGBA to the host. */
export function deliverRgba(sender: Sender, byteLength: number): Delivery {
  let [pixels, last]: [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>] = [
    new Uint32Array(byteLength / 4),
    new Uint32Array(byteLength / 4),
  ];
  return {
    async deliver(stage, { timestampUs, isFirst }) {
      const frame: VideoFrame = stage.frame(timestampUs);
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
    async deliver(stage, { timestampUs, isFirst }) {
      const picture = await convert(stage.frame(timestampUs), converter);
      if (picture.equalsLast && !isFirst) return { arrived: Promise.resolve(null) };
      const buffer: SenderBuffer = await sender.acquire();
      buffer.bytes.set(picture.planes);
      return { arrived: send(sender, buffer) };
    },
    release: (place) => releaseSlot(sender, place),
  };
}

/**
 * Frames stay in the page, for an encoder that runs there: the keeper in the isolated world takes them off the stage (see
 * `kept-frames.ts`). They are kept as I420: left to itself, Chromium converts for an encoder with the matrix of BT.601.
 */
export const deliverInPage: Delivery = {
  async deliver({ canvas }, painted) {
    const { index, result } = await new Promise<TakenFrame>((resolve) => {
      canvas.addEventListener(TAKEN_EVENT, (event) => resolve(JSON.parse((event as CustomEvent<string>).detail) as TakenFrame), {
        once: true,
      });
      canvas.dispatchEvent(new CustomEvent(TAKE_EVENT, { detail: JSON.stringify(painted satisfies FrameToTake), bubbles: true }));
    });
    if (typeof result === "object") throw new Error(result.fault);
    return { arrived: Promise.resolve(result === "repeats" ? null : { handle: index }) };
  },
  // The host tells the keeper.
  release() {},
};

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
