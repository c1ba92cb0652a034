import type { BrowserSandbox } from "./browser.ts";
import type { FrameCacheStatistics } from "./frame-cache.ts";
import type { CheckedOutput } from "./pipeline/check-output.ts";
import type { WorkerUse } from "./pipeline/frame-worker.ts";
import type { WindowUse } from "./pipeline/ordered-window.ts";
import type { Plan, PlanFailure } from "./policy/plan.ts";
import type { MixFacts } from "./sound.ts";
import type { Video } from "./video.ts";

/** What a render gives. JSON. */
export interface RenderResult {
  readonly output: string;
  /** Size, rate and duration, and who said each. */
  readonly video: Video;
  /** What the page's random numbers began with. */
  readonly seed: number;
  readonly facts: CheckedOutput;
  readonly plan: Plan;
  /** Frames that were captured, of which `repeats` equalled the one before. */
  readonly frames: number;
  readonly repeats: number;
  /** Pictures in the output: as many as frames, or fewer where the timing is variable. */
  readonly encoded: number;
  /** Frames that waited for the encoder, at most. */
  readonly window: WindowUse;
  /** What each worker did, or each segment. */
  readonly workers: readonly WorkerUse[];
  /** What was kept of the pictures of videos; null where no video was fed. */
  readonly cache: FrameCacheStatistics | null;
  /** Null where nothing was heard. */
  readonly sound: SoundResult | null;
  /** Of the browser that the page ran in. */
  readonly sandbox: BrowserSandbox;
  /** How the pixels came out of the page. */
  readonly transport: string | null;
  readonly checks: RenderChecks;
  /** Parts that were tried and given up, in order, with the reason. */
  readonly fallbacks: readonly PlanFailure[];
  readonly warnings: readonly string[];
  readonly timings: RenderTimings;
}

export interface SoundResult extends MixFacts {
  readonly sampleCount: number;
  /** Where it lies beside the pictures: the path; null where it is part of the output. */
  readonly file: string | null;
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
  readonly phases: PhaseTimings;
}

/** Milliseconds of each kind of work, added up: what happened beside other work counts as well, and each worker for itself. */
export interface PhaseTimings {
  readonly launchMs: number;
  readonly openMs: number;
  readonly probeMs: number;
  /** Going through the page to hear it, and mixing. */
  readonly soundMs: number;
  /** The first comparison with the reference. */
  readonly checkMs: number;
  /** Waiting for frames: the page's seek and its picture. */
  readonly captureMs: number;
  /** Captured frames that waited for room. */
  readonly windowMs: number;
  /** Waiting for the encoder to take a frame. */
  readonly writeMs: number;
  readonly finishMs: number;
  /** Reading the finished output back. */
  readonly verifyMs: number;
}
