import type { Box } from "./blocks.ts";
import type { RenderErrorCode } from "./errors.ts";
import type { Video } from "./video.ts";
import type { Plan } from "./policy/plan.ts";
import type { StreamingDecision } from "./policy/streaming.ts";

/** What happens during a render, in order. JSON. */
export type RenderEvent =
  | { readonly type: "page-ready"; readonly url: string; readonly video: Video }
  | { readonly type: "plan-ready"; readonly plan: Plan }
  | { readonly type: "capture-checked"; readonly capture: string; readonly index: number; readonly largest: number }
  | ({ readonly type: "streaming-decided" } & StreamingDecision)
  | {
      /** A capture or an encoder failed: another plan follows, and the output begins again. */
      readonly type: "part-given-up";
      readonly part: string;
      readonly code: RenderErrorCode;
      readonly reason: string;
      readonly index: number | null;
      readonly box: Box | null;
    }
  | { readonly type: "capture-opened"; readonly capture: string; readonly transport: string | null; readonly workers: number }
  | { readonly type: "frame-encoded"; readonly index: number; readonly frameCount: number; readonly repeats: boolean }
  | { readonly type: "finishing" }
  | { readonly type: "checking" }
  | { readonly type: "warning"; readonly reason: string };

export type RenderListener = (event: RenderEvent) => void;

/** Calls a listener that may throw: what it throws becomes one warning, and never stops the render. */
export function protectedListener<Value>(
  listener: ((value: Value) => void) | undefined,
  name: string,
  onWarning: (reason: string) => void,
): (value: Value) => void {
  if (!listener) return () => {};
  let warned = false;
  return (value) => {
    try {
      listener(value);
    } catch (thrown) {
      if (!warned) onWarning(`${name} threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      warned = true;
    }
  };
}
