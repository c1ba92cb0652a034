import { aborted, type RenderError } from "../core/errors.ts";
import { err, out } from "./print.ts";

/** What may stop the process from outside. `SIGPIPE` stands for a standard output that nobody reads any more. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGPIPE";

interface StopTraits {
  /** 128 and the number of the signal, as shells count. */
  readonly exitCode: number;
  readonly words: string;
}

export const stopSignals: Readonly<Record<StopSignal, StopTraits>> = {
  SIGINT: { exitCode: 130, words: "Ctrl-C was pressed (SIGINT)" },
  SIGTERM: { exitCode: 143, words: "SIGTERM came" },
  SIGHUP: { exitCode: 129, words: "the terminal was closed (SIGHUP)" },
  SIGPIPE: { exitCode: 141, words: "nobody reads the output any more" },
};

const heard = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Stop extends Disposable {
  readonly signal: AbortSignal;
  /** What stopped it; null while nothing has. */
  readonly by: StopSignal | null;
}

export interface StopListeners {
  /** It was asked to stop, and cleans up. */
  onStopping(by: StopSignal): void;
  /** It was asked again: the process ends when this returns. */
  onEnding(): void;
  /** The clean-up has taken too long: the process ends when this returns. */
  onDeadline(stopped: RenderError): void;
}

/**
 * How long the clean-up may take after the first signal, in milliseconds. Then the process ends, and what listens to its `exit`
 * removes files and kills processes.
 */
const CLEAN_UP_MS = 1_500;

/**
 * Turns signals into an abort. A second one ends the process at once, and so does the deadline; what listens to its `exit` still
 * cleans up. After disposal the deadline remains: nothing that is still open may hold the process longer.
 */
export function stopOnSignals(listeners: StopListeners): Stop {
  const controller = new AbortController();
  let by: StopSignal | null = null;
  let isDisposed = false;
  const stop = (signal: StopSignal): void => {
    if (by === null) {
      by = signal;
      const reason = new Error(stopSignals[signal].words);
      setTimeout(() => {
        if (isDisposed) process.exit();
        listeners.onDeadline(aborted(reason));
        process.exit(stopSignals[signal].exitCode);
      }, CLEAN_UP_MS).unref();
      listeners.onStopping(signal);
      controller.abort(reason);
    } else if (signal !== "SIGPIPE") {
      listeners.onEnding();
      process.exit(stopSignals[signal].exitCode);
    }
  };
  const onOutputError = (fault: NodeJS.ErrnoException): void => {
    if (fault.code === "EPIPE") stop("SIGPIPE");
  };
  // Progress that nobody reads is no reason to stop.
  const onProgressError = (): void => {};
  for (const signal of heard) process.on(signal, stop);
  out.onError(onOutputError);
  err.onError(onProgressError);
  return {
    signal: controller.signal,
    get by() {
      return by;
    },
    [Symbol.dispose]() {
      isDisposed = true;
      for (const signal of heard) process.off(signal, stop);
    },
  };
}
