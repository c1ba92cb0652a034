import { jobInvalid } from "../core/errors.ts";
import type { RenderJob, StreamingOptions } from "../core/job.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const STREAMING = "FRAMEWRIGHT_STREAMING";
const LONGEST = "FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS";

/**
 * The job, with what the environment says of streaming wherever the job itself says nothing.
 *
 * @throws RenderError `job-invalid`, with the name of a variable that cannot be read
 */
export function underEnvironment(job: RenderJob, environment: Environment = process.env): RenderJob {
  const usual: StreamingOptions = streamingFrom(environment);
  // What is no job, or no streaming options, is told of where jobs are read.
  if (!isObject(job) || (job.streaming !== undefined && !isObject(job.streaming))) return job;
  const said = Object.entries(job.streaming ?? {}).filter(([, value]) => value !== undefined);
  return { ...job, streaming: { ...usual, ...Object.fromEntries(said) } };
}

/**
 * `FRAMEWRIGHT_STREAMING` (true or false) and `FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS`. One that is empty says nothing.
 *
 * @throws RenderError `job-invalid`
 */
export function streamingFrom(environment: Environment): StreamingOptions {
  const [enabled, longest] = [environment[STREAMING]?.trim() ?? "", environment[LONGEST]?.trim() ?? ""];
  const faults: string[] = [];
  if (!["", "true", "false", "1", "0"].includes(enabled.toLowerCase()))
    faults.push(`the environment variable ${STREAMING} is "${enabled}": must be true or false`);
  const seconds = Number(longest);
  if (longest !== "" && !(Number.isFinite(seconds) && seconds > 0))
    faults.push(`the environment variable ${LONGEST} is "${longest}": must be a number of seconds above 0`);
  if (faults.length > 0) throw jobInvalid(faults);
  return {
    ...(enabled === "" ? {} : { enabled: ["true", "1"].includes(enabled.toLowerCase()) }),
    ...(longest === "" ? {} : { maxDurationSeconds: seconds }),
  };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
