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
async function made(container: Container, filter: string, args: readonly string[]): Promise<MemorySink> {
  await using place = await scratch();
  const path: string = place.path(`made.${container}`);
  await runFfmpeg([...["-f", "lavfi", "-i", "testsrc2=s=64x48:r=24:d=0.25", "-vf", filter], ...args, path]);
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
      ...{ timing: "constant", alpha: true, loop: 0 },
    };
    const missing = { code: "output-invalid", details: { faults: ["its alpha is missing"] } };
    if (alpha) expect(await checkOutput(sink, expected)).toMatchObject({ alpha: true, frameCount: 6 });
    else await expect(checkOutput(sink, expected)).rejects.toMatchObject(missing);
  });
});

describe("a video file that cannot be read back", () => {
  const expected: ExpectedOutput = {
    ...{ container: "mp4", codec: "h264", size: { width: 64, height: 48 }, frameRate: { numerator: 24, denominator: 1 } },
    ...{ frameCount: 6, pictures: 6, timing: "constant", alpha: false, loop: 0 },
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
