import type { EncoderTraits } from "../encoder.ts";
import { frameFormatsFor } from "../formats.ts";
import type { FrameFormat, Size } from "../frame.ts";
import { keepsColor } from "../job-format.ts";
import type { PolicyInput } from "./plan.ts";

/** Formats that frames may come in for an encoder, best first: those that it takes, as long as the output loses nothing by them. */
export function frameFormats(
  { accepts }: Pick<EncoderTraits, "accepts">,
  { job, page, size }: Pick<PolicyInput, "job" | "page" | "size">,
): readonly FrameFormat[] {
  const harmless: readonly FrameFormat[] = frameFormatsFor(job.alpha, keepsColor(job));
  return accepts.filter((format) => {
    if (!harmless.includes(format)) return false;
    // Only a secure context has WebCodecs: elsewhere frames cannot be encoded in the page that holds them.
    if (format === "page") return page.isSecureContext;
    return format !== "I420" || isEven(size);
  });
}

/** I420 keeps colour for every second pixel. */
function isEven({ width, height }: Size): boolean {
  return width % 2 === 0 && height % 2 === 0;
}
