import type { LossyLevel } from "../src/ffmpeg/quality.ts";
import type { QualitySum } from "./quality.ts";

/** The setting that stands for a level. */
export interface QualityChoice {
  readonly encoder: string;
  readonly level: LossyLevel;
  readonly speed: string;
  readonly rate: number;
  readonly cpuSeconds: number;
  readonly byteLength: number;
  readonly lowestSsim: number;
}

/** A page may look that much worse: what a step of CRF by one half changes. */
const SLACK = 0.0005;
/** A file may be that much larger. */
const LARGER = 1.1;
/** What a draft keeps on every page. */
const DRAFT_SSIM = 0.985;
/** CPU seconds of one setting differ by so much from run to run: below it the smaller file counts. */
const NOISE = 1.05;
/** Pictures of their own: all rates cost the same time, so that bytes alone count. */
const stills: ReadonlySet<string> = new Set(["mjpeg", "libwebp"]);

/**
 * The levels by rule. `standard` of H.264: the least CPU that looks like medium at CRF 18 (on no page worse by more than 0.0005
 * of SSIM) in at most 1.1 times its bytes; `high`: the same beside medium at CRF 14; `draft`: the least CPU that has an SSIM of
 * 0.985 on every page and no more bytes than `standard`. Other encoders: the least CPU that looks like H.264 at that level, in at
 * most 1.1 times its bytes; the smallest that looks so where none is that small.
 */
export function chooseQualities(sums: readonly QualitySum[]): QualityChoice[] {
  const ofX264: readonly QualitySum[] = sums.filter(({ encoder }) => encoder === "libx264");
  const at = (rate: number): QualitySum => ofX264.find((sum) => sum.speed === "medium" && sum.rate === rate)!;
  const standard: QualitySum = cheapestLike(ofX264, at(18));
  const high: QualitySum = cheapestLike(ofX264, at(14));
  const rest: readonly string[] = [...new Set(sums.map(({ encoder }) => encoder))];
  return rest.flatMap((encoder) => {
    const own: readonly QualitySum[] = sums.filter((sum) => sum.encoder === encoder);
    return [
      choice("draft", cheapest(own.filter((sum) => lowest(sum) >= DRAFT_SSIM && isSmall(sum, standard.byteLength)))),
      choice("standard", encoder === "libx264" ? standard : cheapestLike(own, standard)),
      choice("high", encoder === "libx264" ? high : cheapestLike(own, high)),
    ].flatMap((one) => (one === null ? [] : [one]));
  });
}

function cheapestLike(sums: readonly QualitySum[], target: QualitySum): QualitySum {
  const alike: readonly QualitySum[] = sums.filter((sum) =>
    Object.entries(target.ssim).every(([page, ssim]) => sum.ssim[page]! >= ssim - SLACK),
  );
  const small: readonly QualitySum[] = alike.filter((sum) => isSmall(sum, target.byteLength * LARGER));
  return cheapest(small) ?? smallest(alike) ?? best(sums);
}

function isSmall({ encoder, byteLength }: QualitySum, limit: number): boolean {
  return stills.has(encoder) || byteLength <= limit;
}

function cheapest(sums: readonly QualitySum[]): QualitySum | null {
  if (sums.some(({ encoder }) => stills.has(encoder))) return smallest(sums);
  const least: number = Math.min(...sums.map(({ cpuSeconds }) => cpuSeconds));
  return smallest(sums.filter(({ cpuSeconds }) => cpuSeconds <= least * NOISE));
}

function smallest(sums: readonly QualitySum[]): QualitySum | null {
  return sums.toSorted((one, other) => one.byteLength - other.byteLength)[0] ?? null;
}

function best(sums: readonly QualitySum[]): QualitySum {
  return sums.toSorted((one, other) => lowest(other) - lowest(one))[0]!;
}

function lowest({ ssim }: QualitySum): number {
  return Math.min(...Object.values(ssim));
}

function choice(level: LossyLevel, sum: QualitySum | null): QualityChoice | null {
  if (sum === null) return null;
  const { encoder, speed, rate, cpuSeconds, byteLength } = sum;
  return { encoder, level, speed, rate, cpuSeconds, byteLength, lowestSsim: lowest(sum) };
}
