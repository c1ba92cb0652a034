import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { Container, VideoCodec } from "../../src/core/formats.ts";
import { readVideo, type VideoFacts } from "../../src/core/output-facts/video.ts";
import { checkOutput, type ExpectedOutput } from "../../src/core/pipeline/check-output.ts";
import { memorySink, type MemorySink } from "../../src/testing/index.ts";
import { scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";

const tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"] as const;
const toBt709 = "scale=out_color_matrix=bt709:out_range=tv";
const vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "0"] as const;

/** A quarter of a second that ffmpeg made. */
async function made(container: Container, filter: string, args: readonly string[], inputs: readonly string[] = []): Promise<MemorySink> {
  await using place = await scratch();
  const path: string = place.path(`made.${container}`);
  await runFfmpeg([...["-f", "lavfi", "-i", "testsrc2=s=64x48:r=24:d=0.25", ...inputs, "-vf", filter], ...args, path]);
  const sink: MemorySink = memorySink(path);
  await sink.write(await readFile(path), 0);
  return sink;
}

const sheer = `format=rgba,colorchannelmixer=aa=0.3,${toBt709}`;

describe("the alpha of a video file", () => {
  it.each<[string, Container, VideoCodec, string, readonly string[], boolean]>([
    ["a second picture of VP9", "webm", "vp9", sheer, [...vp9, "-pix_fmt", "yuva420p", ...tags], true],
    ["VP9 without one", "webm", "vp9", toBt709, [...vp9, "-pix_fmt", "yuv420p", ...tags], false],
    [
      "VP9 that is only marked so",
      "webm",
      "vp9",
      toBt709,
      [...vp9, "-pix_fmt", "yuv420p", ...tags, "-metadata:s:v:0", "alpha_mode=1"],
      false,
    ],
    [
      "ProRes 4444 with alpha",
      "mov",
      "prores-4444",
      sheer,
      ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", ...tags],
      true,
    ],
    [
      "ProRes 4444 without",
      "mov",
      "prores-4444",
      toBt709,
      ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuv444p10le", ...tags],
      false,
    ],
    ["ProRes 422", "mov", "prores-422", toBt709, ["-c:v", "prores_ks", "-profile:v", "2", "-pix_fmt", "yuv422p10le", ...tags], false],
    ["FFV1 of version 3 with alpha", "mkv", "ffv1", "format=bgra", ["-c:v", "ffv1", "-level", "3", "-slices", "4", "-slicecrc", "1"], true],
    ["FFV1 of version 3 without", "mkv", "ffv1", "format=bgr0", ["-c:v", "ffv1", "-level", "3"], false],
    ["FFV1 of version 3 in another coder", "mkv", "ffv1", "format=bgra", ["-c:v", "ffv1", "-level", "3", "-coder", "range_tab"], true],
    ["FFV1 of version 1 with alpha", "mkv", "ffv1", "format=bgra", ["-c:v", "ffv1", "-level", "1"], true],
    ["FFV1 of version 0 without", "mkv", "ffv1", "format=bgr0", ["-c:v", "ffv1", "-level", "0"], false],
  ])("%s", async (_, container, codec, filter, args, alpha) => {
    const sink: MemorySink = await made(container, filter, args);
    const facts: VideoFacts = await readVideo(sink);
    expect(facts).toMatchObject({ codec, alpha, size: { width: 64, height: 48 } });
    expect(facts.timestamps).toHaveLength(6);
    const expected: ExpectedOutput = {
      ...{ container, codec, size: facts.size, frameRate: { numerator: 24, denominator: 1 }, frameCount: 6, pictures: 6 },
      ...{ timing: "constant", alpha: true, loop: 0, audio: null },
    };
    const missing = { code: "output-invalid", details: { faults: ["its alpha is missing"] } };
    if (alpha) expect(await checkOutput(sink, expected)).toMatchObject({ alpha: true, frameCount: 6 });
    else await expect(checkOutput(sink, expected)).rejects.toMatchObject(missing);
  });
});

describe("a video file that cannot be read back", () => {
  const expected: ExpectedOutput = {
    ...{ container: "mp4", codec: "h264", size: { width: 64, height: 48 }, frameRate: { numerator: 24, denominator: 1 } },
    ...{ frameCount: 6, pictures: 6, timing: "constant", alpha: false, loop: 0, audio: null },
  };

  it.each([
    ["empty", new Uint8Array(0)],
    ["no video at all", new Uint8Array(4096).fill(7)],
  ])("is refused: %s", async (_, bytes) => {
    const sink: MemorySink = memorySink();
    await sink.write(bytes, 0);
    await expect(checkOutput(sink, expected)).rejects.toMatchObject({
      code: "output-invalid",
      message: expect.stringContaining("cannot be read back"),
    });
  });

  it("is refused where its end is missing", async () => {
    const whole: MemorySink = await made("mp4", toBt709, ["-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p", ...tags]);
    expect(await checkOutput(whole, expected)).toMatchObject({ frameCount: 6, codec: "h264", loop: null });
    const cut: MemorySink = memorySink();
    await cut.write(whole.bytes.subarray(0, 600), 0);
    await expect(checkOutput(cut, expected)).rejects.toMatchObject({ code: "output-invalid" });
  });
});

describe("the sound of a video file", () => {
  const h264 = ["-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p", ...tags] as const;

  /** A quarter of a second of pictures, and as much sound as is said, which begins when it is said. */
  async function withSound(container: Container, args: readonly string[], seconds: number, start = 0): Promise<MemorySink> {
    return made(
      container,
      toBt709,
      ["-map", "0:v:0", "-map", "1:a:0", ...h264, ...args, "-avoid_negative_ts", "disabled", "-strict", "experimental"],
      ["-itsoffset", `${start}`, "-f", "lavfi", "-i", `sine=r=48000:d=${seconds}`],
    );
  }

  it.each<[string, Container, readonly string[], string, number]>([
    ["AAC in MP4", "mp4", ["-c:a", "aac"], "aac", 0.25],
    ["FLAC in MP4", "mp4", ["-c:a", "flac"], "flac", 0.25],
    ["AAC in Matroska", "mkv", ["-c:a", "aac"], "aac", 0.25],
    ["FLAC in Matroska, whose last block is short", "mkv", ["-c:a", "flac"], "flac", 0.25],
    ["PCM of 24 bits in QuickTime", "mov", ["-c:a", "pcm_s24le"], "pcm", 0.25],
    ["AAC beside FFV1", "mkv", ["-c:a", "aac", "-c:v", "ffv1", "-pix_fmt", "bgr0"], "aac", 0.25],
    ["PCM of 16 bits in Matroska", "mkv", ["-c:a", "pcm_s16le"], "pcm-s16", 0.25],
  ])("%s", async (_, container, args, codec, seconds) => {
    const { audio } = await readVideo(await withSound(container, [...args, "-ac", "2"], seconds));
    expect(audio).toMatchObject({ codec, sampleRate: 48_000, channels: 2 });
    expect(Math.abs(audio!.durationSeconds - seconds)).toBeLessThan(codec === "aac" ? 1024 / 48_000 : 0.001);
  });

  it("is told with its own rate and channels", async () => {
    const { audio } = await readVideo(await withSound("mp4", ["-c:a", "aac", "-ac", "1", "-ar", "44100"], 0.25));
    expect(audio).toMatchObject({ sampleRate: 44_100, channels: 1 });
  });

  it("is shorter by a silence before it", async () => {
    const { audio } = await readVideo(await withSound("mkv", ["-c:a", "pcm_s24le"], 0.15, 0.1));
    expect(audio!.durationSeconds).toBeCloseTo(0.15, 2);
  });

  it("is null where there is none", async () => {
    expect((await readVideo(await made("mp4", toBt709, h264))).audio).toBeNull();
  });
});
