import type { AudioCodec } from "../core/sound.ts";
import { askFfmpeg, type FfmpegInstall } from "./find.ts";

/** What an ffmpeg can do. Everything in which releases from 4.4 on differ, and that matters here, is decided in this file. */
export interface FfmpegBuild extends FfmpegInstall {
  /** Null for a build between releases: it counts as the newest. */
  readonly release: FfmpegRelease | null;
  /** Names such as "libx264". */
  readonly encoders: ReadonlySet<string>;
  /** Names such as "mp4". */
  readonly muxers: ReadonlySet<string>;
}

export interface FfmpegRelease {
  readonly major: number;
  readonly minor: number;
}

const builds: Map<string, Promise<FfmpegBuild>> = new Map();

/** Asks an ffmpeg what it can do; each is asked once. What it does not answer, it cannot. */
export function ffmpegBuild(install: FfmpegInstall): Promise<FfmpegBuild> {
  const key: string = keyOf(install);
  const known: Promise<FfmpegBuild> | undefined = builds.get(key);
  if (known) return known;
  const asked: Promise<FfmpegBuild> = askBuild(install);
  builds.set(key, asked);
  return asked;
}

async function askBuild(install: FfmpegInstall): Promise<FfmpegBuild> {
  const [encoders, muxers] = await Promise.all([namesIn(install, "-encoders"), namesIn(install, "-muxers")]);
  return { ...install, release: releaseOf(install.version), encoders, muxers };
}

const lists: Map<string, Promise<ReadonlySet<string>>> = new Map();

/** Names of the decoders that an ffmpeg has, such as "h264"; each is asked once, and what it does not answer, it has not. */
export function ffmpegDecoders(install: FfmpegInstall): Promise<ReadonlySet<string>> {
  return listOf(install, "-decoders");
}

/** Names of its filters, such as "atempo". */
export function ffmpegFilters(install: FfmpegInstall): Promise<ReadonlySet<string>> {
  return listOf(install, "-filters");
}

function listOf(install: FfmpegInstall, question: string): Promise<ReadonlySet<string>> {
  const key = `${keyOf(install)}\n${question}`;
  const asked: Promise<ReadonlySet<string>> = lists.get(key) ?? namesIn(install, question);
  lists.set(key, asked);
  return asked;
}

function keyOf({ executablePath, version }: FfmpegInstall): string {
  return `${executablePath}\n${version}`;
}

/** The second word of each line of a list; lines of its heading have "=" there, or one word. */
async function namesIn({ executablePath }: FfmpegInstall, question: string): Promise<ReadonlySet<string>> {
  const { stdout } = await askFfmpeg(executablePath, question).catch(() => ({ stdout: "" }));
  const names: string[] = stdout.split("\n").flatMap((line) => line.trim().split(/\s+/)[1]?.split(",") ?? []);
  return new Set(names.filter((name) => /^\w/.test(name)));
}

/** "5.1.9-0+deb12u1" and "n7.0-7-gd38bf5e08e" are releases; "N-47683-g0e8eb07980" and "git-2020-08-31" are none. */
export function releaseOf(version: string): FfmpegRelease | null {
  const found: RegExpExecArray | null = /^n?(\d+)\.(\d+)/.exec(version);
  return found && { major: Number(found[1]), minor: Number(found[2]) };
}

function isAtLeast({ release }: Pick<FfmpegBuild, "release">, major: number, minor: number): boolean {
  return release === null || release.major > major || (release.major === major && release.minor >= minor);
}

/** `-vsync` was renamed in 5.1, and is gone from later releases. */
export function constantRateArguments(build: Pick<FfmpegBuild, "release">): string[] {
  return [isAtLeast(build, 5, 1) ? "-fps_mode" : "-vsync", "cfr"];
}

/** Each frame once, with the time that its file gives it. */
export function passthroughArguments(build: Pick<FfmpegBuild, "release">): string[] {
  return [isAtLeast(build, 5, 1) ? "-fps_mode" : "-vsync", "passthrough"];
}

/** Encoders of AV1, best first. SVT-AV1 knows a constant rate factor since 5.1. */
export function av1Encoders(build: Pick<FfmpegBuild, "release">): readonly string[] {
  return isAtLeast(build, 5, 1) ? ["libsvtav1", "libaom-av1"] : ["libaom-av1"];
}

/** Seconds that the encoder of Opus puts before the first sample: 312 of 48,000. */
const OPUS_DELAY_SECONDS = 0.0065;

/**
 * For the input of sound that goes into Matroska. Before 6.0 it says the delay of Opus there, and counts it twice: sound that comes
 * later by it is in its place. It says no delay of AAC then, and needs none.
 */
export function soundDelayArguments(codec: AudioCodec, build: Pick<FfmpegBuild, "release">): readonly string[] {
  return codec === "opus" && !isAtLeast(build, 6, 0) ? ["-itsoffset", `${OPUS_DELAY_SECONDS}`] : [];
}
