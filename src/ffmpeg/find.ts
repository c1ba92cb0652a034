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
  try {
    const { stdout } = await promisify(execFile)(executablePath, ["-hide_banner", "-version"]);
    const version: string | undefined = /^ffmpeg version (\S+)/.exec(stdout)?.[1];
    return version === undefined ? null : { executablePath, foundIn, version };
  } catch {
    return null;
  }
}

async function fromFfmpegStatic(): Promise<string | null> {
  // Optional: its install script downloads the binary, and fails the whole install where it cannot.
  const name = "ffmpeg-static";
  const module = (await import(name).catch(() => null)) as { default: string | null } | null;
  return module?.default ?? null;
}

/** Whether this build has an encoder of the given name, such as "libx264". */
export async function hasEncoder(install: FfmpegInstall, encoder: string): Promise<boolean> {
  const { stdout } = await promisify(execFile)(install.executablePath, ["-hide_banner", "-encoders"]).catch(() => ({ stdout: "" }));
  return stdout.split("\n").some((line) => line.trim().split(/\s+/)[1] === encoder);
}
