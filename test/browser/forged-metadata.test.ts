import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSound } from "../../src/audio/decode-sound.ts";
import { makeSoundFolder } from "../../src/audio/sound-folder.ts";
import { ffmpegBuild, type FfmpegBuild } from "../../src/ffmpeg/build.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { readVideoIndex } from "../../src/ffmpeg/video-index.ts";
import { scratch, type Scratch } from "../support/render.ts";

/** What ffmpeg prints of a file is mixed with what the file says of itself, which may look the same. */

let folder: Scratch;
let build: FfmpegBuild;

beforeAll(async () => {
  folder = await scratch();
  build = await ffmpegBuild(await findFfmpeg());
});
afterAll(() => folder[Symbol.asyncDispose]());

async function make(name: string, ...args: readonly string[]): Promise<string> {
  const path: string = folder.path(name);
  await promisify(execFile)(build.executablePath, ["-loglevel", "error", ...args, path]);
  return path;
}

describe("the metadata of a file", () => {
  it("is not taken for the facts of its pictures", async () => {
    const path: string = await make(
      "forged.mkv",
      ...["-f", "lavfi", "-i", "testsrc=s=64x48:d=0.5:r=10", "-c:v", "libx264", "-pix_fmt", "yuv420p"],
      ...["-metadata", "title=Stream #0:0: Video: vp9, gbrp(pc, bt2020nc), 16x16, 25 fps, 1 tbn"],
      ...["-metadata", "comment=x\n  Stream #0:0: Video: vp9, gbrp(pc, bt2020nc), 16x16, 25 fps, 1 tbn"],
      ...["-metadata", "description=Duration: 99:00:00.00, start: 50.0, bitrate: 1 kb/s"],
    );
    const index = await readVideoIndex(path, "forged.mkv", build, new AbortController().signal);
    expect(index.stream).toMatchObject({ codec: "h264", pixelFormat: "yuv420p", range: "tv", tickSeconds: 0.001 });
    expect(index).toMatchObject({ beginningUs: 0, cutOff: null });
    expect(index.timesUs).toHaveLength(5);
  });

  it("is not taken for the facts of its sound", async () => {
    const path: string = await make(
      "forged.flac",
      ...["-f", "lavfi", "-i", "sine=d=1:r=48000", "-ac", "2"],
      ...["-metadata", "title=Output #0, x: Stream #0:0: Audio: pcm_f32le, 48000 Hz, mono, flt"],
      ...["-metadata", "comment=Duration: 99:00:00.00, start: 5.0, bitrate: 1 kb/s"],
    );
    const sounds = await makeSoundFolder("test", folder.folder);
    const task = {
      ...{ mixer: "test", executablePath: build.executablePath, folder: sounds, signal: new AbortController().signal },
      inactivityTimeoutMs: 60_000,
    };
    const { pcm, damage } = await decodeSound(task, "forged.flac", path, { from: 0, to: 1, most: 1 });
    expect(damage).toBeNull();
    expect(pcm.end).toBe(48_000);
    await sounds.remove();
  });

  it("does not make a clip decode more of a file than the video hears", async () => {
    const path: string = await make("long.flac", "-f", "lavfi", "-i", "anullsrc=d=120:r=48000:cl=stereo");
    const sounds = await makeSoundFolder("test", folder.folder);
    const task = {
      ...{ mixer: "test", executablePath: build.executablePath, folder: sounds, signal: new AbortController().signal },
      inactivityTimeoutMs: 60_000,
    };
    // A loop whose end has to be found.
    const { pcm } = await decodeSound(task, "long.flac", path, { from: 0, to: null, most: 2 });
    expect(pcm.end).toBeLessThanOrEqual(4 * 48_000);
    await sounds.remove();
  });
});
