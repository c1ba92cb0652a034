import type { MeasureStep } from "../bench/measure-costs.ts";
import { policyOutlook, type Outlook } from "../bench/policy-outlook.ts";
import { aborted } from "../core/errors.ts";
import type { MeasuredCosts } from "../core/policy/costs.ts";
import { measuredCosts } from "../core/policy/measured.ts";
import { hostFacts } from "../node/host-facts.ts";
import { measureCosts } from "../node/measure-costs.ts";
import { keepCosts, measuredHere, writeCosts } from "../node/measured-here.ts";
import { builtInParts } from "../node/render.ts";
import { printBench } from "./bench-print.ts";
import { EXIT_DONE } from "./exit-codes.ts";
import { exitCodeOf, failureOf, printFailure } from "./failure.ts";
import { printJsonError } from "./json-view.ts";
import { assertTarget } from "./output-files.ts";
import { err, out } from "./print.ts";
import { statusLine, type StatusLine } from "./status-line.ts";
import { stopOnSignals, stopSignals } from "./stop-on-signals.ts";

/** Options of `framewright bench`. */
export interface BenchFlags {
  readonly output?: string;
  readonly browser?: string;
  readonly ffmpeg?: string;
  readonly sandbox?: boolean;
  readonly json?: true;
}

/** What `framewright bench` found. JSON. */
export interface BenchReport {
  /** Where the table was written. */
  readonly file: string;
  readonly costs: MeasuredCosts;
  /** What did not work here, and why. */
  readonly leftOut: readonly { readonly about: string; readonly reason: string }[];
  /** What the policy chooses with the table that it had, and with this one. */
  readonly policy: readonly Outlook[];
}

/** Measures what each part costs here, keeps it for the policy, and answers with the exit code. */
export async function benchCommand(flags: BenchFlags): Promise<number> {
  const status: StatusLine | null = err.isTerminal ? statusLine(err) : null;
  // A log gets a line for each step.
  const tell = (text: string): void => (status === null ? err.line(text) : status.show(text));
  const failed = (thrown: unknown): void => {
    status?.clear();
    if (flags.json === true) printJsonError(thrown);
    printFailure(thrown);
  };
  using stop = stopOnSignals({
    onStopping: () => tell("Stopping: the browsers are closed, and nothing is written"),
    onEnding: () => status?.clear(),
    onDeadline: failed,
  });
  try {
    const report: BenchReport = await bench(flags, stop.signal, tell);
    status?.clear();
    if (flags.json === true) out.json(report, 2);
    else printBench(report);
    return EXIT_DONE;
  } catch (thrown) {
    failed(thrown);
    return stop.by === null ? exitCodeOf(failureOf(thrown)) : stopSignals[stop.by].exitCode;
  }
}

async function bench(flags: BenchFlags, signal: AbortSignal, tell: (text: string) => void): Promise<BenchReport> {
  const leftOut: { about: string; reason: string }[] = [];
  const before: MeasuredCosts = (await measuredHere()) ?? measuredCosts;
  const onStep = ({ about, reason, done, total }: MeasureStep): void => {
    if (reason !== null) leftOut.push({ about, reason });
    tell(`${done} of at most ${total}: ${about}`);
  };
  // Not after five minutes.
  if (flags.output !== undefined) await assertTarget(flags.output, { "--browser": [flags.browser], "--ffmpeg": [flags.ffmpeg] });
  tell("Measuring: about five minutes on two cores, while nothing else should run");
  const costs: MeasuredCosts = await measureCosts({ ...flags, signal, onStep });
  // What was stopped writes nothing.
  if (signal.aborted) throw aborted(signal.reason);
  const file: string = await write(costs, flags.output);
  return { file, costs, leftOut, policy: policyOutlook(before, costs, builtInParts(flags), await hostFacts(file)) };
}

/** A file that is named gets the table alone: the policy goes on as before. */
async function write(costs: MeasuredCosts, output: string | undefined): Promise<string> {
  if (output === undefined) return keepCosts(costs);
  await writeCosts(costs, output);
  return output;
}
