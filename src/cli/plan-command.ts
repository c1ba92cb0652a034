import type { PlannedRender } from "../core/render.ts";
import { planRender } from "../node/render.ts";
import { EXIT_DONE } from "./exit-codes.ts";
import { exitCodeOf, failureOf, printFailure } from "./failure.ts";
import { printJsonError } from "./json-view.ts";
import { printPlan } from "./plan-print.ts";
import { out } from "./print.ts";
import { optionsFrom, readJobFlags, type RenderFlags } from "./render-command.ts";
import { stopOnSignals, stopSignals } from "./stop-on-signals.ts";

/** Shows how a page would be rendered, and answers with the exit code. */
export async function planCommand(page: string, flags: RenderFlags): Promise<number> {
  const failed = (thrown: unknown): void => {
    if (flags.json === true) printJsonError(thrown);
    printFailure(thrown);
  };
  using stop = stopOnSignals({ onStopping() {}, onEnding() {}, onDeadline: failed });
  try {
    const { job, parsed } = await readJobFlags(page, flags);
    const planned: PlannedRender = await planRender(job, { ...optionsFrom(flags), signal: stop.signal });
    if (flags.json === true) out.json(planned);
    else printPlan(parsed, planned);
    return EXIT_DONE;
  } catch (thrown) {
    failed(thrown);
    const failure = failureOf(thrown);
    return failure.code === "aborted" && stop.by !== null ? stopSignals[stop.by].exitCode : exitCodeOf(failure);
  }
}
