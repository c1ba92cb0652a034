import type { CaptureSession } from "../capture.ts";
import type { Size } from "../frame.ts";
import type { FrameRate } from "../frame-rate.ts";
import type { FrameSource } from "../source.ts";
import type { CaptureCheck } from "./check-capture.ts";

export interface PageSourceOptions {
  readonly frameCount: number;
  readonly frameRate: FrameRate;
  readonly size: Size;
  readonly access: FrameSource["access"];
  readonly check: CaptureCheck;
}

/** A captured page as a source of frames, which are compared with the reference on their way. */
export function pageSource(session: CaptureSession, options: PageSourceOptions): FrameSource {
  const { frameCount, frameRate, size, access, check } = options;
  return {
    frameCount,
    frameRate,
    size,
    access,
    async *read(range, signal) {
      const frames = session.read(range, {
        ...(signal ? { signal } : {}),
        sampleAt: check.indices.filter((index) => index >= range.start && index < range.end),
        onSample: (index, seen) => check.delivered(index, seen),
      });
      for await (const frame of frames) {
        try {
          check.throwIfFailed();
        } catch (thrown) {
          frame.close();
          throw thrown;
        }
        yield frame;
      }
    },
  };
}
