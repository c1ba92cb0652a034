import type { ParsedJob } from "../core/job.ts";
import type { PartRole, Plan, PolicyInput } from "../core/policy/plan.ts";
import type { PlannedRender } from "../core/render.ts";
import type { Paint } from "./paint.ts";
import { out } from "./print.ts";
import { mediaRows, soundRows } from "./plan-media.ts";
import { rejectedRow, type Row } from "./plan-rows.ts";
import { counted, gigabytes, megabytes, rate } from "./quantities.ts";
import { pageReadyLine } from "./render-lines.ts";

/** The plan for people, on standard output. */
export function printPlan(job: ParsedJob, { plan, video, input, warnings }: PlannedRender): void {
  const { paint } = out;
  const kinds: readonly (readonly [string, readonly Row[]])[] = [
    ["Captures", partRows("capture", input.captures, plan, plan.capture)],
    ["Encoders", partRows("encoder", input.encoders, plan, plan.encoder)],
    ["Videos in the page", mediaRows(plan, input)],
    ["Sound", soundRows(plan, input)],
    ["Work", workRows(plan, input)],
  ];
  out.line(paint.bold(`Plan for "${job.page}" to "${job.output}" (${job.codec} in ${job.container}${job.alpha ? ", with alpha" : ""})`));
  out.line(pageReadyLine({ type: "page-ready", url: input.page.url, video }));
  for (const [title, rows] of kinds) if (rows.length > 0) printTable(title, rows, paint);
  for (const warning of warnings) {
    out.line();
    out.line(`${paint.yellow("Warning:")} ${warning}`);
  }
}

function partRows(role: PartRole, candidates: readonly { readonly name: string }[], plan: Plan, chosen: string): Row[] {
  return candidates.map(({ name }) => {
    if (name !== chosen) return rejectedRow(role, name, plan) ?? [name, "", ""];
    const prefix = `${name}: `;
    const why: readonly string[] = plan.reasons.filter((reason) => reason.startsWith(prefix)).map((reason) => reason.slice(prefix.length));
    return [name, "chosen", why.join("; ")];
  });
}

function workRows(plan: Plan, { host, costs }: PolicyInput): Row[] {
  const { frameFormat, workers, segments, streaming, checkAt, estimate, windowBytes } = plan;
  const why = (word: string): string =>
    plan.reasons.find((reason) => new RegExp(`^\\d+ ${word}s?: `).test(reason))?.replace(/^[^:]*: /, "") ?? "";
  const speed: string = estimate.framesPerSecond === null ? "unknown" : rate(estimate.framesPerSecond);
  return [
    ["workers", String(workers), why("worker")],
    ...(segments > 1 ? [["segments", String(segments), why("segment")] as const] : []),
    ["streaming", streaming.streams ? "yes" : "no", streaming.reason],
    ["frames", frameFormat, `at most ${megabytes(windowBytes)} of them wait for the encoder`],
    ["checked", counted(checkAt.length, "frame"), checkAt.length === 0 ? "the capture is the reference itself" : "against screenshots"],
    [
      "expected",
      speed,
      estimate.basis === "assumed"
        ? "assumed: nobody measured these parts"
        : `${estimate.basis}${costs.machine === "" ? "" : `: ${costs.machine}`}; frames that stand still cost less`,
    ],
    [
      "machine",
      counted(host.cores, "core"),
      `${gigabytes(host.memoryBytes)} of memory, ${host.freeDiskBytes === null ? "unknown" : gigabytes(host.freeDiskBytes)} of disk free, ${host.runtime}, ${host.platform}`,
    ],
  ];
}

function printTable(title: string, rows: readonly Row[], paint: Paint): void {
  const widthOf = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  out.line();
  out.line(paint.bold(title));
  for (const [about, decided, why] of rows) {
    const painted: string = decided === "chosen" ? paint.green(decided.padEnd(widthOf(1))) : decided.padEnd(widthOf(1));
    out.line(`  ${about.padEnd(widthOf(0))}  ${painted}  ${paint.dim(why)}`.trimEnd());
  }
}
