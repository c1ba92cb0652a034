import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ffmpegMissing } from "../core/errors.ts";

/** An ffmpeg that answered. */
export interface FfmpegInstall {
  readonly executablePath: string;
  readonly foundIn: string;
  readonly version: string;
}

/**
 * Looks in: the path that was asked for, FFMPEG_PATH, the package ffmpeg-static, the PATH. A path that was named is the only one tried.
 *
 * @throws RenderError `ffmpeg-missing`
 */
export async function findFfmpeg(asked?: string): Promise<FfmpegInstall> {
  const named: string | undefined = asked ?? process.env["FFMPEG_PATH"];
  if (named !== undefined && named !== "") {
    const foundIn: string = asked === undefined ? "FFMPEG_PATH" : "the option";
    const install: FfmpegInstall | null = await tryFfmpeg(named, foundIn);
    if (install) return install;
    throw ffmpegMissing([`${foundIn}: "${named}"`]);
  }
  const packaged: string | null = await fromFfmpegStatic();
  const install: FfmpegInstall | null =
    (packaged === null ? null : await tryFfmpeg(packaged, "ffmpeg-static")) ?? (await tryFfmpeg("ffmpeg", "PATH"));
  if (install) return install;
  throw ffmpegMissing(["FFMPEG_PATH", "ffmpeg-static", "PATH"]);
}

async function tryFfmpeg(executablePath: string, foundIn: string): Promise<FfmpegInstall | null> {
  const version: string | null = await versionOf(executablePath);
  return version === null ? null : { executablePath, foundIn, version };
}

/**
 * How long an answer counts, in milliseconds. Each costs a process, and one render needs it several times; an ffmpeg that
 * is replaced is another for the renders after that.
 */
const FRESH_MS = 10_000;

interface Answer {
  readonly askedAtMs: number;
  readonly version: Promise<string | null>;
}

const answers: Map<string, Answer> = new Map();

/** Null where there is no ffmpeg: that is asked anew each time, for it may be installed meanwhile. */
function versionOf(executablePath: string): Promise<string | null> {
  const key = `${executablePath}\n${process.env["PATH"]}`;
  const known: Answer | undefined = answers.get(key);
  if (known && performance.now() - known.askedAtMs < FRESH_MS) return known.version;
  const version: Promise<string | null> = askFfmpeg(executablePath, "-version").then(
    ({ stdout }) => /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? null,
    () => null,
  );
  answers.set(key, { askedAtMs: performance.now(), version });
  void version.then((said) => said === null && answers.delete(key));
  return version;
}

/** How long ffmpeg may take to say what it is, in milliseconds: longer, and it is none. */
const ANSWER_LIMIT_MS = 10_000;

/** Asks ffmpeg about itself, such as "-encoders". Rejects where it does not answer. */
export function askFfmpeg(executablePath: string, question: string): Promise<{ readonly stdout: string }> {
  const answer = promisify(execFile)(executablePath, ["-hide_banner", question], { timeout: ANSWER_LIMIT_MS, killSignal: "SIGKILL" });
  // A program that waits for input hears at once that none comes.
  answer.child.stdin?.end();
  return answer;
}

async function fromFfmpegStatic(): Promise<string | null> {
  // Optional: its install script downloads the binary, and fails the whole install where it cannot.
  const name = "ffmpeg-static";
  const module = (await import(name).catch(() => null)) as { default: string | null } | null;
  return module?.default ?? null;
}
