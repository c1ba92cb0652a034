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
  const key = `${install.executablePath}\n${install.version}`;
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

/** Encoders of AV1, best first. SVT-AV1 knows a constant rate factor since 5.1. */
export function av1Encoders(build: Pick<FfmpegBuild, "release">): readonly string[] {
  return isAtLeast(build, 5, 1) ? ["libsvtav1", "libaom-av1"] : ["libaom-av1"];
}
