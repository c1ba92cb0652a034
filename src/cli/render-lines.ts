import type { RenderEvent } from "../core/events.ts";
import { formatFrameRate } from "../core/frame-rate.ts";
import type { ParsedJob } from "../core/job.ts";
import type { PartRole, Plan, Rejection } from "../core/policy/plan.ts";
import type { Said, Video } from "../core/video.ts";
import { counted, seconds } from "./quantities.ts";

export function beginLine({ page, output }: ParsedJob): string {
  return `Rendering "${page}" to "${output}"`;
}

export function pageReadyLine({ video }: Extract<RenderEvent, { type: "page-ready" }>): string {
  const { size, frameRate, durationSeconds, frameCount } = video;
  const whole: string = `${size.value.width}×${size.value.height}, ${formatFrameRate(frameRate.value)} frames/s, ${seconds(durationSeconds.value)}`;
  return `Page ready: ${whole}, ${counted(frameCount, "frame")}; ${sources(video)}`;
}

/** Who said what, where it was not the job. */
function sources({ size, frameRate, durationSeconds }: Video): string {
  const by: Readonly<Record<Said<unknown>["by"], string>> = {
    job: "as asked",
    contract: "by the page's script",
    meta: "by the page's meta tag",
    attributes: "by the page's data attributes",
    animations: "by the end of its animations",
    default: "by default",
  };
  return `size ${by[size.by]}, rate ${by[frameRate.by]}, duration ${by[durationSeconds.by]}`;
}

type Opened = Pick<Extract<RenderEvent, { type: "capture-opened" }>, "transport" | "workers">;

export interface PlanDescription {
  onPlan(plan: Plan): void;
  /** Lines for the plan, once its transport is known, and how many workers opened. */
  lines(opened: Opened): string[];
}

/** The plan comes before its transport is known; both make one line. */
export function describePlan(): PlanDescription {
  let plan: Plan | null = null;
  return {
    onPlan(ready) {
      plan = ready;
    },
    lines({ transport, workers }) {
      if (plan === null) return [];
      return [
        `Plan: ${partsOf(plan, transport)}${workers === 1 ? "" : `, by ${workers} workers`}`,
        ...passedOver(plan).map(({ part, role, reasons }) => `Not used: ${whole(part, role)}: ${reasons.join(", ")}`),
      ];
    },
  };
}

export function partsOf({ capture, encoder }: Plan, transport: string | null): string {
  return `${capture}${transport === null ? "" : ` over ${transport}`}, encoded by ${encoder}`;
}

/** An encoder and an injector may have one name. */
function whole(part: string, role: PartRole): string {
  return role === "injector" || role === "mixer" ? `the ${role} ${part}` : part;
}

/** Parts that would have been preferred. Those behind the chosen one, not asked for, or given up before the eyes of all are no news. */
function passedOver({ rejected }: Plan): Rejection[] {
  return rejected.filter(({ kind }) => kind === "lacking" || kind === "unsuitable");
}
