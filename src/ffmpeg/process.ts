import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { spawnOwned } from "../process/owned-child.ts";

/** A running ffmpeg, owned by whoever started it. */
export interface FfmpegProcess {
  /**
   * Resolves when ffmpeg has consumed the bytes, but for what the kernel holds on the way: some 200 KiB.
   *
   * @throws the stream's error when ffmpeg no longer reads
   */
  write(data: Uint8Array): Promise<void>;
  /** Tells ffmpeg that no more comes. */
  end(): void;
  /** How it ended; resolves once its outputs are closed too. */
  readonly ended: Promise<FfmpegEnd>;
  /** SIGTERM, then SIGKILL. Resolves when it has ended. */
  kill(): Promise<void>;
}

export interface FfmpegEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Last lines of its standard error. */
  readonly stderrTail: string;
}

export interface FfmpegProcessOptions {
  /** Called whenever ffmpeg shows that it got on: it took bytes, or reported progress. */
  onProgress(): void;
  /** Hears its standard error as it comes, where the last lines are not enough. */
  onSaid?(text: string): void;
}

const TAIL_CHARACTERS = 4_000;
/** Time between SIGTERM and SIGKILL, in milliseconds. */
const KILL_GRACE_MS = 2_000;

/** Starts ffmpeg and waits until it runs. */
export async function startFfmpeg(
  executablePath: string,
  args: readonly string[],
  { onProgress, onSaid }: FfmpegProcessOptions,
): Promise<FfmpegProcess> {
  const { child, ended, kill } = await startOwned(executablePath, args, ["pipe", "pipe", "pipe"], onSaid);
  // Its progress reports, one every half second while frames go through.
  child.stdout!.on("data", onProgress);
  return {
    write: (data) => writeAll(child.stdin!, data, onProgress),
    end: () => void child.stdin!.end(),
    ended,
    kill,
  };
}

/** A running ffmpeg that is read from; it waits while nobody reads. Owned by whoever started it. */
export interface FfmpegReader extends Pick<FfmpegProcess, "ended" | "kill"> {
  /** Its standard output. */
  readonly output: Readable;
  /** What it writes to "pipe:3". */
  readonly aside: Readable;
}

/** Starts an ffmpeg that is read from, and waits until it runs. */
export async function startFfmpegReader(
  executablePath: string,
  args: readonly string[],
  onSaid?: (text: string) => void,
): Promise<FfmpegReader> {
  const { child, ended, kill } = await startOwned(executablePath, args, ["ignore", "pipe", "pipe", "pipe"], onSaid);
  const [output, aside]: [Readable, Readable] = [child.stdout!, child.stdio[3] as Readable];
  return {
    output,
    aside,
    ended,
    kill() {
      // Outputs that nobody reads any more would never close.
      output.destroy();
      aside.destroy();
      return kill();
    },
  };
}

interface OwnedProcess extends Pick<FfmpegProcess, "ended" | "kill"> {
  readonly child: ChildProcess;
}

async function startOwned(
  executablePath: string,
  args: readonly string[],
  stdio: ("pipe" | "ignore")[],
  onSaid: ((text: string) => void) | undefined,
): Promise<OwnedProcess> {
  const child: ChildProcess = spawnOwned(executablePath, args, {
    stdio,
    windowsHide: true,
    // SVT-AV1 greets on its standard error, where the reason of a failure shall be; 1 leaves it its errors.
    env: { ...process.env, SVT_LOG: "1" },
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  let stderrTail = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderrTail = (stderrTail + text).slice(-TAIL_CHARACTERS);
    onSaid?.(text);
  });
  // A broken pipe reaches the write that waits; without a listener it would end this process.
  child.stdin?.on("error", () => {});
  // Errors after the start, such as a kill that is not permitted, show in how it ends.
  child.on("error", () => {});
  const ended: Promise<FfmpegEnd> = new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stderrTail: stderrTail.trim() }));
  });
  const kill = async (): Promise<void> => {
    child.stdin?.destroy();
    child.kill("SIGTERM");
    const force: ReturnType<typeof setTimeout> = setTimeout(() => child.kill("SIGKILL"), KILL_GRACE_MS);
    await ended;
    clearTimeout(force);
  };
  return { child, ended, kill };
}

/** A frame is written in pieces, so that a slow reader that takes some of it shows a sign of life; in smaller ones it would be woken more often. */
const PIECE_BYTES = 8 * 1024 * 1024;

async function writeAll(stdin: Writable, data: Uint8Array, onProgress: () => void): Promise<void> {
  for (let start = 0; start < data.byteLength; start += PIECE_BYTES) {
    await new Promise<void>((resolve, reject) => {
      // The callback, not "drain": it comes when the kernel took the bytes, "drain" when our buffer has room.
      stdin.write(data.subarray(start, start + PIECE_BYTES), (fault) => (fault ? reject(fault) : resolve()));
    });
    onProgress();
  }
}
