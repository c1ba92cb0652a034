import { failureOf, printFailure } from "./failure.ts";
import { out } from "./print.ts";
import type { RenderView } from "./render-view.ts";

/** One JSON object a line on standard output: every event, and at the end the result or the error. */
export function jsonView(): RenderView {
  return {
    begin() {},
    onEvent: printJsonLine,
    note() {},
    stopping() {},
    succeeded: (result) => printJsonLine({ type: "result", result }),
    failed(thrown) {
      printJsonError(thrown);
      printFailure(thrown);
    },
    close() {},
  };
}

export function printJsonError(thrown: unknown): void {
  printJsonLine({ type: "error", error: failureOf(thrown) });
}

function printJsonLine(value: object): void {
  out.json(value);
}
