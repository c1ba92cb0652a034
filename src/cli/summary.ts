import type { RenderResult } from "../core/result.ts";
import { out } from "./print.ts";
import { counted, megabytes, rate, seconds } from "./quantities.ts";
import { partsOf } from "./render-lines.ts";

/** What came of the render, for people, on standard output. */
export function printSummary(result: RenderResult): void {
  const { paint } = out;
  const rows: readonly (readonly [string, string])[] = summaryRows(result);
  const width: number = Math.max(...rows.map(([label]) => label.length));
  out.line(`${paint.green("Done:")} ${paint.bold(result.output)}`);
  for (const [label, text] of rows) out.line(`  ${paint.dim(label.padEnd(width))}  ${text}`);
}

function summaryRows(result: RenderResult): (readonly [string, string])[] {
  const { facts, plan, transport, workers, frames, repeats, timings, fallbacks, warnings, sound, cache } = result;
  const { width, height } = facts.size;
  const same: string = repeats === 0 ? "" : ` (${repeats} like the one before)`;
  const speed: string = rate(frames / (timings.framesMs / 1000));
  return [
    [
      "video",
      `${counted(facts.frameCount, "frame")}${same}, ${seconds(facts.durationSeconds)}, ${width}×${height}, ${megabytes(facts.byteLength)}`,
    ],
    [
      "took",
      `${seconds(timings.totalMs / 1000)}: ${seconds(timings.startMs / 1000)} to start, ${seconds(timings.framesMs / 1000)} for the frames (${speed}), ${seconds(timings.finishMs / 1000)} to finish`,
    ],
    [
      "parts",
      `${partsOf(plan, transport)}${workers.length === 1 ? "" : `, ${workers.length} ${plan.segments > 1 ? "segments" : "workers"}`}`,
    ],
    ...(sound === null ? [] : [["sound", soundText(sound)] as const]),
    ...(cache === null ? [] : [["pictures", cacheText(cache)] as const]),
    ["checked", checksText(result)],
    ...fallbacks.map(({ part, reason }) => ["given up", `${part}: ${reason}`] as const),
    ...warnings.map((warning) => ["warning", warning] as const),
  ];
}

function soundText({ clips, recordings, loudness, mixer, file }: NonNullable<RenderResult["sound"]>): string {
  const parts: readonly string[] = [
    ...(clips > 0 ? [counted(clips, "clip")] : []),
    ...(recordings > 0 ? [counted(recordings, "recording")] : []),
  ];
  const level: string = loudness === null ? "" : `, ${Math.round(loudness * 10) / 10} LUFS`;
  return `${parts.join(" and ")} mixed by ${mixer}${level}${file === null ? "" : `, in "${file}"`}`;
}

function cacheText({ hits, misses, peakBytes, budgetBytes, evictions, rejections }: NonNullable<RenderResult["cache"]>): string {
  return `${hits} of ${hits + misses} from the cache, at most ${megabytes(peakBytes)} of ${megabytes(budgetBytes)}, ${evictions} given up, ${rejections} too large`;
}

function checksText({ facts, checks: { comparisons, largestDifference } }: RenderResult): string {
  const file = `the output (${facts.checked.join(", ")})`;
  if (comparisons === 0) return `${file}; no frame was compared with a screenshot`;
  return `${file}; ${counted(comparisons, "comparison")} with screenshots, largest difference ${largestDifference} of 255`;
}
