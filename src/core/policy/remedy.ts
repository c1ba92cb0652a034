import { isRenderError, type RenderError, type RenderErrorCode } from "../errors.ts";

/**
 * What may help after a failure:
 * - `other-capture`: the capture failed, so that another may do the job;
 * - `other-capture-once`: capture or page, nobody knows; another capture is tried once, and what it fails with is the answer;
 * - `none`: the page, the encoder, the output or the caller ended it.
 */
export type Remedy = "other-capture" | "other-capture-once" | "none";

/** The reasons stand in docs/decisions/0007. */
const remedies: Partial<Record<RenderErrorCode, Remedy>> = {
  "capture-distrusted": "other-capture",
  "capture-failed": "other-capture",
  "browser-closed": "other-capture-once",
  "capture-stalled": "other-capture-once",
  "page-failed": "other-capture-once",
  "page-not-ready": "other-capture-once",
};

/** For failures of a plan that was being carried out; whatever fails before there is a plan ends the render. */
export function remedyFor(failure: unknown): Remedy {
  return isRenderError(failure) ? (remedies[failure.code] ?? "none") : "none";
}

/** Why a capture is given up, for the plan and the result. */
export function reasonFor(failure: RenderError): string {
  if (failure.code === "capture-distrusted") return `it was distrusted: ${String(failure.details["reason"])}`;
  // What to do next is the caller's business only where the render fails.
  return `it failed: ${failure.message.split(". ")[0]}`;
}
