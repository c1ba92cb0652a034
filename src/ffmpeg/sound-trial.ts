import type { ChildProcess } from "node:child_process";
import type { Container } from "../core/formats.ts";
import { CHANNELS, SAMPLE_RATE, type AudioRequest } from "../core/sound.ts";
import { spawnOwned } from "../process/owned-child.ts";
import { muxerOf } from "./arguments.ts";
import type { FfmpegBuild } from "./build.ts";
import { soundOutput } from "./sound-choice.ts";

const TRIAL_SECONDS = 0.1;
const TRIAL_LIMIT_MS = 20_000;

/** Encodes a little silence into a container, and says what went wrong. */
export async function soundFault(container: Container, audio: AudioRequest, build: FfmpegBuild): Promise<string | null> {
  const args: readonly string[] = [
    ...["-hide_banner", "-loglevel", "error", "-nostdin", "-y"],
    ...["-f", "f32le", "-ar", `${SAMPLE_RATE}`, "-ac", `${CHANNELS}`, "-i", "pipe:0"],
    ...soundOutput(container, audio, build),
    // A pipe cannot go back to write what MP4 has in front.
    ...(container === "mp4" || container === "mov" ? ["-movflags", "+empty_moov"] : []),
    ...["-f", muxerOf(container), "pipe:1"],
  ];
  const said: string | null = await runTrial(build.executablePath, args);
  if (said === null) return null;
  const words: string = said === "" ? "it said nothing" : `it said: ${said.split("\n").slice(0, 3).join(" | ")}`;
  return `"${build.executablePath}" ${build.version} wrote no ${audio.codec} into ${container}; ${words}`;
}

/** What it said where it failed; null where it did not. */
function runTrial(executablePath: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawnOwned(executablePath, args, {
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
      timeout: TRIAL_LIMIT_MS,
      killSignal: "SIGKILL",
    });
    let [said, bytes] = ["", 0];
    child.stdout!.on("data", (data: Uint8Array) => (bytes += data.byteLength));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0 && bytes > 0 ? null : said.trim()));
    // It may end before it has read everything.
    child.stdin!.on("error", () => {});
    child.stdin!.end(new Uint8Array(SAMPLE_RATE * TRIAL_SECONDS * CHANNELS * 4));
  });
}
