import type { RenderEvent } from "../core/events.ts";
import { formatFrameRate } from "../core/frame-rate.ts";
import type { ParsedJob } from "../core/job.ts";
import type { Plan, Rejection } from "../core/policy/plan.ts";
import { counted, seconds } from "./quantities.ts";

export function beginLine({ page, output, size, frameRate }: ParsedJob): string {
  return `Rendering "${page}" to "${output}" (${size.width}×${size.height}, ${formatFrameRate(frameRate)} frames/s)`;
}

export function pageReadyLine({ durationSeconds, frameCount }: Extract<RenderEvent, { type: "page-ready" }>): string {
  return `Page ready: ${seconds(durationSeconds)}, ${counted(frameCount, "frame")}`;
}

export interface PlanDescription {
  onPlan(plan: Plan): void;
  /** Lines for the plan, once its transport is known. */
  lines(transport: string | null): string[];
}

/** The plan comes before its transport is known; both make one line. */
export function describePlan(): PlanDescription {
  let plan: Plan | null = null;
  return {
    onPlan(ready) {
      plan = ready;
    },
    lines(transport) {
      if (plan === null) return [];
      return [
        `Plan: ${partsOf(plan, transport)}`,
        ...passedOver(plan).map(({ part, reasons }) => `Not used: ${part}: ${reasons.join(", ")}`),
      ];
    },
  };
}

export function partsOf({ capture, encoder }: Plan, transport: string | null): string {
  return `${capture}${transport === null ? "" : ` over ${transport}`}, encoded by ${encoder}`;
}

/** Parts that would have been preferred. Those behind the chosen one, not asked for, or given up before the eyes of all are no news. */
function passedOver({ rejected }: Plan): Rejection[] {
  return rejected.filter(({ kind }) => kind === "lacking" || kind === "unsuitable");
}
