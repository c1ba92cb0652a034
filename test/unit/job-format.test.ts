import { describe, expect, it } from "vitest";
import { codecs, formats, type Container, type VideoCodec } from "../../src/core/formats.ts";
import { holdsOddSides, keepsColor, outputFormat, type FormatAsked, soundAsked } from "../../src/core/job-format.ts";
import { checkedSize } from "../../src/core/parse-job.ts";

function faultsOf(asked: object): string {
  try {
    outputFormat({ output: "out.mp4", ...asked } as FormatAsked);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "job-invalid" });
    return (thrown as Error).message;
  }
  throw new Error("It should have been refused, and was not");
}

function formatOf(asked: object): ReturnType<typeof outputFormat> {
  return outputFormat({ output: "out.mp4", ...asked } as FormatAsked);
}

describe("the output's format", () => {
  it.each([
    ["out.mp4", "mp4", "h264", false],
    ["OUT.MP4", "mp4", "h264", false],
    ["out.webm", "webm", "vp9", false],
    ["out.mov", "mov", "prores-4444", true],
    ["out.mkv", "mkv", "h264", false],
    ["out.gif", "gif", "gif", false],
    ["out.webp", "webp", "webp", false],
    ["out.apng", "apng", "png", true],
    ["out/%05d.png", "png-sequence", "png", true],
    ["out/%d.jpg", "jpeg-sequence", "jpeg", false],
    ["out/%03d.jpeg", "jpeg-sequence", "jpeg", false],
    ["out/%05d.webp", "webp-sequence", "webp", true],
  ])("%s is %s with %s, alpha: %s", (output, container, codec, alpha) => {
    expect(formatOf({ output })).toEqual({ container, codec, alpha, quality: { level: "standard" } });
  });

  it("is the one that was named where the output's name tells none", () => {
    expect(formatOf({ output: "frames", format: "png-sequence" }).container).toBe("png-sequence");
    expect(formatOf({ output: "video", format: "webm" }).container).toBe("webm");
    expect(formatOf({ output: "video.webm", format: "webm" }).container).toBe("webm");
  });

  it("keeps alpha where the job says so, and not where it says no", () => {
    expect(formatOf({ output: "out.webm", alpha: true }).alpha).toBe(true);
    expect(formatOf({ output: "out.mov", alpha: false }).alpha).toBe(false);
    expect(formatOf({ output: "out.mov", codec: "prores-422" }).alpha).toBe(false);
    expect(formatOf({ output: "out.mov", quality: { pixelFormat: "yuv444p10le" } }).alpha).toBe(false);
  });

  it("reads a quality from a word, from values, or from nothing", () => {
    expect(formatOf({ quality: "draft" }).quality).toEqual({ level: "draft" });
    expect(formatOf({ quality: { crf: 20, preset: undefined } }).quality).toEqual({ level: "standard", crf: 20 });
    expect(formatOf({ quality: { level: "high", bitrate: 5e6 } }).quality).toEqual({ level: "high", bitrate: 5e6 });
  });
});

describe("a format that does not go together", () => {
  it.each([
    [{ output: "out.avi" }, 'output "out.avi" has no extension that names a known format; use one of .mp4, .webm'],
    [{ output: "out" }, 'output "out" has no extension that names a known format'],
    [{ output: "out.png" }, 'output "out.png" names one picture, and a video is many; put a number into it, as in "out-%05d.png"'],
    [{ output: "out.jpeg", format: "jpeg-sequence" }, 'output "out.jpeg" names one picture'],
    [
      { output: "out-%05d.mp4" },
      'output "out-%05d.mp4" has a number in its name, which makes a folder of pictures; let it end in .png, .jpg or .webp',
    ],
    [{ format: "webm" }, 'format is webm, and output "out.mp4" names mp4; give one of them, or let them agree'],
    [{ output: "f/%d.png", format: "jpeg-sequence" }, 'format is jpeg-sequence, and output "f/%d.png" names png-sequence'],
    [{ output: "out.webp", format: "webp-sequence" }, 'format is webp-sequence, and output "out.webp" names webp'],
    [{ codec: "vp9" }, "codec is vp9, which mp4 does not hold: use h264, hevc, av1; vp9 goes into webm"],
    [{ output: "out.webm", codec: "h264" }, "codec is h264, which webm does not hold: use vp9, av1, vp8; h264 goes into mp4, mov, mkv"],
    [{ codec: "h265" }, "codec is h265, which mp4 does not hold: use h264, hevc, av1"],
    [{ output: "out.gif", codec: "h264" }, "codec is h264, which gif does not hold: use gif"],
    [{ alpha: true }, "alpha is true, and h264 keeps none; use webm with vp9, mov with prores-4444, mkv with ffv1"],
    [{ output: "f/%d.jpg", alpha: true }, "alpha is true, and jpeg keeps none; use"],
    [{ output: "out.webm", codec: "vp8", alpha: true }, "alpha is true, and vp8 keeps none; use webm with vp9"],
    [{ output: "out.webm", alpha: true, quality: { pixelFormat: "yuv444p" } }, "alpha is true, and quality.pixelFormat yuv444p keeps none"],
    [{ quality: { crf: 99 } }, "quality.crf is 99: must be 0 to 51 for h264"],
    [{ quality: { crf: -1 } }, "quality.crf is -1: must be 0 to 51 for h264"],
    [{ output: "out.webm", quality: { crf: 64 } }, "quality.crf is 64: must be 0 to 63 for vp9"],
    [{ output: "out.mov", quality: { crf: 18 } }, "quality.crf is 18, and prores-4444 knows no CRF; give quality.level"],
    [{ quality: { crf: 18, bitrate: 1e6 } }, "quality.crf (18) and quality.bitrate (1000000) exclude one another; give one"],
    [
      { output: "out.mkv", codec: "ffv1", quality: { bitrate: 1e6 } },
      "quality.bitrate is 1000000, and ffv1 follows none; give quality.level",
    ],
    [
      { output: "out.webm", quality: { preset: "fast" } },
      "quality.preset is fast: the presets of x264 mean nothing to vp9; give quality.level",
    ],
    [{ quality: { pixelFormat: "rgb24" } }, "quality.pixelFormat is rgb24: must be one of yuv420p, yuv422p, yuv444p for h264"],
    [{ output: "out.mov", quality: { gop: 30 } }, "quality.gop is 30, and prores-4444 has no key frames to space out; leave it out"],
    [{ output: "out.gif", quality: "lossless" }, "quality.level is lossless, and gif always loses some; use high, or mkv with ffv1"],
    [{ output: "out.webm", codec: "vp8", quality: "lossless" }, "quality.level is lossless, and vp8 always loses some"],
    [{ quality: { level: "lossless", crf: 20 } }, "quality.level is lossless, and crf is given too, which exclude one another; give one"],
    [{ quality: { level: "lossless", bitrate: 1e6 } }, "quality.level is lossless, and bitrate is given too"],
    [{ loop: 3 }, "loop is 3, and mp4 knows no loops"],
    [{ output: "f/%d.png", loop: 3 }, "loop is 3, and png-sequence knows no loops"],
    [{ output: "f/%d.png", timing: "variable" }, "timing is variable, and the pictures of png-sequence have no durations"],
    [{ output: "out.webm", hardware: "nvenc" }, "hardware is nvenc, which makes no vp9; use h264, hevc, av1"],
    [{ output: "out.mov", hardware: "videotoolbox" }, "hardware is videotoolbox, which makes no prores-4444; use h264, hevc, av1"],
    [{ output: "out.gif", segments: 2 }, "segments is 2, and gif in gif cannot be joined"],
    [{ output: "f/%d.png", segments: 2 }, "segments is 2, and png in png-sequence cannot be joined"],
    [{ segments: 2, timing: "variable" }, "segments is 2 and timing is variable, which exclude one another"],
  ])("%j is refused: %s", (asked, words) => {
    expect(faultsOf(asked)).toContain(words);
  });

  it("is told with everything that is wrong with it", () => {
    const message: string = faultsOf({ output: "out.gif", quality: { crf: 5, gop: 9 }, segments: 2, hardware: "qsv" });
    for (const words of ["crf is 5", "gop is 9", "segments is 2", "hardware is qsv"]) expect(message).toContain(words);
  });

  it.each([
    { loop: 0 },
    { output: "out.gif", loop: 3 },
    { output: "out.apng", timing: "variable" },
    { output: "out.webm", codec: "av1", hardware: "vaapi" },
    { quality: { crf: 0 } },
    { quality: { crf: 51, preset: "slow", gop: 30 } },
    { quality: "lossless" },
    { output: "out.mkv", codec: "ffv1", alpha: true, quality: "lossless" },
    { output: "out.apng", quality: { pixelFormat: "rgba" } },
    { segments: 4 },
  ])("is none of these: %j", (asked) => {
    expect(() => formatOf(asked)).not.toThrow();
  });
});

describe("sound", () => {
  it("has the codec and the rate that the job names, and leaves open what it does not", () => {
    expect(soundAsked({ codec: "opus", bitrate: 96_000, loudness: -14 }, { container: "mp4" })).toEqual({
      ...{ enabled: true, codec: "opus", bitrate: 96_000, loudness: -14 },
    });
    expect(soundAsked({ enabled: false }, { container: "gif" })).toEqual({ enabled: false, codec: null, bitrate: null, loudness: null });
    expect(soundAsked({ bitrate: 96_000 }, { container: "webm" })).toMatchObject({ codec: null, bitrate: 96_000 });
  });

  it.each([
    [{ codec: "pcm" }, "mp4", "sound.codec is pcm, which mp4 does not hold: use aac, opus, flac"],
    [{ codec: "aac" }, "gif", "sound.codec is aac, which gif does not hold: it holds no sound"],
    [{ codec: "flac", bitrate: 96_000 }, "mkv", "sound.bitrate is 96000, and flac follows none; leave it out"],
    [{ bitrate: 96_000 }, "png-sequence", "sound.bitrate is 96000, and png-sequence follows none; leave it out"],
  ] as const)("of %j in %s is refused", (sound, container, words) => {
    expect(() => soundAsked(sound, { container })).toThrow(words);
  });
});

describe("sizes and colour", () => {
  const all = Object.entries(formats).flatMap(([container, { codecs: held }]) =>
    held.map((codec) => [container as Container, codec] as const),
  );
  const halved: ReadonlySet<VideoCodec> = new Set(["h264", "hevc", "av1", "vp9", "vp8", "prores-422"]);

  it.each(all)("%s with %s takes odd sizes only where it keeps every pixel's colour, or pads by itself", (_, codec) => {
    const format = { codec, quality: { level: "standard" } } as const;
    const isRefused: boolean = halved.has(codec);
    expect(holdsOddSides(format)).toBe(!isRefused);
    if (!isRefused) return expect(checkedSize(1921, 1081, format)).toEqual({ width: 1921, height: 1081 });
    expect(() => checkedSize(1921, 1081, format)).toThrow(
      `The size 1921×1081 cannot be rendered: ${codec} halves colour, which needs an even width and height; use 1922×1082`,
    );
  });

  it("follow the pixel format that is asked for", () => {
    const whole = { codec: "h264", quality: { level: "standard", pixelFormat: "yuv444p" } } as const;
    expect([holdsOddSides(whole), keepsColor(whole)]).toEqual([true, true]);
    const half = { codec: "h264", quality: { level: "lossless", pixelFormat: "yuv420p" } } as const;
    expect([holdsOddSides(half), keepsColor(half)]).toEqual([false, false]);
  });

  it("lose no colour on the way to an output that keeps it", () => {
    const keeping = (level: "standard" | "high" | "lossless"): VideoCodec[] =>
      (Object.keys(codecs) as VideoCodec[]).filter((codec) => keepsColor({ codec, quality: { level } }));
    expect(keeping("standard")).toEqual(["prores-4444", "prores-422", "ffv1", "gif", "webp", "png"]);
    expect(keeping("high")).toEqual([...keeping("standard"), "jpeg"]);
    expect(keeping("lossless")).toEqual(Object.keys(codecs));
  });
});
