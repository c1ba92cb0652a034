import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { QualityLevel } from "../src/core/encoder.ts";
import type { RenderJob } from "../src/core/job.ts";
import type { MeasuredCosts } from "../src/core/policy/costs.ts";
import { planWith } from "../src/core/render.ts";
import { builtInParts, nodeHost } from "../src/node/render.ts";
import { measuredRender, type MeasuredRender } from "./measured-render.ts";
import { canvas2d, canvasWebGl, cards, slides, text, type BenchPage } from "./pages.ts";

/** What the documents promise, as one run measured it. JSON. */
export interface ClaimsReport {
  readonly rounds: number;
  readonly claims: readonly Claim[];
  readonly renders: readonly ClaimRender[];
}

/** One ratio of two medians. */
export interface Claim {
  readonly claim: string;
  readonly atLeast: number;
  /** Null where there was nothing to measure. */
  readonly measured: number | null;
  readonly note: string;
}

/** One of the jobs that take turns: the medians of its rounds. */
export interface ClaimRender {
  readonly name: string;
  readonly seconds: number;
  readonly framesPerSecond: number;
  readonly cpuSeconds: number;
  readonly peakDiskBytes: number;
  readonly peakMemoryBytes: number;
}

interface Contender {
  readonly name: string;
  readonly page: BenchPage;
  readonly frames: number;
  readonly job: Partial<RenderJob>;
}

const MOTION_FRAMES = 150;
const STATIC_FRAMES = 300;

const streaming: Contender = { name: "motion, streaming", page: cards, frames: MOTION_FRAMES, job: { encoder: "ffmpeg-pipe", workers: 1 } };
const byDisk: Contender = { name: "motion, by disk", page: cards, frames: MOTION_FRAMES, job: { encoder: "ffmpeg-disk", workers: 1 } };
const still: Contender = {
  name: "mostly static, streaming",
  page: slides,
  frames: STATIC_FRAMES,
  job: { encoder: "ffmpeg-pipe", workers: 1 },
};

export interface ClaimsOptions {
  readonly costs: MeasuredCosts;
  readonly rounds: number;
  /** Multiplies the frames of each render; 1 unless said. */
  readonly length?: number;
  onRender(name: string, render: MeasuredRender): void;
}

/** Renders in turns, A B C A B C, and compares the medians: what slows the machine for a while slows all of them. */
export async function benchClaims(options: ClaimsOptions): Promise<ClaimsReport> {
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-bench-"));
  try {
    const inTwos: readonly Contender[] = await whereTwoAreChosen(options.costs, folder, options.length ?? 1);
    const pairs = inTwos.map((two): readonly [Contender, Contender] => [
      two,
      { ...two, name: `${two.name}, one worker`, job: { ...two.job, workers: 1 } },
    ]);
    const contenders: readonly Contender[] = [streaming, byDisk, still, ...pairs.flat()];
    const measured = new Map<Contender, MeasuredRender[]>();
    for (let round = 0; round < options.rounds; round++) {
      for (const contender of contenders) {
        const render: MeasuredRender = await measuredRender(jobOf(contender, folder, options.length ?? 1), options.costs);
        measured.set(contender, [...(measured.get(contender) ?? []), render]);
        options.onRender(contender.name, render);
      }
    }
    const of = (contender: Contender): ClaimRender => medians(contender.name, measured.get(contender)!);
    return { rounds: options.rounds, claims: claimsOf(of, pairs), renders: contenders.map(of) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function claimsOf(of: (contender: Contender) => ClaimRender, pairs: readonly (readonly [Contender, Contender])[]): Claim[] {
  const [stream, disk, static_] = [of(streaming), of(byDisk), of(still)];
  const settings = "the same x264 settings, medians of rounds that take turns";
  return [
    {
      claim: "streaming is faster than disk on full motion, whole renders",
      atLeast: 1.15,
      measured: ratio(disk.seconds, stream.seconds),
      note: settings,
    },
    {
      claim: "streaming takes less disk at its peak",
      atLeast: 2,
      measured: ratio(disk.peakDiskBytes, stream.peakDiskBytes),
      note: settings,
    },
    {
      claim: "mostly static content has more frames/s than full motion",
      atLeast: 4,
      measured: ratio(static_.framesPerSecond, stream.framesPerSecond),
      note: `${settings}, without the start`,
    },
    ...pairs.map(([two, one]): Claim => ({
      claim: `where the policy chose several workers they are no slower than one: ${two.name}`,
      atLeast: 0.95,
      measured: ratio(of(one).seconds, of(two).seconds),
      note: "whole renders",
    })),
    ...(pairs.length > 0
      ? []
      : [
          {
            claim: "where the policy chose several workers they are no slower than one",
            atLeast: 0.95,
            measured: null,
            note: "the policy chose one worker on every page of the benches",
          },
        ]),
  ];
}

function jobOf({ page, frames, job }: Contender, folder: string, length: number): RenderJob {
  const duration: number = Math.round(frames * length) / 30;
  return { page: page.path, output: join(folder, "video.mp4"), width: 1920, height: 1080, frameRate: 30, duration, ...job };
}

/** Jobs that the policy might give to more than one worker; on two cores it does so for the slowest capture alone, with the lightest encoding. */
const perhapsInTwos: readonly Contender[] = [
  ...[cards, text, canvas2d, canvasWebGl].flatMap((page) =>
    (["standard", "draft"] satisfies readonly QualityLevel[]).map((quality): Contender => ({
      name: `${page.name} ${quality}`,
      page,
      frames: 300,
      job: { quality },
    })),
  ),
  { name: "cards draft by begin-frame", page: cards, frames: 180, job: { quality: "draft", capture: "begin-frame" } },
];

/** Those for which it takes more than one worker here. */
async function whereTwoAreChosen(costs: MeasuredCosts, folder: string, length: number): Promise<Contender[]> {
  const chosen: Contender[] = [];
  for (const contender of perhapsInTwos) {
    const { plan } = await planWith(jobOf(contender, folder, length), builtInParts(), { ...nodeHost(), costs: async () => costs });
    if (plan.workers > 1) chosen.push({ ...contender, name: `${contender.name}, ${plan.workers} workers` });
  }
  return chosen;
}

function medians(name: string, renders: readonly MeasuredRender[]): ClaimRender {
  const of = (value: (render: MeasuredRender) => number): number => median(renders.map(value));
  return {
    name,
    seconds: of(({ seconds }) => seconds),
    framesPerSecond: of(({ framesPerSecond }) => framesPerSecond),
    cpuSeconds: of(({ cpuSeconds }) => cpuSeconds),
    peakDiskBytes: of(({ peakDiskBytes }) => peakDiskBytes),
    peakMemoryBytes: of(({ peakMemoryBytes }) => peakMemoryBytes),
  };
}

function median(values: readonly number[]): number {
  const sorted: readonly number[] = [...values].sort((a, b) => a - b);
  const middle: number = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function ratio(over: number, under: number): number {
  return Math.round((over / under) * 100) / 100;
}

/** One claim in words. */
export function claimWords({ claim, atLeast, measured, note }: Claim): string {
  if (measured === null) return `${claim}: nothing to measure, for ${note}`;
  const verdict: string = measured >= atLeast ? "holds" : "DOES NOT HOLD";
  return `${claim}: ${measured} × (at least ${atLeast} ×: ${verdict}; ${note})`;
}
