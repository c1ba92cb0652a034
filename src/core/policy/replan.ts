import { isRenderError, type RenderError } from "../errors.ts";
import { defaultPolicy } from "./default-policy.ts";
import type { Plan, PlanFailure, Policy, PolicyInput } from "./plan.ts";
import { reasonFor, remedyFor, remedyForCode, type Remedy } from "./remedy.ts";

/**
 * What the policy is asked with after a failure: the part that failed is struck out. Null where nothing else can help. Pure.
 */
export function afterFailure(input: PolicyInput, failed: Plan, failure: unknown): PolicyInput | null {
  const remedy: Remedy = remedyFor(failure);
  if (remedy === "none" || (remedy === "other-capture-once" && input.struckOut.some(({ code }) => remedyForCode(code) === remedy)))
    return null;
  const { code } = failure as RenderError;
  const part: string = remedy === "other-encoder" ? failed.encoder : failed.capture;
  // A policy of one's own may insist on a part: it would be tried for ever.
  if (input.struckOut.some((struck) => struck.part === part)) return null;
  const struck: PlanFailure = { part, code, reason: reasonFor(failure as RenderError) };
  return { ...input, struckOut: [...input.struckOut, struck] };
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
