import type { CaptureTraits, PageFacts } from "../capture.ts";
import type { EncoderTraits } from "../encoder.ts";
import { planImpossible } from "../errors.ts";
import type { FrameFormat } from "../frame.ts";
import type { ParsedJob } from "../job.ts";
import type { Support } from "../support.ts";

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
  readonly frameCount: number;
  readonly captures: readonly Candidate<CaptureTraits>[];
  readonly encoders: readonly Candidate<EncoderTraits>[];
  /** Parts that failed earlier in this job. */
  readonly struckOut: readonly PlanFailure[];
}

export interface PlanFailure {
  readonly part: string;
  readonly reason: string;
}

export interface Rejection {
  readonly part: string;
  /**
   * What weighed most: the job asks for another part, it is for pages of another kind, it is lacking here, it does not suit
   * this page, it failed in this job, or another is preferred.
   */
  readonly kind: RejectionKind;
  readonly reasons: readonly string[];
}

export type RejectionKind = "not-asked-for" | "not-applicable" | "lacking" | "unsuitable" | "struck-out" | "not-preferred";

/** Which parts do the job, and why. JSON. Every candidate is either chosen or rejected with a reason. */
export interface Plan {
  readonly capture: string;
  readonly encoder: string;
  readonly frameFormat: FrameFormat;
  /** `sequential`: the page is stateful, so that one reader takes its frames in order. */
  readonly access: PageFacts["access"];
  /** Frames whose picture is compared with the reference capture's; empty where the capture needs no check. */
  readonly checkAt: readonly number[];
  readonly reasons: readonly string[];
  readonly rejected: readonly Rejection[];
}

/** Chooses the parts for a job: synchronous and pure. */
export type Policy = (input: PolicyInput) => Plan;

/** Frames that are compared in a job; four find a fault of the whole page, and cost less than half a second. */
const CHECKS = 4;
/** Addresses that a reason names. */
const LISTED = 3;

/**
 * Takes the first part of each kind that works here, suits the page, and was not struck out.
 *
 * @throws RenderError `plan-impossible`
 */
export const defaultPolicy: Policy = (input) => {
  const { page } = input;
  const encoder = choose("encoder", input.encoders, input, { notApplicable: () => [], unsuitable: () => [] });
  // Only a secure context has WebCodecs' encoder: elsewhere frames cannot be encoded in the page that holds them.
  const accepts: readonly FrameFormat[] = encoder.chosen.traits.accepts.filter((format) => format !== "page" || page.isSecureContext);
  const capture = choose("capture", input.captures, input, {
    notApplicable: (traits) => (traits.needsSingleCanvas && !page.isSingleCanvas ? ["the page is not one canvas that fills it"] : []),
    unsuitable: (traits) => [
      ...misfitsOfPage(traits, input),
      ...(accepts.some((format) => traits.gives.includes(format)) ? [] : [`it gives no format that ${encoder.chosen.name} takes`]),
    ],
  });
  const { gives, needsCheck } = capture.chosen.traits;
  return {
    capture: capture.chosen.name,
    encoder: encoder.chosen.name,
    frameFormat: accepts.find((format) => gives.includes(format))!,
    access: page.access,
    checkAt: needsCheck ? spread(input.frameCount, CHECKS) : [],
    reasons: [
      capture.reason,
      encoder.reason,
      ...(page.access === "sequential" ? ["frames are read in order by one reader: the page is stateful"] : []),
    ],
    rejected: [...capture.rejected, ...encoder.rejected],
  };
};

function misfitsOfPage(traits: CaptureTraits, { page, job }: PolicyInput): string[] {
  return [
    ...(page.hasDepthScene && !traits.sortsDepth
      ? ["the page has a scene with transform-style: preserve-3d, which it does not sort in depth"]
      : []),
    ...(page.crossOrigin.length > 0 && job.crossOrigin === "omit" && !traits.paintsCrossOrigin
      ? [`it leaves out content of other origins: ${shortList(page.crossOrigin)}; crossOrigin: "paint" shows it`]
      : []),
  ];
}

/** The first of many: a page may show hundreds of pictures. */
function shortList(urls: readonly string[]): string {
  const more: number = urls.length - LISTED;
  return `${urls.slice(0, LISTED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** `count` whole numbers from 0 to `frameCount - 1`, both ends included. */
export function spread(frameCount: number, count: number): number[] {
  if (frameCount <= count) return Array.from({ length: frameCount }, (_, index) => index);
  return Array.from({ length: count }, (_, step) => Math.round((step * (frameCount - 1)) / (count - 1)));
}

interface Choice<Traits> {
  readonly chosen: Candidate<Traits>;
  readonly reason: string;
  readonly rejected: readonly Rejection[];
}

/** Why a part does not fit the page: because it is made for others, or because of what this one holds. */
interface Misfits<Traits> {
  notApplicable(traits: Traits): readonly string[];
  unsuitable(traits: Traits): readonly string[];
}

function choose<Traits>(
  kind: "capture" | "encoder",
  candidates: readonly Candidate<Traits>[],
  input: PolicyInput,
  misfits: Misfits<Traits>,
): Choice<Traits> {
  const asked: string | null = input.job[kind];
  const fit: Candidate<Traits>[] = [];
  const rejected: Rejection[] = [];
  for (const candidate of candidates) {
    const { name, support, traits } = candidate;
    const objections: readonly (readonly [RejectionKind, readonly string[]])[] = [
      ["not-asked-for", asked !== null && asked !== name ? [`the job asks for ${asked}`] : []],
      ["not-applicable", misfits.notApplicable(traits)],
      ["lacking", support === null || support.ok ? [] : support.reasons],
      ["unsuitable", misfits.unsuitable(traits)],
      ["struck-out", input.struckOut.filter(({ part }) => part === name).map(({ reason }) => reason)],
      ["not-preferred", fit[0] ? [`${fit[0].name} is preferred`] : []],
    ];
    const first = objections.find(([, reasons]) => reasons.length > 0);
    if (first) rejected.push({ part: name, kind: first[0], reasons: objections.flatMap(([, reasons]) => reasons) });
    else fit.push(candidate);
  }
  const [chosen] = fit;
  if (!chosen) {
    const unknown: boolean = asked !== null && !candidates.some((candidate) => candidate.name === asked);
    throw planImpossible(
      kind,
      unknown
        ? [{ part: asked!, reasons: [`there is none of this name; known: ${candidates.map((one) => one.name).join(", ")}`] }]
        : rejected,
    );
  }
  return {
    chosen,
    reason:
      asked === null ? `${chosen.name}: the first ${kind} in order of preference that works here` : `${chosen.name}: the job asks for it`,
    rejected,
  };
}
