import type { VideoFacts } from "../media.ts";
import { injectorCost, megapixelsOf, type InjectorCost, type MeasuredCosts } from "./costs.ts";
import { measuredCosts } from "./measured.ts";

/** The size at which bytes of injectors are measured. */
const MEASURED_MEGAPIXELS: number = megapixelsOf({ width: 1920, height: 1080 });

/** What an injector costs with a video; null where nobody measured it. */
export function costOfVideo(
  injector: string,
  { codec }: Pick<VideoFacts, "codec">,
  costs: Pick<MeasuredCosts, "injectors">,
): InjectorCost | null {
  return injectorCost(costs.injectors ?? measuredCosts.injectors ?? [], injector, codec);
}

/** Pictures of a video, by those that were measured: what bytes are multiplied by. */
export function shareOfMeasuredSize({ size }: Pick<VideoFacts, "size">): number {
  return megapixelsOf(size) / MEASURED_MEGAPIXELS;
}
