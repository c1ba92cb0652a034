import type { PageFacts } from "../core/capture.ts";
import { isRenderError } from "../core/errors.ts";
import type { HostFacts, RenderParts } from "../core/host.ts";
import { parseJob } from "../core/parse-job.ts";
import type { MeasuredCosts } from "../core/policy/costs.ts";
import { defaultPolicy } from "../core/policy/default-policy.ts";
import type { Candidate, Plan } from "../core/policy/plan.ts";

/** What the policy would choose for one kind of page. JSON. */
export interface Outlook {
  /** In words. */
  readonly page: string;
  /** Null where nothing here does it. */
  readonly before: OutlookChoice | null;
  readonly after: OutlookChoice | null;
}

export interface OutlookChoice {
  readonly capture: string;
  readonly encoder: string;
  readonly workers: number;
  readonly framesPerSecond: number | null;
}

/** 30 seconds: long enough that more workers are worth their start. */
const FRAMES = 900;

/** The kinds of pages that the policy tells apart. */
const kinds: readonly (readonly [words: string, facts: Pick<PageFacts, "isSingleCanvas" | "drawsWebGl">])[] = [
  ["elements that move", { isSingleCanvas: false, drawsWebGl: false }],
  ["one canvas, 2D", { isSingleCanvas: true, drawsWebGl: false }],
  ["one canvas, WebGL", { isSingleCanvas: true, drawsWebGl: true }],
];

/** What changes for the policy with another table: for an MP4 of 30 seconds at 1920×1080. Parts that are not in `after` do not work here. */
export function policyOutlook(
  before: MeasuredCosts,
  after: MeasuredCosts,
  parts: Pick<RenderParts, "captures" | "encoders">,
  host: HostFacts,
): Outlook[] {
  return kinds.map(([page, facts]) => {
    const choose = (costs: MeasuredCosts): OutlookChoice | null => choiceWith(costs, after, facts, parts, host);
    return { page, before: choose(before), after: choose(after) };
  });
}

function choiceWith(
  costs: MeasuredCosts,
  here: MeasuredCosts,
  facts: Pick<PageFacts, "isSingleCanvas" | "drawsWebGl">,
  parts: Pick<RenderParts, "captures" | "encoders">,
  host: HostFacts,
): OutlookChoice | null {
  try {
    const plan: Plan = defaultPolicy({
      job: parseJob({ page: "page.html", output: "video.mp4" }),
      page: { ...ordinaryPage, ...facts },
      ...{ size: { width: 1920, height: 1080 }, frameCount: FRAMES, durationSeconds: FRAMES / 30, host, costs, struckOut: [] },
      ...{ injectors: [], mixers: [] },
      captures: parts.captures.map((part) =>
        candidate(
          part,
          here.captures.some(({ capture }) => capture === part.name),
        ),
      ),
      encoders: parts.encoders.map((part) =>
        candidate(
          part,
          here.encoders.some(({ encoder }) => encoder === part.name),
        ),
      ),
    });
    const { capture, encoder, workers, estimate } = plan;
    return { capture, encoder, workers, framesPerSecond: estimate.framesPerSecond };
  } catch (thrown) {
    if (isRenderError(thrown) && thrown.code === "plan-impossible") return null;
    throw thrown;
  }
}

function candidate<Traits>({ name, traits }: { readonly name: string; readonly traits: Traits }, works: boolean): Candidate<Traits> {
  return { name, traits, support: works ? { ok: true } : { ok: false, reasons: ["it could not be measured here"] } };
}

const ordinaryPage: PageFacts = {
  ...{ url: "http://localhost/page.html", duration: null, size: null, frameRate: null, contract: "framewright", access: "random" },
  ...{ isSingleCanvas: false, crossOrigin: [], adapters: [], isSecureContext: true, hasDepthScene: false, drawsWebGl: false, warnings: [] },
  ...{ media: [], sound: "none" },
};
