import type { CaptureTraits, PageFacts } from "../capture.ts";
import type { EncoderTraits } from "../encoder.ts";
import type { RenderErrorCode } from "../errors.ts";
import type { FrameFormat, Size } from "../frame.ts";
import type { HostFacts } from "../host.ts";
import type { InjectorTraits } from "../injector.ts";
import type { ParsedJob } from "../job.ts";
import type { AudioMixer, AudioRequest } from "../sound.ts";
import type { Support } from "../support.ts";
import type { MeasuredCosts } from "./costs.ts";
import type { StreamingDecision } from "./streaming.ts";

/** A part that could be chosen, with what it answered when it was tried. Parts come in order of preference. */
export interface Candidate<Traits> {
  readonly name: string;
  readonly traits: Traits;
  /** Null where it was not tried yet: once it is chosen it is, and the policy is asked again with the answer. */
  readonly support: Support | null;
}

/** All that the policy knows. JSON. */
export interface PolicyInput {
  readonly job: ParsedJob;
  readonly page: PageFacts;
  readonly size: Size;
  readonly frameCount: number;
  readonly durationSeconds: number;
  readonly host: HostFacts;
  readonly costs: MeasuredCosts;
  readonly captures: readonly Candidate<CaptureTraits>[];
  readonly encoders: readonly Candidate<EncoderTraits>[];
  /** Empty where videos are left to the browser. */
  readonly injectors: readonly InjectorCandidate[];
  readonly mixers: readonly Candidate<AudioMixer["traits"]>[];
  /** Parts that failed earlier in this job. */
  readonly struckOut: readonly PlanFailure[];
}

/** An injector, with what it answered for each video of the page, by source. */
export interface InjectorCandidate {
  readonly name: string;
  readonly traits: InjectorTraits;
  readonly support: Readonly<Record<string, Support>>;
}

/** Who feeds one video of the page, and why. */
export interface VideoPlan {
  readonly source: string;
  /** Null: the browser itself, sought frame by frame. */
  readonly injector: string | null;
  readonly reason: string;
}

/** Who mixes what is heard, and what it is encoded to. */
export interface SoundPlan {
  readonly mixer: string;
  /** Null: it lies beside the pictures, in a WAV file. */
  readonly audio: AudioRequest | null;
}

/** A part that was given up, and why. */
export interface PlanFailure {
  readonly part: string;
  readonly code: RenderErrorCode;
  readonly reason: string;
}

export interface Rejection {
  readonly part: string;
  /** Parts of two kinds may have one name. */
  readonly role: PartRole;
  /**
   * What weighed most: the job asks for another part, it is for pages or formats of another kind, it is lacking here, it does
   * not suit this page or job, it failed in this job, or another is preferred.
   */
  readonly kind: RejectionKind;
  readonly reasons: readonly string[];
}

export type PartRole = "capture" | "encoder" | "injector" | "mixer";

export type RejectionKind = "not-asked-for" | "not-applicable" | "lacking" | "unsuitable" | "struck-out" | "not-preferred";

/** Which parts do the job, and why. JSON. Every candidate is either chosen or rejected with a reason. */
export interface Plan {
  readonly capture: string;
  readonly encoder: string;
  readonly frameFormat: FrameFormat;
  /** `sequential`: the page is stateful, so that one reader takes its frames in order. */
  readonly access: PageFacts["access"];
  /** Pages that capture at the same time, each in a browser of its own. */
  readonly workers: number;
  /** Frames that a worker takes at a time; the whole video where there is one worker, its segment where there are segments. */
  readonly blockFrames: number;
  /** Bytes of frames that may wait for the encoder, over all workers; at least one frame. */
  readonly windowBytes: number;
  /** Parts of the video that are captured and encoded at the same time, and joined; each by one of the workers. */
  readonly segments: number;
  readonly streaming: StreamingDecision;
  /** The videos that the page has as it is opened. */
  readonly videos: readonly VideoPlan[];
  /** Bytes of pictures of videos that may be kept, over all workers; 0 where all are left to the browser. */
  readonly cacheBytes: number;
  /** Null where nothing is heard, or nothing shall be. */
  readonly sound: SoundPlan | null;
  /** Frames whose picture is compared with the reference capture's, rising; empty where the capture needs no check. */
  readonly checkAt: readonly number[];
  readonly estimate: Estimate;
  readonly reasons: readonly string[];
  readonly rejected: readonly Rejection[];
}

/** How fast it should go, and how that is known. */
export interface Estimate {
  /** Frames that change, from the first to the last. Null where nobody measured the parts. */
  readonly framesPerSecond: number | null;
  readonly basis: MeasuredCosts["basis"] | "assumed";
}

/** Chooses the parts for a job: synchronous and pure. */
export type Policy = (input: PolicyInput) => Plan;
