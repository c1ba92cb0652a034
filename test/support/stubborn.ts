import { stopOnSignals } from "../../src/cli/stop-on-signals.ts";
import { atExit } from "../../src/process/at-exit.ts";

/**
 * A command whose clean-up never ends. Given "disposed", it has stopped listening by then and answered with exit code 7, and
 * something else holds the process.
 */
const isDisposed: boolean = process.argv[2] === "disposed";
atExit(() => console.log("exit listeners ran"));
setInterval(() => {}, 60_000);
const stop = stopOnSignals({
  onStopping: () => console.log("stopping"),
  onEnding: () => console.log("ending"),
  onDeadline: ({ code }) => console.log(`deadline: ${code}`),
});
stop.signal.addEventListener("abort", () => {
  if (!isDisposed) return;
  stop[Symbol.dispose]();
  process.exitCode = 7;
});
console.log("ready");
