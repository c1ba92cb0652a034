import type { ChildProcess } from "node:child_process";
import type { EncodeRequest } from "../core/encoder.ts";
import { isRenderError, messageOf } from "../core/errors.ts";
import type { Support } from "../core/support.ts";
import { codecChoice, ffmpegArguments, muxerOf } from "./arguments.ts";
import { spawnOwned } from "../process/owned-child.ts";
import { ffmpegBuild, type FfmpegBuild } from "./build.ts";
import { isLack, type CodecChoice, type CodecLack } from "./codec-choice.ts";
import { findFfmpeg } from "./find.ts";
import { soundFault } from "./sound-trial.ts";
import { soundEncoder } from "./sound-choice.ts";

export interface FfmpegSupportOptions {
  /** Name of our encoder, for messages. */
  readonly encoder: string;
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath: string | undefined;
  readonly extra: readonly string[];
  readonly signal?: AbortSignal;
}

const INSTALL = "install a full build (on Debian: apt-get install ffmpeg; anywhere: npm install ffmpeg-static) or name one in FFMPEG_PATH";
/** Small, but no smaller than encoders in hardware take. */
const TRIAL_SIZE = { width: 256, height: 256 } as const;
const TRIAL_FRAMES = 10;
const TRIAL_LIMIT_MS = 20_000;

/** Whether the ffmpeg that is here makes what a request asks for. Encoders in hardware, and arguments of one's own, are tried. */
export async function ffmpegSupport(request: EncodeRequest, options: FfmpegSupportOptions): Promise<Support> {
  try {
    const build: FfmpegBuild = await ffmpegBuild(await findFfmpeg(options.executablePath));
    const { version, executablePath } = build;
    const choice: CodecChoice | CodecLack = codecChoice(request, build);
    if (isLack(choice)) return { ok: false, reasons: [choice.lacks] };
    const lacks: readonly string[] = lacksOf(choice, request, build);
    if (lacks.length > 0) return { ok: false, reasons: lacks };
    const isSure: boolean = request.hardware === null && options.extra.length === 0;
    const faults: readonly (string | null)[] = [
      isSure ? null : await trialFault(request, build, options),
      request.audio === null ? null : await soundFault(request.container, request.audio, build),
    ];
    const reasons: readonly string[] = faults.filter((fault) => fault !== null);
    if (reasons.length > 0) return { ok: false, reasons };
    const sound = request.audio === null ? {} : { soundEncoder: soundEncoder(request.audio.codec, build) };
    return { ok: true, details: { version, executablePath, encoder: choice.encoder, ...sound } };
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)], ...(isRenderError(thrown) ? { error: thrown } : {}) };
  }
}

function lacksOf({ encoder }: CodecChoice, { container, codec, hardware, audio }: EncodeRequest, build: FfmpegBuild): readonly string[] {
  const who = `"${build.executablePath}" ${build.version}`;
  const muxer: string = muxerOf(container);
  const instead: string = hardware === null ? INSTALL : `leave hardware out, or ${INSTALL}`;
  const sound: string | null = audio === null ? null : soundEncoder(audio.codec, build);
  return [
    ...(build.encoders.has(encoder) ? [] : [`${who} is built without ${encoder}, which makes ${codec}: ${instead}`]),
    ...(sound === null || build.encoders.has(sound)
      ? []
      : [`${who} is built without ${sound}, which makes the sound ${audio!.codec}: ${INSTALL}, or take another codec of sound`]),
    ...(build.muxers.has(muxer) ? [] : [`${who} is built without the muxer ${muxer}, which writes ${container}: ${INSTALL}`]),
  ];
}

/** Encodes ten frames, and says what went wrong. */
async function trialFault(
  request: EncodeRequest,
  build: FfmpegBuild,
  { encoder, extra, signal }: FfmpegSupportOptions,
): Promise<string | null> {
  const asked: string = request.hardware === null ? `With the arguments ${extra.join(" ")}` : `With ${request.hardware}`;
  // A GIF takes its frames from a folder alone, and this is about neither folder nor palette.
  const trial: EncodeRequest = { ...request, size: TRIAL_SIZE, frameFormat: "RGBA" };
  if (trial.codec === "gif") return null;
  const args: readonly string[] = ffmpegArguments(trial, {
    ...{ encoder, input: { from: "pipe" }, output: { to: "nowhere" }, sound: null, build, extra },
  });
  const { frames, said, code } = await runTrial(build.executablePath, args, signal);
  if (code === 0 && frames === TRIAL_FRAMES) return null;
  const words: string = said === "" ? "it said nothing" : `it said: ${said.split("\n").slice(0, 3).join(" | ")}`;
  return `${asked}, "${build.executablePath}" ${build.version} encoded ${frames} of ${TRIAL_FRAMES} frames; ${words}`;
}

interface TrialEnd {
  readonly frames: number;
  readonly said: string;
  readonly code: number | null;
}

function runTrial(executablePath: string, args: readonly string[], signal: AbortSignal | undefined): Promise<TrialEnd> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawnOwned(executablePath, args, {
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
      timeout: TRIAL_LIMIT_MS,
      killSignal: "SIGKILL",
      ...(signal === undefined ? {} : { signal }),
    });
    let [progress, said] = ["", ""];
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (progress += text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.once("error", reject);
    child.once("close", (code) => {
      const frames: readonly string[] = [...progress.matchAll(/^frame=\s*(\d+)/gm)].map(([, count]) => count!);
      resolve({ frames: Number(frames.at(-1) ?? 0), said: said.trim(), code });
    });
    // It may end before it has read everything.
    child.stdin!.on("error", () => {});
    child.stdin!.end(new Uint8Array(TRIAL_SIZE.width * TRIAL_SIZE.height * 4 * TRIAL_FRAMES));
  });
}
