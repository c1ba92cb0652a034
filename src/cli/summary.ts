import type { RenderResult } from "../core/result.ts";
import { paintFor, type Paint } from "./paint.ts";
import { counted, megabytes, rate, seconds } from "./quantities.ts";
import { partsOf } from "./render-lines.ts";

/** What came of the render, for people, on standard output. */
export function printSummary(result: RenderResult): void {
  const paint: Paint = paintFor(process.stdout);
  const rows: readonly (readonly [string, string])[] = summaryRows(result);
  const width: number = Math.max(...rows.map(([label]) => label.length));
  console.log(`${paint.green("Done:")} ${paint.bold(result.output)}`);
  for (const [label, text] of rows) console.log(`  ${paint.dim(label.padEnd(width))}  ${text}`);
}

function summaryRows(result: RenderResult): (readonly [string, string])[] {
  const { facts, plan, transport, checks, frames, repeats, timings, fallbacks, warnings } = result;
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
    ["parts", partsOf(plan, transport)],
    ["checked", checksText(checks)],
    ...fallbacks.map(({ part, reason }) => ["given up", `${part}: ${reason}`] as const),
    ...warnings.map((warning) => ["warning", warning] as const),
  ];
}

function checksText({ comparisons, largestDifference }: RenderResult["checks"]): string {
  if (comparisons === 0) return "the file; no frame was compared with a screenshot";
  return `the file; ${counted(comparisons, "comparison")} with screenshots, largest difference ${largestDifference} of 255`;
}
