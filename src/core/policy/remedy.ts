import { isRenderError, type RenderError, type RenderErrorCode } from "../errors.ts";
import type { PartRole } from "./plan.ts";

/**
 * What may help after a failure:
 * - `other-capture`: the capture failed, so that another may do the job;
 * - `other-capture-once`: capture or page, nobody knows; another capture is tried once, and what it fails with is the answer;
 * - `other-encoder`: the encoder did not start, so that nothing is lost by taking another;
 * - `other-injector`: pictures of a video did not come into the page; another injector, or the browser itself, may bring them;
 * - `other-mixer`: the sound was not mixed, and another mixer may do it;
 * - `hear-page`: the page plays what it did not say; it is heard through, once;
 * - `none`: the page, the encoder, the output or the caller ended it.
 */
export type Remedy = "other-capture" | "other-capture-once" | "other-encoder" | "other-injector" | "other-mixer" | "hear-page" | "none";

/** The reasons stand in docs/decisions/0007. */
const remedies: Partial<Record<RenderErrorCode, Remedy>> = {
  "browser-closed": "other-capture-once",
  "capture-distrusted": "other-capture",
  "capture-failed": "other-capture",
  "capture-stalled": "other-capture-once",
  "encoder-not-started": "other-encoder",
  "ffmpeg-missing": "other-encoder",
  "injection-failed": "other-injector",
  "page-failed": "other-capture-once",
  "page-not-ready": "other-capture-once",
  "sound-failed": "other-mixer",
  "sound-unplanned": "hear-page",
};

/** For failures of a plan that was being carried out; whatever fails before there is a plan ends the render. */
export function remedyFor(failure: unknown): Remedy {
  // A page that sends invalid messages does so in every capture.
  if (!isRenderError(failure) || "invalidMessage" in failure.details) return "none";
  return remedyForCode(failure.code);
}

export function remedyForCode(code: RenderErrorCode): Remedy {
  return remedies[code] ?? "none";
}

/** Whether a failure of this code is that of a part in this role: an encoder and an injector may have one name. */
export function blames(code: RenderErrorCode, role: PartRole): boolean {
  const remedy: Remedy = remedyForCode(code);
  if (remedy === "other-injector") return role === "injector";
  if (remedy === "other-mixer") return role === "mixer";
  return role === "capture" || role === "encoder";
}

/** Why a part is given up, for the plan and the result. */
export function reasonFor(failure: RenderError): string {
  if (failure.code === "capture-distrusted") return `it was distrusted: ${String(failure.details["reason"])}`;
  // What to do next is the caller's business only where the render fails.
  return `it failed: ${failure.message.split(". ")[0]}`;
}
