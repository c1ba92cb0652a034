import type { CaptureTraits } from "../capture.ts";
import type { EncoderTraits } from "../encoder.ts";
import type { FrameFormat } from "../frame.ts";
import { choose, fitting, type Choice, type Judgement } from "./choose.ts";
import { captureCost, contentOf, megapixelsOf, type CaptureCost } from "./costs.ts";
import type { Candidate, PolicyInput } from "./plan.ts";

/** Addresses that a reason names: a page may show hundreds of pictures. */
const LISTED = 3;

/** The captures that do for this page, whichever encoder takes their frames. */
export function suitableCaptures(input: PolicyInput): readonly Candidate<CaptureTraits>[] {
  return fitting("capture", input.captures, input, byPage(input));
}

/**
 * The capture that costs least among those that work here, suit the page, and give the encoder frames that it takes.
 *
 * @param formats Formats that frames may come in, best first
 * @throws RenderError `plan-impossible`
 */
export function chooseCapture(
  input: PolicyInput,
  encoder: Candidate<EncoderTraits>,
  formats: readonly FrameFormat[],
): Choice<CaptureTraits> {
  const { notApplicable, unsuitable } = byPage(input);
  return choose("capture", input.captures, input, {
    notApplicable,
    unsuitable: (traits, name) => [...unsuitable(traits, name), ...misfitsOfFormat(traits, encoder.name, formats)],
    cost: ({ name, traits }) => {
      const format: FrameFormat | null = formatBetween(traits, formats);
      const cost: CaptureCost | null = format && captureCost(input.costs, name, format, contentOf(input.page));
      return cost && cost.msPerMegapixel * megapixelsOf(input.size);
    },
  });
}

/** The best format that the capture gives of those that frames may come in. */
export function formatBetween({ gives }: Pick<CaptureTraits, "gives">, formats: readonly FrameFormat[]): FrameFormat | null {
  return formats.find((format) => gives.includes(format)) ?? null;
}

function byPage({ page, job }: PolicyInput): Omit<Judgement<CaptureTraits>, "cost"> {
  return {
    notApplicable: ({ needsSingleCanvas }) =>
      needsSingleCanvas && !page.isSingleCanvas ? ["the page is not one canvas that fills it"] : [],
    unsuitable: ({ sortsDepth, paintsCrossOrigin }) => [
      ...(page.hasDepthScene && !sortsDepth
        ? ["the page has a scene with transform-style: preserve-3d, which it does not sort in depth"]
        : []),
      ...(page.crossOrigin.length > 0 && job.crossOrigin === "omit" && !paintsCrossOrigin
        ? [`it leaves out content of other origins: ${shortList(page.crossOrigin)}; crossOrigin: "paint" shows it`]
        : []),
    ],
  };
}

function misfitsOfFormat(traits: CaptureTraits, encoder: string, formats: readonly FrameFormat[]): string[] {
  if (formatBetween(traits, formats) !== null) return [];
  return [`it gives ${traits.gives.join(", ")}, and ${encoder} takes ${formats.join(", ") || "nothing"} for this output`];
}

function shortList(urls: readonly string[]): string {
  const more: number = urls.length - LISTED;
  return `${urls.slice(0, LISTED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
