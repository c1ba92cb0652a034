import { isRenderError, type RenderError } from "../errors.ts";
import { defaultPolicy } from "./default-policy.ts";
import type { PartRole, Plan, PlanFailure, Policy, PolicyInput } from "./plan.ts";
import { blames, reasonFor, remedyFor, remedyForCode, type Remedy } from "./remedy.ts";

/**
 * What the policy is asked with after a failure: the part that failed is struck out. Null where nothing else can help. Pure.
 */
export function afterFailure(input: PolicyInput, failed: Plan, failure: unknown): PolicyInput | null {
  const remedy: Remedy = remedyFor(failure);
  if (remedy === "none" || (remedy === "other-capture-once" && input.struckOut.some(({ code }) => remedyForCode(code) === remedy)))
    return null;
  if (remedy === "hear-page") return input.page.sound === "played" ? null : { ...input, page: { ...input.page, sound: "played" } };
  const { code } = failure as RenderError;
  const { part, role } = blamedPart(remedy, failed, failure as RenderError);
  // A policy of one's own may insist on a part: it would be tried for ever.
  if (part === null || input.struckOut.some((struck) => struck.part === part && blames(struck.code, role))) return null;
  const struck: PlanFailure = { part, code, reason: reasonFor(failure as RenderError) };
  return { ...input, struckOut: [...input.struckOut, struck] };
}

/** `part` is null where the plan has none in this role. */
function blamedPart(remedy: Remedy, failed: Plan, { details }: RenderError): { part: string | null; role: PartRole } {
  switch (remedy) {
    case "other-encoder":
      return { part: failed.encoder, role: "encoder" };
    case "other-mixer":
      return { part: failed.sound?.mixer ?? null, role: "mixer" };
    case "other-injector": {
      // Videos of one page may have different ones: the failure says which it was.
      const { injector } = details;
      return { part: typeof injector === "string" ? injector : null, role: "injector" };
    }
    default:
      return { part: failed.capture, role: "capture" };
  }
}

/** The plan after a failure; null where there is none. Synchronous and pure, as the policy is. */
export function replan(input: PolicyInput, failed: Plan, failure: unknown, policy: Policy = defaultPolicy): Plan | null {
  const next: PolicyInput | null = afterFailure(input, failed, failure);
  if (next === null) return null;
  try {
    return policy(next);
  } catch (thrown) {
    if (isRenderError(thrown) && thrown.code === "plan-impossible") return null;
    throw thrown;
  }
}
