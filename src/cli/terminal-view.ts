import { printFailure } from "./failure.ts";
import { frameBar, type FrameBar } from "./frame-bar.ts";
import { err } from "./print.ts";
import { beginLine, describePlan, pageReadyLine } from "./render-lines.ts";
import type { RenderView } from "./render-view.ts";
import { statusLine } from "./status-line.ts";
import { printSummary } from "./summary.ts";

/** A line that tells what is going on, then a bar, on standard error; the summary goes to standard output. */
export function terminalView(): RenderView {
  const { paint } = err;
  const status = statusLine(err);
  const plan = describePlan();
  let bar: FrameBar | null = null;
  let [checked, toCheck]: [number, number] = [0, 0];
  let isStopping = false;
  const clear = (): void => {
    status.clear();
    bar?.remove();
  };
  const keep = (line: string): void => {
    bar?.remove();
    status.keep(line);
  };
  const show = (text: string): void => {
    bar?.remove();
    status.show(text);
  };
  return {
    begin(job) {
      keep(paint.bold(beginLine(job)));
      show("Starting the browser and loading the page");
    },
    onEvent(event) {
      if (isStopping) return undefined;
      switch (event.type) {
        case "page-ready":
          keep(pageReadyLine(event));
          return show("Trying what works in this browser");
        case "plan-ready":
          plan.onPlan(event.plan);
          [checked, toCheck] = [0, event.plan.checkAt.length];
          return show(`Opening the page for ${event.plan.capture}`);
        case "capture-opened":
          for (const line of plan.lines(event)) keep(line);
          bar = null;
          return show(toCheck === 0 ? "Starting the encoder" : `Comparing with screenshots: ${toCheck} frames`);
        case "capture-checked":
          // The same frames are compared again on their way; the bar stays then.
          if (bar === null && checked < toCheck) show(`Comparing with screenshots: ${++checked} of ${toCheck} frames`);
          return undefined;
        case "part-given-up":
          keep(`${paint.yellow("Warning:")} ${event.part} was given up, for ${event.reason}`);
          return undefined;
        case "frame-encoded":
          status.clear();
          bar ??= frameBar(err, event.frameCount);
          return bar.update(event.index + 1);
        case "finishing":
          return show("Finishing the file");
        case "checking":
          return show("Reading the file back");
        case "streaming-decided":
          return undefined;
        case "warning":
          return keep(`${paint.yellow("Warning:")} ${event.reason}`);
      }
    },
    note: keep,
    stopping(line) {
      isStopping = true;
      keep(line);
      show("Closing the browser (Ctrl-C again ends at once)");
    },
    succeeded(result) {
      clear();
      printSummary(result);
    },
    failed(thrown) {
      clear();
      printFailure(thrown);
    },
    close: clear,
  };
}
