import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { atExit } from "../process/at-exit.ts";

/** A running Chromium, owned by whoever started it. */
export interface ChromiumProcess {
  readonly processId: number;
  /** What it writes to the pipe of the protocol, and what it reads from it. */
  readonly pipe: { readonly input: Readable; readonly output: Writable };
  /** Resolves once it has ended. Never rejects. */
  readonly ended: Promise<ChromiumEnd>;
  /** Kills it and all processes that it started. */
  kill(): void;
}

export interface ChromiumEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Last lines of its standard error. */
  readonly stderrTail: string;
}

const TAIL_CHARACTERS = 8_000;

/**
 * Starts Chromium with the pipe of the protocol. It is killed where this process ends first.
 *
 * @throws Error where the program cannot be started
 */
export async function startChromium(
  executablePath: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ChromiumProcess> {
  const child: ChildProcess = spawn(executablePath, args, {
    // 3 is what Chromium reads, 4 what it writes.
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    env: environment,
    // A process group of its own: Ctrl-C reaches this program alone, and its children can be killed together.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  child.on("error", () => {});
  const kill = (): void => killGroup(child);
  const forget: () => void = atExit(kill);
  let stderrTail = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderrTail = (stderrTail + text).slice(-TAIL_CHARACTERS);
  });
  const ended: Promise<ChromiumEnd> = new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      forget();
      resolve({ code, signal, stderrTail });
    });
  });
  const [output, input] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  return { processId: child.pid!, pipe: { input, output }, ended, kill };
}

function killGroup(child: ChildProcess): void {
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid!, "SIGKILL");
  } catch {
    // It has ended.
  }
}
