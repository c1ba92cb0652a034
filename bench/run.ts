/**
 * `npm run bench [-- captures seeks renders memory claims quality webcodecs media] [--samples n]`: prints rows, and writes them with the
 * machine's facts. `media` takes `--heavy` (32 MB each, 90 s), `--memory` (nine videos within budgets), and `--seconds n`.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { measuredCosts } from "../src/core/policy/measured.ts";
import { benchCaptures, fasterThanScreenshot, type CaptureRow } from "./captures.ts";
import { benchClaims, claimWords, type ClaimsReport } from "./claims.ts";
import { machineFacts } from "./machine.ts";
import { benchMedia, benchMediaMemory, budgetCells, budgetColumns, mediaCells, mediaColumns, type MediaReport } from "./media.ts";
import { benchMemory } from "./memory.ts";
import { benchQuality, sumsOf } from "./quality.ts";
import { chooseQualities } from "./quality-choice.ts";
import { benchRenders } from "./renders.ts";
import { benchSeeks } from "./seeks.ts";
import { benchWebcodecs } from "./webcodecs-rates.ts";

const { values, positionals } = parseArgs({
  options: {
    samples: { type: "string", default: "3" },
    heavy: { type: "boolean", default: false },
    memory: { type: "boolean", default: false },
    seconds: { type: "string" },
  },
  allowPositionals: true,
});
const parts: readonly string[] = positionals.length > 0 ? positionals : ["captures", "seeks", "renders", "memory"];
const results = new URL("results/", import.meta.url);

function printRow(row: object): void {
  console.log(
    Object.values(row)
      .map((value) => String(value).padEnd(15))
      .join(" "),
  );
}

function printHeader(title: string, columns: readonly string[]): void {
  console.log(`\n${title}\n${columns.map((column) => column.padEnd(15)).join(" ")}`);
}

const report: Record<string, unknown> = { machine: await machineFacts() };
console.log(JSON.stringify(report["machine"], null, 2));
if (parts.includes("captures")) {
  printHeader("Milliseconds a frame, 1920×1080", ["page", "capture", "format", "transport", "mean", "p25", "p75", "frames", "repeats"]);
  const rows: CaptureRow[] = await benchCaptures(printRow);
  const ratios = fasterThanScreenshot(rows);
  console.log("\ntimes as fast as a screenshot (PNG as PNG, all else as JPEG):");
  for (const [page, ofPage] of Object.entries(ratios)) console.log(`${page}: ${JSON.stringify(ofPage)}`);
  Object.assign(report, { captures: rows, timesAsFastAsScreenshot: ratios });
}
if (parts.includes("seeks")) {
  printHeader("Milliseconds a seek, 1,000 elements and 300 animations", ["page", "own", "driven", "extra"]);
  report["seeks"] = await benchSeeks(printRow);
}
if (parts.includes("renders")) {
  printHeader("Whole renders", ["page", "capture", "encoder", "frames", "repeats", "seconds", "frames/s", "start ms", "bytes"]);
  report["renders"] = await benchRenders(Number(values.samples), printRow);
}
if (parts.includes("claims")) {
  printHeader("What the documents promise, in renders that take turns", ["render", "seconds", "frames/s"]);
  const claims: ClaimsReport = await benchClaims({
    ...{ costs: measuredCosts, rounds: Number(values.samples) },
    onRender: (name, { seconds, framesPerSecond }) => printRow([name, seconds, framesPerSecond]),
  });
  for (const claim of claims.claims) console.log(claimWords(claim));
  report["claims"] = claims;
}
if (parts.includes("memory")) {
  printHeader("Memory of the host process over 3,000 frames", ["frame", "resident bytes"]);
  const memory = await benchMemory(printRow);
  console.log(`peak ${Math.round(memory.peakBytes / 1e6)} MB; growth after frame 300: ${Math.round(memory.growthAfter300Bytes / 1e6)} MB`);
  report["memory"] = memory;
}
if (parts.includes("media")) {
  const seconds: number | null = values.seconds === undefined ? null : Number(values.seconds);
  if (values.memory) {
    printHeader("Nine videos of 1080p, pictures within a budget", budgetColumns);
    report["mediaMemory"] = await benchMediaMemory(seconds, (row) => printRow(budgetCells(row)));
  } else {
    printHeader("Thirty videos on one page", mediaColumns);
    const media: MediaReport = await benchMedia({ heavy: values.heavy, seconds }, (row) => printRow(mediaCells(row)));
    const { policyOverBest, isWithinTenPercent } = media;
    console.log(
      `with the policy's choice ${policyOverBest ?? 0} of the frames a second of the best: ${isWithinTenPercent ? "within" : "not within"} 10 %`,
    );
    report["media"] = media;
  }
}
if (parts.includes("quality")) {
  printHeader("Settings of encoders, two seconds of each page at 1080p", ["encoder", "speed", "rate", "page", "CPU s", "bytes", "SSIM"]);
  const sums = sumsOf(await benchQuality(printRow));
  const choices = chooseQualities(sums);
  printHeader("The levels", ["encoder", "level", "speed", "rate", "CPU s", "bytes", "lowest SSIM"]);
  for (const choice of choices) printRow(choice);
  Object.assign(report, { quality: sums, levels: choices });
}
if (parts.includes("webcodecs")) {
  printHeader("Encoders of the browser, one second of each page at 1080p", ["page", "encoder", "setting", "kB", "SSIM"]);
  report["webcodecs"] = await benchWebcodecs(printRow);
}
await mkdir(results, { recursive: true });
const file = new URL(`${parts.join("-")}.json`, results);
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
console.log(`\nwritten to bench/results/${parts.join("-")}.json`);
