import type { CaptureRequest } from "../core/capture.ts";
import type { FrameFormat } from "../core/frame.ts";

const FORMATS: readonly FrameFormat[] = ["RGBA", "PNG"];

/** @throws TypeError where frames are to keep their alpha in a format that has none: the policy offers no such pair */
export function assertKeepsAlpha({ alpha, frameFormat }: Pick<CaptureRequest, "alpha" | "frameFormat">): void {
  if (alpha && !FORMATS.includes(frameFormat))
    throw new TypeError(`Frames in the format ${frameFormat} keep no alpha: ask for ${FORMATS.join(" or ")}, or for alpha: false`);
}
