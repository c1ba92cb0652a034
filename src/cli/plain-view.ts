import { printFailure } from "./failure.ts";
import { paceOf } from "./pace.ts";
import { err } from "./print.ts";
import { clock, counted, rate } from "./quantities.ts";
import { beginLine, describePlan, pageReadyLine } from "./render-lines.ts";
import type { RenderView } from "./render-view.ts";
import { printSummary } from "./summary.ts";

const EVERY_MS = 5_000;
const EVERY_SHARE = 0.1;

/** Lines for logs, on standard error; the summary goes to standard output. */
export function plainView(): RenderView {
  const say = (line: string): void => err.line(line);
  const plan = describePlan();
  let sayFrame: (index: number, frameCount: number) => void = frameLines(say);
  return {
    begin: (job) => say(beginLine(job)),
    onEvent(event) {
      switch (event.type) {
        case "page-ready":
          return say(pageReadyLine(event));
        case "plan-ready":
          return plan.onPlan(event.plan);
        case "capture-opened":
          for (const line of plan.lines(event)) say(line);
          // A capture that was given up begins again with the first frame.
          sayFrame = frameLines(say);
          return undefined;
        case "capture-checked":
          return undefined;
        case "part-given-up":
          return say(`Warning: ${event.part} was given up, for ${event.reason}`);
        case "frame-encoded":
          return sayFrame(event.index, event.frameCount);
        case "finishing":
          return say("Finishing the file");
        case "checking":
          return say("Reading the file back");
        case "streaming-decided":
          return undefined;
        case "warning":
          return say(`Warning: ${event.reason}`);
      }
    },
    note: say,
    stopping: say,
    succeeded: printSummary,
    failed: printFailure,
    close() {},
  };
}

/** A line for every tenth of the frames, and every five seconds where they are slow. */
function frameLines(say: (line: string) => void): (index: number, frameCount: number) => void {
  let pace: ReturnType<typeof paceOf> | null = null;
  let [saidAt, saidShare]: [number, number] = [performance.now(), 0];
  return (index, frameCount) => {
    const done: number = index + 1;
    const { framesPerSecond, secondsLeft } = (pace ??= paceOf(frameCount))(done);
    const share: number = Math.floor(done / frameCount / EVERY_SHARE);
    const now: number = performance.now();
    if (share === saidShare && now - saidAt < EVERY_MS) return;
    [saidAt, saidShare] = [now, share];
    const speed: string = framesPerSecond === null ? "" : `, ${rate(framesPerSecond)}`;
    const left: string = secondsLeft === null || done === frameCount ? "" : `, ${clock(secondsLeft)} left`;
    say(`${done}/${counted(frameCount, "frame")} (${Math.floor((100 * done) / frameCount)} %)${speed}${left}`);
  };
}
