import { spawn, type ChildProcess } from "node:child_process";
import { messageLines } from "./message-lines.ts";
import { killMarked } from "./marked-processes.ts";
import { LONGEST_MESSAGE_BYTES, MARK, PUBLISH, type RenderTask } from "./protocol.ts";
import { renderProcessCommand } from "./runtime-command.ts";

/** A process that renders. Owned by whoever started it, who waits for `ended`. */
export interface RenderProcess {
  readonly id: number;
  /** Lets it give the output its name. */
  publish(): void;
  /** Asks it to end. One that has not ended after `STOP_GRACE_MS` is killed. */
  stop(): void;
  kill(): void;
  /** Resolves when the process and everything that it started have ended. */
  readonly ended: Promise<RenderProcessEnd>;
}

export interface RenderProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Last characters of its standard error, without control characters. */
  readonly stderrTail: string;
}

export interface RenderProcessListener {
  /** Called for each line that it writes. */
  onLine(line: string): void;
  /** Called when a line exceeds its limit; no lines follow. */
  onBadLine(thrown: unknown): void;
}

/** Browsers that do not answer take two seconds to close; Ctrl-C should take no longer in all. */
const STOP_GRACE_MS = 1_500;
const TAIL_CHARACTERS = 1_000;

/**
 * Starts a process of its own group and session for one render.
 *
 * @throws Error where it cannot be started
 */
export async function startRenderProcess(task: RenderTask, { onLine, onBadLine }: RenderProcessListener): Promise<RenderProcess> {
  const { executablePath, args } = renderProcessCommand(task.memoryBytes);
  const { temporary } = task.folders;
  const child: ChildProcess = spawn(executablePath, args, {
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
    // Signals of the terminal reach this process alone, which then stops the render.
    detached: process.platform !== "win32",
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary, [MARK]: temporary },
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const id: number = child.pid!;
  child.on("error", () => {});
  // A process that has ended reads no more; how it ended tells why.
  child.stdin!.on("error", () => {}).write(`${JSON.stringify(task)}\n`);
  const linesOf = messageLines(LONGEST_MESSAGE_BYTES);
  child.stdout!.on("data", (bytes: Uint8Array) => {
    try {
      for (const line of linesOf(bytes)) onLine(line);
    } catch (thrown) {
      child.stdout!.removeAllListeners("data").resume();
      onBadLine(thrown);
    }
  });
  let stderrTail = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderrTail = (stderrTail + text).slice(-TAIL_CHARACTERS);
  });
  let grace: ReturnType<typeof setTimeout> | undefined;
  const killGroup = (): void => {
    child.kill("SIGKILL");
    signalGroup(id);
  };
  const ended: Promise<RenderProcessEnd> = new Promise((resolve) => {
    let family: Promise<void> = Promise.resolve();
    child.once("exit", () => {
      clearTimeout(grace);
      signalGroup(id);
      // Whoever holds the other end of a pipe would keep it open.
      family = killMarked(MARK, temporary);
    });
    child.once("close", (code, signal) => void family.then(() => resolve({ code, signal, stderrTail: printable(stderrTail) })));
  });
  return {
    id,
    publish: () => void child.stdin!.write(`${PUBLISH}\n`),
    stop() {
      child.stdin!.end();
      grace ??= setTimeout(killGroup, STOP_GRACE_MS);
    },
    kill: killGroup,
    ended,
  };
}

/** Reaches what shares the group: each ffmpeg, but not browsers, which have groups of their own. */
function signalGroup(id: number): void {
  if (process.platform === "win32") return;
  try {
    process.kill(-id, "SIGKILL");
  } catch {
    // Nothing is left of it.
  }
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ").trim();
}
