import { isRenderError, type RenderError, type RenderErrorCode } from "../errors.ts";

/**
 * What may help after a failure:
 * - `other-capture`: the capture failed, so that another may do the job;
 * - `other-capture-once`: capture or page, nobody knows; another capture is tried once, and what it fails with is the answer;
 * - `other-encoder`: the encoder did not start, so that nothing is lost by taking another;
 * - `none`: the page, the encoder, the output or the caller ended it.
 */
export type Remedy = "other-capture" | "other-capture-once" | "other-encoder" | "none";

/** The reasons stand in docs/decisions/0007. */
const remedies: Partial<Record<RenderErrorCode, Remedy>> = {
  "browser-closed": "other-capture-once",
  "capture-distrusted": "other-capture",
  "capture-failed": "other-capture",
  "capture-stalled": "other-capture-once",
  "encoder-not-started": "other-encoder",
  "ffmpeg-missing": "other-encoder",
  "page-failed": "other-capture-once",
  "page-not-ready": "other-capture-once",
};

/** For failures of a plan that was being carried out; whatever fails before there is a plan ends the render. */
export function remedyFor(failure: unknown): Remedy {
  return isRenderError(failure) ? remedyForCode(failure.code) : "none";
}

export function remedyForCode(code: RenderErrorCode): Remedy {
  return remedies[code] ?? "none";
}

/** Why a part is given up, for the plan and the result. */
export function reasonFor(failure: RenderError): string {
  if (failure.code === "capture-distrusted") return `it was distrusted: ${String(failure.details["reason"])}`;
  // What to do next is the caller's business only where the render fails.
  return `it failed: ${failure.message.split(". ")[0]}`;
}
