import type { CaptureSession } from "../capture.ts";
import type { Size } from "../frame.ts";
import type { FrameRate } from "../frame-rate.ts";
import type { FrameSource } from "../source.ts";
import { assertAlike, type CaptureCheck, type ReferenceSamples } from "./check-capture.ts";

export interface PageSourceOptions {
  readonly frameCount: number;
  readonly frameRate: FrameRate;
  readonly size: Size;
  /** Compares frames on their way, from the very pixels that are delivered; null where the capture needs no check. */
  readonly check: { readonly with: CaptureCheck; readonly reference: ReferenceSamples } | null;
}

/** A captured page as a source of frames. */
export function pageSource(session: CaptureSession, options: PageSourceOptions): FrameSource {
  const { frameCount, frameRate, size, check } = options;
  return {
    frameCount,
    frameRate,
    size,
    access: "random",
    read: (range, signal) =>
      session.read(range, {
        ...(signal ? { signal } : {}),
        sampleAt: check ? [...check.reference.keys()].filter((index) => index >= range.start && index < range.end) : [],
        onSample: (index, seen) => {
          const expected = check?.reference.get(index);
          if (check && expected) assertAlike(check.with, index, seen, expected);
        },
      }),
  };
}
