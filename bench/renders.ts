import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measure } from "mitata";
import type { RenderJob, RenderResult } from "../src/index.ts";
import { render } from "../src/node/render.ts";
import { cards, examples, still, type BenchPage } from "./pages.ts";

/** One whole render, from the call to the named file. */
export interface RenderRow {
  readonly page: string;
  readonly capture: string;
  readonly encoder: string;
  readonly frames: number;
  readonly repeats: number;
  readonly seconds: number;
  readonly framesPerSecond: number;
  readonly startMs: number;
  readonly byteLength: number;
}

type Choice = Pick<RenderJob, "capture" | "encoder" | "duration">;

const renders: readonly (readonly [BenchPage, Choice])[] = [
  [cards, { encoder: "ffmpeg-pipe" }],
  [cards, { encoder: "webcodecs" }],
  [cards, { encoder: "ffmpeg-pipe", capture: "screenshot", duration: 3 }],
  [still, { encoder: "ffmpeg-pipe" }],
  ...examples.map((page) => [page, { encoder: "ffmpeg-pipe" }] as const),
];

/** Whole renders at 1080p, 30 frames/s, x264 medium CRF 18 or the page's own encoder. */
export async function benchRenders(samples: number, onRow: (row: RenderRow) => void): Promise<RenderRow[]> {
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-bench-"));
  const rows: RenderRow[] = [];
  try {
    for (const [page, choice] of renders) {
      const row: RenderRow = await benchRender(page, choice, join(folder, "video.mp4"), samples);
      rows.push(row);
      onRow(row);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return rows;
}

async function benchRender(page: BenchPage, choice: Choice, output: string, samples: number): Promise<RenderRow> {
  let result: RenderResult | undefined;
  const quality = choice.encoder === "ffmpeg-pipe" ? { crf: 18, preset: "medium" } : {};
  const run = async (): Promise<void> => {
    result = await render({ page: page.path, output, frameRate: 30, quality, ...choice });
  };
  const { p50 } = await measure(run, {
    min_samples: samples,
    max_samples: samples,
    min_cpu_time: 0,
    warmup_samples: 0,
    batch_samples: 0,
    batch_threshold: 0,
  });
  const { plan, frames, repeats, timings, facts } = result!;
  const seconds: number = Math.round(p50 / 1e7) / 100;
  return {
    page: page.name,
    capture: plan.capture,
    encoder: plan.encoder,
    frames,
    repeats,
    seconds,
    framesPerSecond: Math.round((frames / seconds) * 10) / 10,
    startMs: Math.round(timings.startMs),
    byteLength: facts.byteLength,
  };
}
