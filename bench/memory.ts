import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { render } from "../src/node/render.ts";
import { cards } from "./pages.ts";

/** Memory of the host process over a long render, in bytes. */
export interface MemoryReport {
  readonly frames: number;
  readonly samples: readonly MemorySample[];
  /** Largest sample after frame 300 against the one at frame 300. */
  readonly growthAfter300Bytes: number;
  readonly peakBytes: number;
}

export interface MemorySample {
  readonly frame: number;
  readonly residentBytes: number;
}

const FRAMES = 3_000;
const EVERY = 100;

/** 3,000 frames of 1080p: whether memory is flat once the pools are full. */
export async function benchMemory(onSample: (sample: MemorySample) => void): Promise<MemoryReport> {
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-bench-"));
  const samples: MemorySample[] = [];
  try {
    await render(
      { page: cards.path, output: join(folder, "video.mp4"), duration: FRAMES / 30, quality: { preset: "ultrafast" } },
      {
        onEvent: (event) => {
          if (event.type !== "frame-encoded" || (event.index + 1) % EVERY !== 0) return;
          const sample: MemorySample = { frame: event.index + 1, residentBytes: process.memoryUsage.rss() };
          samples.push(sample);
          onSample(sample);
        },
      },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const at300: number = samples.find(({ frame }) => frame === 300)!.residentBytes;
  const later: number[] = samples.filter(({ frame }) => frame > 300).map(({ residentBytes }) => residentBytes);
  return { frames: FRAMES, samples, growthAfter300Bytes: Math.max(...later) - at300, peakBytes: Math.max(...later, at300) };
}
