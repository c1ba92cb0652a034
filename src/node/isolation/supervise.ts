import { aborted, isRenderError, limitExceeded, messageOf, RenderError, renderProcessLost } from "../../core/errors.ts";
import type { ParsedJob } from "../../core/job.ts";
import { watchSilence, type Watchdog } from "../../core/pipeline/watchdog.ts";
import type { RenderOptions } from "../../core/render.ts";
import type { RenderResult } from "../../core/result.ts";
import { watchMemory } from "./memory-watch.ts";
import { parseMessage } from "./parse-message.ts";
import type { RenderMessage, RenderTask } from "./protocol.ts";
import { startRenderProcess, type RenderProcess, type RenderProcessEnd } from "./start-render-process.ts";

/** How a render process ended. */
export interface Outcome extends RenderProcessEnd {
  /** What it said itself; null where it said nothing. */
  readonly answer: RenderResult | RenderError | null;
  /** Why it was stopped or killed before it answered; null where it was not. */
  readonly stopped: RenderError | null;
}

export interface SuperviseOptions {
  /** Longest silence of the process in milliseconds. @default 60,000 */
  readonly silenceLimitMs?: number;
  /** Starts the process. @default `startRenderProcess` */
  readonly start?: typeof startRenderProcess;
}

const SILENCE_LIMIT_MS = 60_000;
/** What `limits.maxSeconds` leaves to the process to end by itself, in milliseconds. */
const LATE_MS = 5_000;
/** Characters of an unexpected failure that go into a message. */
const LONGEST_FAULT = 2_000;
const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/**
 * Runs a task in a process of its own, and ends that process when it breaks a limit or its word. Resolves when the process,
 * and all that it started, have ended.
 *
 * @throws RenderError `render-process-lost` where it cannot be started
 */
export async function supervise(
  task: RenderTask,
  { maxSeconds }: ParsedJob["limits"],
  { signal, onEvent, onSpan }: RenderOptions,
  { silenceLimitMs = SILENCE_LIMIT_MS, start = startRenderProcess }: SuperviseOptions = {},
): Promise<Outcome> {
  let answer: RenderResult | RenderError | null = null;
  let stopped: RenderError | null = null;
  let isPublished = false;
  const kill = (fault: RenderError): void => {
    if (answer !== null) return;
    stopped ??= fault;
    renderProcess.kill();
  };
  const stop = (): void => {
    if (answer === null) stopped ??= aborted(signal?.reason);
    renderProcess.stop();
  };
  const distrust = (thrown: unknown): void =>
    kill(
      renderProcessLost(`it sent an invalid message (${messageOf(thrown)}) and was killed. The page may control it`, { reason: "message" }),
    );
  const onMessage = (message: RenderMessage): void => {
    if (message.type === "event") onEvent?.(message.event);
    if (message.type === "span") onSpan?.(message.span);
    // Only a render that nobody has stopped gives its output a name.
    if (message.type === "checked" && stopped === null) {
      isPublished = true;
      renderProcess.publish();
    }
    if (message.type === "result" && !isPublished) return distrust(new Error("a result without an output"));
    const given: RenderResult | RenderError | null = answerOf(message);
    if (given === null) return;
    answer = given;
    renderProcess.stop();
  };
  const onLine = (line: string): void => {
    silence.beat();
    if (answer !== null || (stopped !== null && stopped.code !== "aborted")) return;
    let message: RenderMessage;
    try {
      message = parseMessage(line);
    } catch (thrown) {
      return distrust(thrown);
    }
    onMessage(message);
  };
  const renderProcess: RenderProcess = await start(task, { onLine, onBadLine: distrust }).catch((thrown: unknown) => {
    throw renderProcessLost(`it could not be started: ${messageOf(thrown)}`, { reason: "not-started" });
  });
  const silence: Watchdog = watchSilence(silenceLimitMs, () =>
    kill(
      renderProcessLost(`it gave no sign of life for ${silenceLimitMs} ms and was killed. Render again`, {
        reason: "silent",
        silenceLimitMs,
      }),
    ),
  );
  const endMemoryWatch: () => void = watchMemory(renderProcess.id, task.memoryBytes, (bytes) =>
    kill(memoryExceeded(bytes, task.memoryBytes)),
  );
  const late =
    maxSeconds === null
      ? undefined
      : setTimeout(
          () => kill(limitExceeded("maxSeconds", `The render takes longer than ${maxSeconds} s`, maxSeconds)),
          Math.min(maxSeconds * 1_000 + LATE_MS, LONGEST_TIMER_MS),
        );
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted === true) stop();
  const end: RenderProcessEnd = await renderProcess.ended;
  signal?.removeEventListener("abort", stop);
  silence.stop();
  endMemoryWatch();
  clearTimeout(late);
  return { ...end, answer, stopped };
}

function memoryExceeded(bytes: number, memoryBytes: number): RenderError {
  return renderProcessLost(
    `its processes took ${bytes} bytes of memory, memoryBytes allows ${memoryBytes}, and they were killed. Raise memoryBytes, or render a smaller size with fewer workers`,
    { reason: "memory", bytes, memoryBytes },
  );
}

/** Null for messages in the middle of a render. */
function answerOf(message: RenderMessage): RenderResult | RenderError | null {
  if (message.type === "result") return message.result;
  if (message.type === "error") return new RenderError(message.code, message.message, message.details);
  if (message.type === "fault")
    return renderProcessLost(`it failed unexpectedly: ${message.message.slice(0, LONGEST_FAULT)}. Report it`, { reason: "fault" });
  return null;
}

export function isResult(answer: Outcome["answer"]): answer is RenderResult {
  return answer !== null && !isRenderError(answer);
}
