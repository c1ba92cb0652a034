import type { Frame, FramePixels, Size } from "../core/frame.ts";
import { frameTimestampUs, type FrameRate } from "../core/frame-rate.ts";

/** Makes a frame of the output; `onClose` is called once, at the first `close`. */
export function makeFrame(index: number, pixels: FramePixels | null, size: Size, frameRate: FrameRate, onClose: () => void): Frame {
  const timestampUs: number = frameTimestampUs(index, frameRate);
  let isOpen = true;
  return {
    index,
    timestampUs,
    durationUs: frameTimestampUs(index + 1, frameRate) - timestampUs,
    size,
    repeats: pixels === null,
    pixels,
    close() {
      if (isOpen) onClose();
      isOpen = false;
    },
  };
}
