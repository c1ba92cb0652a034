import { isRenderError, messageOf, soundFailed } from "../core/errors.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import { startFfmpeg, type FfmpegEnd, type FfmpegProcess } from "../ffmpeg/process.ts";
import type { SoundFolder } from "./sound-folder.ts";

/** What every ffmpeg of a mix is run with. */
export interface TaskContext {
  /** Name of the mixer, for messages. */
  readonly mixer: string;
  readonly executablePath: string;
  readonly folder: SoundFolder;
  readonly signal: AbortSignal;
  /** Longest silence in milliseconds. */
  readonly inactivityTimeoutMs: number;
}

export interface TaskEnd {
  readonly code: number | null;
  /** All that it said, a line each, with its level in brackets. */
  readonly lines: readonly string[];
}

/** A file that is nothing but faults has one said of each. */
const SAID_LENGTH = 100_000;
const SAYS_FULL = /No space left on device|Disk quota exceeded/;
const HEAD: readonly string[] = ["-hide_banner", "-nostats", "-loglevel", "repeat+level+info", "-progress", "pipe:1", "-y"];

/**
 * Runs ffmpeg to its end, and gives what it said: a failure is the caller's to judge.
 *
 * @param input What it reads from its standard input
 * @param source The file that it is run for, for messages
 * @throws RenderError `sound-failed` where it does not start or falls silent, `disk-full`, `aborted`
 */
export async function runTask(
  { mixer, executablePath, folder, signal, inactivityTimeoutMs }: TaskContext,
  args: readonly string[],
  source: string | null,
  input?: AsyncIterable<Float32Array>,
): Promise<TaskEnd> {
  const supervisor = new Supervisor(inactivityTimeoutMs, signal);
  let said = "";
  const onSaid = (text: string): void => {
    if (said.length < SAID_LENGTH) said += text;
  };
  // Without an input it must not take keys that nobody pressed.
  const all: readonly string[] = [...HEAD, ...(input === undefined ? ["-nostdin"] : []), ...args];
  const process: FfmpegProcess = await startFfmpeg(executablePath, all, { onProgress: () => supervisor.beat(), onSaid }).catch(
    (thrown: unknown) => {
      throw soundFailed(mixer, source, `"${executablePath}" did not start: ${messageOf(thrown)}`, thrown);
    },
  );
  try {
    const end: FfmpegEnd = await supervisor.run(fed(process, input), () =>
      soundFailed(mixer, source, `ffmpeg did nothing for ${inactivityTimeoutMs} ms`),
    );
    if (SAYS_FULL.test(end.stderrTail)) throw await folder.full();
    if (end.signal !== null) throw soundFailed(mixer, source, `ffmpeg was ended by ${end.signal}`);
    return { code: end.code, lines: said.split(/\r?\n/).filter((line) => line !== "") };
  } catch (thrown) {
    await process.kill();
    throw isRenderError(thrown) ? thrown : await folder.faultOf(thrown);
  }
}

async function fed(process: FfmpegProcess, input: AsyncIterable<Float32Array> = nothing()): Promise<FfmpegEnd> {
  for await (const floats of input) {
    // It may end before it has read all; how it ended says more.
    const isTaken: boolean = await process.write(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)).then(
      () => true,
      () => false,
    );
    if (!isTaken) break;
  }
  process.end();
  return process.ended;
}

async function* nothing(): AsyncGenerator<never> {}

/** Faults and damage that it told of, in its words: shortened, without addresses of its memory and paths of this host. */
export function complaintsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, level, words] = /\[(warning|error|fatal|panic)\] (.*)$/.exec(line) ?? [];
    if (words === undefined || (level === "warning" && !/corrupt/i.test(words))) return [];
    // What opens every other message.
    if (/^Error opening (input|output) files?|^Failed to set value|^Error parsing options/.test(words)) return [];
    return [words.replace(/^file:.*: (?=[^:]+$)/, "").slice(0, WORDS_LENGTH)];
  });
}

const WORDS_LENGTH = 200;
