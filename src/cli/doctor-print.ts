import type { BrowserFinding, DoctorReport, FfmpegFinding, Lack, Machine, PartFinding, TrialFinding } from "./doctor-report.ts";
import type { Paint } from "./paint.ts";
import { out } from "./print.ts";

/** One thing that was tried: whether it works, its name, and what there is to say of it. */
interface Row {
  readonly state: "works" | "lacks" | "untried";
  readonly name: string;
  readonly text: string;
  readonly mend: string | null;
}

/** The report for people, on standard output. */
export function printReport(report: DoctorReport): void {
  const { paint } = out;
  const groups: readonly (readonly [string, readonly Row[]])[] = [
    ["Machine", [machineRow(report.machine), browserRow(report.browser), ...sandboxRow(report.browser), ffmpegRow(report.ffmpeg)]],
    ["Captures", report.captures.map(partRow)],
    ["Encoders", report.encoders.map(partRow)],
    ["Videos of 10 frames, with the start of the browser", report.renders.map(trialRow)],
  ];
  const width: number = Math.max(...groups.flatMap(([, rows]) => rows.map(({ name }) => name.length)));
  out.line(paint.bold(`framewright ${report.framewright}`));
  const told = new Set<string>();
  for (const [title, rows] of groups.filter(([, rows]) => rows.length > 0)) {
    out.line();
    out.line(paint.bold(title));
    for (const row of rows) printRow(row, width, paint, told);
  }
  out.line();
  out.line(verdict(report, paint));
}

/** @param told Commands that were printed before: one that mends two lacks is told once */
function printRow({ state, name, text, mend }: Row, width: number, paint: Paint, told: Set<string>): void {
  out.line(`  ${marks(paint)[state]} ${name.padEnd(width)}  ${text}`.trimEnd());
  if (mend === null || told.has(mend)) return;
  told.add(mend);
  out.line(`    ${"".padEnd(width)}  ${paint.yellow("mend:")} ${mend}`);
}

function marks(paint: Paint): Record<Row["state"], string> {
  return { works: paint.green("✔"), lacks: paint.red("✘"), untried: paint.dim("–") };
}

function machineRow(machine: Machine): Row {
  const { runtime, runtimeVersion, platform, architecture, cores, memoryBytes, freeMemoryBytes } = machine;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  const memory = `${gigabytes(memoryBytes)} GB of memory (${gigabytes(freeMemoryBytes)} free)`;
  return { state: "works", name: runtime, text: `${runtimeVersion}, ${platform} ${architecture}, ${cores} cores, ${memory}`, mend: null };
}

function browserRow(browser: BrowserFinding | Lack): Row {
  if (!browser.ok) return lackRow("browser", browser);
  return { state: "works", name: "browser", text: `${browser.product}, ${browser.executablePath} (${browser.foundIn})`, mend: null };
}

/** Without it pages are rendered just as well, but those of strangers had better not be. */
function sandboxRow(browser: BrowserFinding | Lack): Row[] {
  if (!browser.ok) return [];
  const { enabled, reason } = browser.sandbox;
  return [{ state: enabled ? "works" : "untried", name: "sandbox", text: enabled ? "on" : `off: ${reason}`, mend: null }];
}

function ffmpegRow(ffmpeg: FfmpegFinding | Lack): Row {
  if (!ffmpeg.ok) return lackRow("ffmpeg", ffmpeg);
  return {
    state: "works",
    name: "ffmpeg",
    text: `${ffmpeg.version} with libx264, ${ffmpeg.executablePath} (${ffmpeg.foundIn})`,
    mend: null,
  };
}

function partRow(part: PartFinding): Row {
  if (!part.ok) return part.mend === null ? { ...lackRow(part.name, part), state: "untried" } : lackRow(part.name, part);
  const { transport, codec } = part.details;
  const text: string = transport === undefined ? "works" : `works, over ${transport}`;
  return { state: "works", name: part.name, text: codec === undefined ? text : `${text}, as ${codec}`, mend: null };
}

function lackRow(name: string, { reason, mend }: Lack): Row {
  return { state: "lacks", name, text: reason, mend };
}

function trialRow(trial: TrialFinding): Row {
  const name = `${trial.capture} + ${trial.encoder}`;
  if (!trial.ok) return { state: "lacks", name, text: trial.reason, mend: null };
  const over: string = trial.transport === null ? "" : ` over ${trial.transport}`;
  return { state: "works", name, text: `${trial.ms.toLocaleString("en-US")} ms${over}`, mend: null };
}

function verdict({ works, browser, ffmpeg, captures, encoders, renders }: DoctorReport, paint: Paint): string {
  if (!works) return paint.red("No page can be rendered here yet");
  const isWhole: boolean = [browser, ffmpeg, ...captures, ...encoders, ...renders].every(({ ok }) => ok);
  return paint.green(isWhole ? "Everything works here" : "Pages can be rendered here, though not in every way");
}
