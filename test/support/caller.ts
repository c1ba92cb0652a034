import type { RenderJob } from "../../src/core/job.ts";
import { isRenderError } from "../../src/core/errors.ts";
import { render } from "../../src/node/render.ts";

/** A program of its own that renders: how it ends shows what a render leaves in a process. */

/** What the program shall do, as JSON in its first argument. */
export interface CallerTask {
  readonly jobs: readonly RenderJob[];
  /** Calls `process.exit` with this code in the middle of the first job. */
  readonly exitWith?: number;
  /** Kills itself in the middle of the first job. */
  readonly dies?: boolean;
  readonly isolation?: "process";
  /** Aborts each job in its middle. */
  readonly aborts?: boolean;
}

/** In the middle of its jobs, for those that have one. */
const MIDDLE = 20;

async function run({ jobs, exitWith, aborts = false, dies = false, isolation }: CallerTask): Promise<void> {
  for (const job of jobs) {
    const controller = new AbortController();
    const outcome: string = await render(job, {
      signal: controller.signal,
      ...(isolation === undefined ? {} : { isolation }),
      onEvent(event) {
        if (event.type !== "frame-encoded" || event.index !== MIDDLE) return;
        if (exitWith !== undefined) process.exit(exitWith);
        if (dies) process.kill(process.pid, "SIGKILL");
        if (aborts) controller.abort(new Error("enough"));
      },
    }).then(
      () => "complete",
      (thrown: unknown) => (isRenderError(thrown) ? thrown.code : String(thrown)),
    );
    console.log(outcome);
  }
  console.log("done");
}

await run(JSON.parse(process.argv[2]!) as CallerTask);
