import { readFile } from "node:fs/promises";
import { jobInvalid, messageOf, outputNotWritable } from "../core/errors.ts";
import { chromeTrace, type Span } from "../core/timeline.ts";
import type { ParsedJob } from "../core/job.ts";
import { fileTarget } from "../node/output-target.ts";
import { render, type NodeRenderOptions } from "../node/render.ts";
import { exitCodes, EXIT_DONE } from "./exit-codes.ts";
import { exitCodeOf, failureOf } from "./failure.ts";
import { jobFromFlags, type JobFlags, type TypedJob } from "./job-from-flags.ts";
import { assertNotOfPage, assertNotRead, assertTarget, writeOutput, type FilesRead } from "./output-files.ts";
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
  /** File. */
  readonly trace?: string;
  /** Files. */
  readonly adapter?: readonly string[];
}

/** Renders, shows how it gets on, and answers with the exit code. */
export async function renderCommand(page: string, flags: RenderFlags): Promise<number> {
  const view = chooseRenderView(flags.json === true);
  using stop = stopOnSignals({
    onStopping: (by) => view.stopping(`Stopping, because ${stopSignals[by].words}: the browser is closed and the unfinished file removed`),
    onEnding: () => view.close(),
    onDeadline: (stopped) => view.failed(stopped),
  });
  try {
    const { job, parsed } = await readJobFlags(page, flags);
    view.begin(parsed);
    await assertTargets(parsed, flags);
    if (flags.output === undefined) view.note(`No --output was given: the video becomes "${job.output}" in the current folder`);
    const spans: Span[] = [];
    const onSpan = flags.trace === undefined ? {} : { onSpan: (span: Span) => void spans.push(span) };
    try {
      view.succeeded(await render(job, { ...optionsFrom(flags), ...onSpan, signal: stop.signal, onEvent: view.onEvent }));
    } finally {
      // Of a render that failed most of all.
      if (flags.trace !== undefined) await writeOutput(flags.trace, chromeTrace(spans));
    }
    return EXIT_DONE;
  } catch (thrown) {
    view.failed(thrown);
    const failure = failureOf(thrown);
    return failure.code === "aborted" ? (stop.by === null ? exitCodes.aborted : stopSignals[stop.by].exitCode) : exitCodeOf(failure);
  }
}

/** @throws RenderError `job-invalid` and the other codes of `parseJob` */
export async function readJobFlags(page: string, flags: RenderFlags): Promise<TypedJob> {
  return jobFromFlags(page, { ...flags, adapters: await readAdapters(flags.adapter ?? []) });
}

/**
 * Before a browser starts: neither the video nor the trace replaces a file that is read, nor do they replace each other.
 *
 * @throws RenderError `output-not-writable`
 */
async function assertTargets({ page, output }: ParsedJob, { trace, root, adapter, browser, ffmpeg }: RenderFlags): Promise<void> {
  const read: FilesRead = { "--adapter": adapter ?? [], "--browser": [browser], "--ffmpeg": [ffmpeg] };
  // An output that cannot be written is reported by the render.
  const video: string | null = await fileTarget(output).catch(() => null);
  if (video !== null) await assertNotRead(output, video, read);
  if (trace === undefined) return;
  const target: string = await assertTarget(trace, read);
  if (target === video) throw outputNotWritable(trace, "--output and --trace name one file", "Name two");
  await assertNotOfPage(trace, target, page, root);
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

export function optionsFrom({ root, browser, sandbox, ffmpeg }: RenderFlags): NodeRenderOptions {
  return {
    ...(root === undefined ? {} : { root }),
    ...(browser === undefined ? {} : { browser }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(ffmpeg === undefined ? {} : { ffmpeg }),
  };
}
