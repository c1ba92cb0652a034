import { dirname } from "node:path";
import { folderBytes, watchPeak } from "../src/bench/peak.ts";
import { memoryBytesOf, processTree } from "../src/process/process-usage.ts";
import { countUse, type Used } from "../src/bench/usage-meter.ts";
import type { RenderEvent } from "../src/core/events.ts";
import type { RenderHost, RenderParts } from "../src/core/host.ts";
import type { RenderJob } from "../src/core/job.ts";
import type { MeasuredCosts } from "../src/core/policy/costs.ts";
import { renderWith } from "../src/core/render.ts";
import type { RenderResult } from "../src/core/result.ts";
import { builtInParts, nodeHost } from "../src/node/render.ts";

/** What a whole render took: of this process, the browsers and ffmpeg together. */
export interface MeasuredRender {
  readonly result: RenderResult;
  /** From the call to the named file. */
  readonly seconds: number;
  /** From the first frame asked for to the finished file: what is left of a long video once its start is forgotten. */
  readonly framesPerSecond: number;
  readonly cpuSeconds: number;
  readonly peakMemoryBytes: number;
  /** In the folder of the output, what was written on the way among it. */
  readonly peakDiskBytes: number;
}

/** How often memory is looked at, in milliseconds: asking for it costs the system a little each time. */
const MEMORY_EVERY_MS = 1_000;
const DISK_EVERY_MS = 50;

/**
 * Renders and measures. The policy goes by the table that is given, and by none that the user's cache may hold.
 *
 * @throws RenderError as `renderWith` does
 */
export async function measuredRender(
  job: RenderJob,
  costs: MeasuredCosts | null,
  parts: Partial<RenderParts> = {},
  signal?: AbortSignal,
): Promise<MeasuredRender> {
  const folder: string = dirname(job.output);
  const memory = watchPeak(async () => memoryBytesOf((await processTree(process.pid)) ?? []), MEMORY_EVERY_MS);
  const disk = watchPeak(() => folderBytes(folder), DISK_EVERY_MS);
  const enough = await countUse();
  // A browser takes the time of its processes with it when it is closed: it is asked for when the last frame is encoded as well.
  let used: Promise<Used> = enough();
  const onEvent = ({ type }: RenderEvent): void => {
    if (type === "checking") used = enough();
  };
  try {
    const host: RenderHost = { ...nodeHost(), costs: async () => costs };
    const result: RenderResult = await renderWith(job, { ...builtInParts(), ...parts }, host, {
      onEvent,
      ...(signal === undefined ? {} : { signal }),
    });
    const [encoded, done] = await Promise.all([used, enough()]);
    const { framesMs, finishMs } = result.timings;
    return {
      result,
      seconds: round(done.wallMs / 1000),
      framesPerSecond: round((result.frames * 1000) / (framesMs + finishMs)),
      cpuSeconds: round(Math.max(encoded.cpuMs, done.cpuMs) / 1000),
      peakMemoryBytes: await memory.stop(),
      peakDiskBytes: await disk.stop(),
    };
  } finally {
    await Promise.all([memory.stop(), disk.stop()]);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
