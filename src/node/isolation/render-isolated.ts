import { tmpdir } from "node:os";
import { createProfile, removeProfile } from "../../browser/profile.ts";
import { aborted, jobInvalid, messageOf, renderProcessLost, type RenderError } from "../../core/errors.ts";
import { protectedListener } from "../../core/events.ts";
import type { RenderHost } from "../../core/host.ts";
import type { ParsedJob, RenderJob } from "../../core/job.ts";
import { parseJob } from "../../core/parse-job.ts";
import type { RenderOptions } from "../../core/render.ts";
import type { RenderResult } from "../../core/result.ts";
import { makeTemporaryFolder } from "../../process/temporary-folder.ts";
import { outputDiscarder } from "./discard-output.ts";
import type { RenderFolders, RenderTask, RenderTaskOptions } from "./protocol.ts";
import { isResult, supervise, type Outcome } from "./supervise.ts";

export interface IsolatedOptions extends RenderOptions, RenderTaskOptions {
  /** Memory that all processes of the render may take together, in bytes. @default half of what the host has */
  readonly memoryBytes?: number;
}

/** Less than a browser needs for an empty page. */
const LEAST_MEMORY_BYTES: number = 256 * 1024 * 1024;

/**
 * Renders a job in a process of its own (docs/decisions/0025). Settles when that process, and all that it started, have ended.
 *
 * @throws RenderError as `render`, and `render-process-lost`
 */
export async function renderIsolated(job: RenderJob, options: IsolatedOptions, host: RenderHost): Promise<RenderResult> {
  const parsed: ParsedJob = parseJob(job);
  const { signal, onEvent, onSpan } = options;
  if (signal?.aborted === true) throw aborted(signal.reason);
  const memoryBytes: number = memoryLimit(options.memoryBytes) ?? Math.floor((await host.facts(parsed.output)).memoryBytes / 2);
  const discardOutput: () => Promise<void> = outputDiscarder(parsed, host);
  await using folders = await makeFolders();
  const task: RenderTask = {
    job: asJson(job),
    options: taskOptions(options),
    folders: { profiles: folders.profiles, temporary: folders.temporary },
    memoryBytes,
    reportsEvents: onEvent !== undefined,
    reportsSpans: onSpan !== undefined,
  };
  const warnings: string[] = [];
  const warn = (reason: string): void => void warnings.push(reason);
  const listeners: RenderOptions = {
    ...(signal === undefined ? {} : { signal }),
    onEvent: protectedListener(onEvent, "onEvent", warn),
    onSpan: protectedListener(onSpan, "onSpan", warn),
  };
  const outcome: Outcome = await supervise(task, parsed.limits, listeners);
  const { answer, stopped } = outcome;
  // A process that ended by itself has cleaned up.
  if (outcome.code !== 0) await discardOutput();
  if (isResult(answer)) return { ...answer, output: parsed.output, warnings: [...answer.warnings, ...warnings] };
  throw stopped ?? answer ?? lost(outcome);
}

/** @throws RenderError `job-invalid` */
function memoryLimit(memoryBytes: number | undefined): number | undefined {
  if (memoryBytes === undefined || (Number.isSafeInteger(memoryBytes) && memoryBytes >= LEAST_MEMORY_BYTES)) return memoryBytes;
  throw jobInvalid([`memoryBytes is ${memoryBytes}: must be a whole number of bytes, at least ${LEAST_MEMORY_BYTES}`]);
}

/** @throws RenderError `job-invalid` */
function asJson(job: RenderJob): RenderJob {
  try {
    return JSON.parse(JSON.stringify(job)) as RenderJob;
  } catch (thrown) {
    throw jobInvalid([`the job is not JSON, which isolation: "process" needs: ${messageOf(thrown)}`]);
  }
}

function taskOptions({ browser, ffmpeg, sandbox, root }: RenderTaskOptions): RenderTaskOptions {
  return {
    ...(browser === undefined ? {} : { browser }),
    ...(ffmpeg === undefined ? {} : { ffmpeg }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(root === undefined ? {} : { root }),
  };
}

async function makeFolders(): Promise<RenderFolders & AsyncDisposable> {
  const profiles: string = await createProfile();
  const remove = async (folder: string): Promise<void> => removeProfile(folder).catch(() => {});
  const temporary: string = await makeTemporaryFolder(tmpdir(), "render").catch(async (thrown: unknown) => {
    await remove(profiles);
    throw thrown;
  });
  return {
    profiles,
    temporary,
    async [Symbol.asyncDispose]() {
      await Promise.all([remove(profiles), remove(temporary)]);
    },
  };
}

function lost({ code, signal, stderrTail }: Outcome): RenderError {
  const how: string = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
  const said: string = stderrTail === "" ? "" : ` and said: ${stderrTail}`;
  return renderProcessLost(`${how}${said}. The system may have run out of memory; render again`, { reason: "ended", code, signal });
}
