import { aborted } from "../core/errors.ts";
import { examine } from "./doctor.ts";
import { printReport } from "./doctor-print.ts";
import type { DoctorReport } from "./doctor-report.ts";
import { EXIT_DONE, EXIT_LACKING } from "./exit-codes.ts";
import { exitCodeOf, failureOf, printFailure } from "./failure.ts";
import { printJsonError } from "./json-view.ts";
import { err, out } from "./print.ts";
import { statusLine, type StatusLine } from "./status-line.ts";
import { stopOnSignals, stopSignals } from "./stop-on-signals.ts";

/** Options of `framewright doctor`. */
export interface DoctorFlags {
  readonly browser?: string;
  readonly ffmpeg?: string;
  readonly json?: true;
}

/** Tries everything, prints what works, and answers with the exit code. */
export async function doctorCommand(flags: DoctorFlags): Promise<number> {
  const status: StatusLine | null = err.isTerminal ? statusLine(err) : null;
  const failed = (thrown: unknown): void => {
    status?.clear();
    if (flags.json === true) printJsonError(thrown);
    printFailure(thrown);
  };
  using stop = stopOnSignals({
    onStopping: () => status?.show("Stopping: the browser is closed"),
    onEnding: () => status?.clear(),
    onDeadline: failed,
  });
  try {
    const report: DoctorReport = await examine({
      ...flags,
      signal: stop.signal,
      onStep: (step) => status?.show(step),
    });
    if (stop.signal.aborted) throw aborted(stop.signal.reason);
    status?.clear();
    if (flags.json === true) out.json(report, 2);
    else printReport(report);
    return report.works ? EXIT_DONE : EXIT_LACKING;
  } catch (thrown) {
    failed(thrown);
    return stop.by === null ? exitCodeOf(failureOf(thrown)) : stopSignals[stop.by].exitCode;
  }
}
