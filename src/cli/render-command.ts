import { render, type NodeRenderOptions } from "../node/render.ts";
import { exitCodes, EXIT_DONE } from "./exit-codes.ts";
import { exitCodeOf, failureOf } from "./failure.ts";
import { jobFromFlags, type JobFlags } from "./job-from-flags.ts";
import { chooseRenderView } from "./render-view.ts";
import { stopOnSignals, stopSignals } from "./stop-on-signals.ts";

/** Options of `framewright render`. */
export interface RenderFlags extends JobFlags {
  readonly root?: string;
  readonly browser?: string;
  readonly ffmpeg?: string;
  readonly json?: true;
}

/** Renders, shows how it gets on, and answers with the exit code. */
export async function renderCommand(page: string, flags: RenderFlags): Promise<number> {
  const view = chooseRenderView(flags.json === true);
  using stop = stopOnSignals({
    onStopping: (by) => view.stopping(`Stopping, because ${stopSignals[by].words}: the browser is closed and the unfinished file removed`),
    onEnding: () => view.close(),
  });
  try {
    const { job, parsed } = jobFromFlags(page, flags);
    view.begin(parsed);
    if (flags.output === undefined) view.note(`No --output was given: the video becomes "${job.output}" in the current folder`);
    view.succeeded(await render(job, { ...optionsFrom(flags), signal: stop.signal, onEvent: view.onEvent }));
    return EXIT_DONE;
  } catch (thrown) {
    view.failed(thrown);
    const failure = failureOf(thrown);
    return failure.code === "aborted" ? (stop.by === null ? exitCodes.aborted : stopSignals[stop.by].exitCode) : exitCodeOf(failure);
  }
}

function optionsFrom({ root, browser, ffmpeg }: RenderFlags): NodeRenderOptions {
  return {
    ...(root === undefined ? {} : { root }),
    ...(browser === undefined ? {} : { browser }),
    ...(ffmpeg === undefined ? {} : { ffmpeg }),
  };
}
