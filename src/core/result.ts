import type { BrowserSandbox } from "./browser.ts";
import type { OutputFacts } from "./pipeline/check-output.ts";
import type { Plan, PlanFailure } from "./policy/plan.ts";
import type { Video } from "./video.ts";

/** What a render gives. JSON. */
export interface RenderResult {
  readonly output: string;
  /** Size, rate and duration, and who said each. */
  readonly video: Video;
  /** What the page's random numbers began with. */
  readonly seed: number;
  readonly facts: OutputFacts;
  readonly plan: Plan;
  /** Frames that were captured, of which `repeats` equalled the one before. */
  readonly frames: number;
  readonly repeats: number;
  /** Of the browser that the page ran in. */
  readonly sandbox: BrowserSandbox;
  /** How the pixels came out of the page. */
  readonly transport: string | null;
  readonly checks: RenderChecks;
  /** Captures that were tried and given up, in order, with the reason. */
  readonly fallbacks: readonly PlanFailure[];
  readonly warnings: readonly string[];
  readonly timings: RenderTimings;
}

export interface RenderChecks {
  /** How many frames were compared with the reference capture. */
  readonly comparisons: number;
  /** The largest difference of one 8×8 block, 0 to 255. */
  readonly largestDifference: number;
}

/** Milliseconds. */
export interface RenderTimings {
  /** Until the first frame was asked for: browser, page, probes, plan, checks. */
  readonly startMs: number;
  readonly framesMs: number;
  readonly finishMs: number;
  readonly totalMs: number;
}
