import type { Outlook, OutlookChoice } from "../bench/policy-outlook.ts";
import type { InjectorCost, MeasuredCosts } from "../core/policy/costs.ts";
import type { BenchReport } from "./bench-command.ts";
import type { Paint } from "./paint.ts";
import { out } from "./print.ts";
import { counted, megabytes, rate } from "./quantities.ts";

const MEGAPIXELS = (1920 * 1080) / 1e6;

/** The report for people, on standard output. */
export function printBench({ file, costs, leftOut, policy }: BenchReport): void {
  const { paint } = out;
  out.line(paint.bold(`Measured on ${costs.machine}, ${counted(costs.cores, "core")}`));
  if (costs.usage === "assumed")
    out.line(paint.yellow("This system does not tell what processes use: processor time is the time that passed, memory is assumed"));
  printTable("A frame that changes, 1920×1080, one worker", captureRows(costs), paint);
  printTable("Encoding it", encoderRows(costs), paint);
  if (costs.injectors !== undefined) printTable("A picture of a video in the page, 1920×1080", injectorRows(costs.injectors), paint);
  printTable(
    "The policy, for a page of",
    policy.map((one) => [one.page, ...outlookWords(one)]),
    paint,
  );
  if (leftOut.length > 0)
    printTable(
      "Left out",
      leftOut.map(({ about, reason }) => [about, reason]),
      paint,
    );
  out.line();
  out.line(`Written to ${file}`);
}

function captureRows({ captures }: MeasuredCosts): string[][] {
  return captures.map(({ capture, frameFormat, content, msPerMegapixel, cpuMsPerMegapixel, memoryBytes }) => [
    `${capture} ${frameFormat}`,
    content,
    `${milliseconds(msPerMegapixel)}, ${milliseconds(cpuMsPerMegapixel)} of processor time, ${megabytes(memoryBytes)}`,
  ]);
}

function encoderRows({ encoders }: MeasuredCosts): string[][] {
  return encoders.map(({ encoder, codec, level, frameFormat, cpuMsPerMegapixel }) => [
    `${encoder} ${codec} ${level}`,
    frameFormat,
    `${milliseconds(cpuMsPerMegapixel)} of processor time`,
  ]);
}

function injectorRows(injectors: readonly InjectorCost[]): string[][] {
  return injectors.map(({ injector, codec, msPerMegapixel, cpuMsPerMegapixel, decoderBytes }) => [
    injector,
    codec,
    `${milliseconds(msPerMegapixel)}, ${milliseconds(cpuMsPerMegapixel)} of processor time, ${megabytes(decoderBytes)} for each decoder`,
  ]);
}

function outlookWords({ before, after }: Outlook): string[] {
  const [was, is]: readonly string[] = [choiceWords(before), choiceWords(after)];
  return before?.capture === after?.capture && before?.workers === after?.workers
    ? ["as before", is!]
    : ["changes", `${is}; it was ${was}`];
}

function choiceWords(choice: OutlookChoice | null): string {
  if (choice === null) return "nothing that works here";
  const { capture, workers, framesPerSecond } = choice;
  const speed: string = framesPerSecond === null ? "" : `, ${rate(framesPerSecond)} expected`;
  return `${capture} with ${counted(workers, "worker")}${speed}`;
}

function milliseconds(perMegapixel: number): string {
  return `${Number((perMegapixel * MEGAPIXELS).toPrecision(3))} ms`;
}

function printTable(title: string, rows: readonly (readonly string[])[], paint: Paint): void {
  const widths: readonly number[] = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  out.line();
  out.line(paint.bold(title));
  for (const row of rows) out.line(`  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd());
}
