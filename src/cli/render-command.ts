import { readFile } from "node:fs/promises";
import { jobInvalid, messageOf } from "../core/errors.ts";
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
  /** False where --no-sandbox was typed. */
  readonly sandbox?: boolean;
  readonly ffmpeg?: string;
  readonly json?: true;
  /** Files. */
  readonly adapter?: readonly string[];
}

/** Renders, shows how it gets on, and answers with the exit code. */
export async function renderCommand(page: string, flags: RenderFlags): Promise<number> {
  const view = chooseRenderView(flags.json === true);
  using stop = stopOnSignals({
    onStopping: (by) => view.stopping(`Stopping, because ${stopSignals[by].words}: the browser is closed and the unfinished file removed`),
    onEnding: () => view.close(),
  });
  try {
    const { job, parsed } = jobFromFlags(page, { ...flags, adapters: await readAdapters(flags.adapter ?? []) });
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

/** @throws RenderError `job-invalid` */
function readAdapters(files: readonly string[]): Promise<string[]> {
  return Promise.all(
    files.map((file) =>
      readFile(file, "utf8").catch((thrown: unknown) => {
        throw jobInvalid([`the adapter "${file}" cannot be read: ${messageOf(thrown)}`]);
      }),
    ),
  );
}

function optionsFrom({ root, browser, sandbox, ffmpeg }: RenderFlags): NodeRenderOptions {
  return {
    ...(root === undefined ? {} : { root }),
    ...(browser === undefined ? {} : { browser }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(ffmpeg === undefined ? {} : { ffmpeg }),
  };
}
