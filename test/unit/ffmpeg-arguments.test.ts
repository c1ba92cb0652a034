import { describe, expect, it } from "vitest";
import type { EncodeRequest, Hardware } from "../../src/core/encoder.ts";
import type { Container, VideoCodec } from "../../src/core/formats.ts";
import { formats } from "../../src/core/formats.ts";
import { parseFrameRate } from "../../src/core/frame-rate.ts";
import { ffmpegArguments, timescaleOf, type FfmpegArgumentsOptions } from "../../src/ffmpeg/arguments.ts";
import { releaseOf, type FfmpegBuild, type FfmpegRelease } from "../../src/ffmpeg/build.ts";
import { efforts } from "../../src/ffmpeg/quality.ts";

/** What ffmpeg is told where no build or machine here can try it; what it makes of the rest: test/browser/ffmpeg-formats.test.ts. */

function requestFor(container: Container, codec: VideoCodec, changes: Partial<EncodeRequest> = {}): EncodeRequest {
  return {
    ...{ size: { width: 64, height: 48 }, frameRate: { numerator: 30, denominator: 1 }, frameCount: 12, frameFormat: "RGBA" },
    ...{ container, codec, alpha: false, quality: { level: "standard" }, timing: "constant", hardware: null, loop: 0, audio: null },
    ...changes,
  };
}

function build(release: FfmpegRelease | null, encoders: readonly string[] = ["libsvtav1", "libaom-av1"]): FfmpegArgumentsOptions["build"] {
  return { release, encoders: new Set(encoders) } satisfies Pick<FfmpegBuild, "release" | "encoders">;
}

function argsFor(request: EncodeRequest, options: Partial<FfmpegArgumentsOptions> = {}): string[] {
  return ffmpegArguments(request, {
    ...{
      encoder: "test",
      input: { from: "pipe" },
      output: { to: "file", path: "/out" },
      build: build({ major: 7, minor: 0 }),
      sound: null,
      extra: [],
    },
    ...options,
  });
}

/** The value after an option; of the last one, as ffmpeg takes it. */
function valueOf(args: readonly string[], option: string): string | undefined {
  const at: number = args.lastIndexOf(option);
  return at === -1 ? undefined : args[at + 1];
}

describe("releases", () => {
  it.for([
    ["5.1.9-0+deb12u1", { major: 5, minor: 1 }],
    ["n7.0-7-gd38bf5e08e-20240407", { major: 7, minor: 0 }],
    ["4.4.2-0ubuntu0.22.04.1", { major: 4, minor: 4 }],
    ["8.0", { major: 8, minor: 0 }],
    ["7.1.1-essentials_build-www.gyan.dev", { major: 7, minor: 1 }],
    ["N-117770-g322b240cea-20241114", null],
    ["git-2020-08-31-4a11a6f", null],
    ["2024-10-02-git-358fdf3083-full_build", null],
  ] as const)("%s", ([version, release]) => {
    expect(releaseOf(version)).toEqual(release);
  });

  it("before 5.1 are told the constant rate by its old name, and get AV1 by libaom", () => {
    const args = argsFor(requestFor("mp4", "av1"), { build: build({ major: 4, minor: 4 }) });
    expect(valueOf(args, "-vsync")).toBe("cfr");
    expect(args).not.toContain("-fps_mode");
    expect(valueOf(args, "-c:v")).toBe("libaom-av1");
  });

  it.for([{ major: 5, minor: 1 }, { major: 8, minor: 0 }, null])("%j is told it by its new one, and gets SVT-AV1", (release) => {
    const args = argsFor(requestFor("mp4", "av1"), { build: build(release) });
    expect(valueOf(args, "-fps_mode")).toBe("cfr");
    expect(args).not.toContain("-vsync");
    expect(valueOf(args, "-c:v")).toBe("libsvtav1");
  });

  it("without SVT-AV1 get AV1 by libaom, and without loss always", () => {
    expect(valueOf(argsFor(requestFor("mp4", "av1"), { build: build(null, ["libaom-av1"]) }), "-c:v")).toBe("libaom-av1");
    const lossless = argsFor(requestFor("mp4", "av1", { quality: { level: "lossless" } }));
    expect([valueOf(lossless, "-c:v"), valueOf(lossless, "-aom-params")]).toEqual(["libaom-av1", "lossless=1"]);
  });
});

describe("hardware", () => {
  const made = [
    ["nvenc", "h264", ["-cq", "22", "-b:v", "0"]],
    ["nvenc", "hevc", ["-cq", "22", "-b:v", "0"]],
    ["nvenc", "av1", ["-cq", "22", "-b:v", "0"]],
    ["qsv", "h264", ["-global_quality", "22"]],
    ["qsv", "av1", ["-global_quality", "22"]],
    ["vaapi", "h264", ["-rc_mode", "CQP", "-global_quality", "22"]],
    ["vaapi", "hevc", ["-rc_mode", "CQP", "-global_quality", "22"]],
    ["videotoolbox", "h264", ["-q:v", "65"]],
    ["videotoolbox", "hevc", ["-q:v", "65"]],
  ] as const;

  it.for(made)("%s makes %s", ([hardware, codec, rate]) => {
    const args = argsFor(requestFor("mp4", codec, { hardware }));
    expect(valueOf(args, "-c:v")).toBe(`${codec}_${hardware}`);
    expect(args.join(" ")).toContain(rate.join(" "));
    expect(valueOf(args, "-bf")).toBe("0");
    expect(valueOf(args, "-tag:v")).toBe(codec === "hevc" ? "hvc1" : undefined);
    expect(valueOf(args, "-colorspace")).toBe("bt709");
  });

  it.for(["nvenc", "qsv", "vaapi"] as const)("%s follows a CRF, a bitrate and a distance of key frames", (hardware) => {
    const crf = argsFor(requestFor("mp4", "h264", { hardware, quality: { level: "standard", crf: 27, gop: 48 } }));
    expect(crf).toContain("27");
    expect(valueOf(crf, "-g")).toBe("48");
    const bitrate = argsFor(requestFor("mp4", "h264", { hardware, quality: { level: "standard", bitrate: 5_000_000 } }));
    expect(valueOf(bitrate, "-b:v")).toBe("5000000");
    expect(bitrate.some((arg) => arg === "-cq" || arg === "-global_quality" || arg === "-rc_mode")).toBe(false);
  });

  it("VAAPI names its device before the input and brings the pixels to it", () => {
    const args = argsFor(requestFor("mp4", "h264", { hardware: "vaapi" }));
    expect(args.indexOf("-vaapi_device")).toBeGreaterThan(-1);
    expect(args.indexOf("-vaapi_device")).toBeLessThan(args.indexOf("-i"));
    expect(valueOf(args, "-vf")).toMatch(/format=nv12,.*hwupload$/);
    // The pixels that reach the encoder are the device's own.
    expect(args).not.toContain("-pix_fmt");
  });

  it.for([
    ["videotoolbox", "av1", "videotoolbox makes no av1; use h264, hevc"],
    ["nvenc", "vp9", "nvenc makes no vp9; use h264, hevc, av1"],
  ] as const)("%s refuses %s", ([hardware, codec, why]) => {
    const request = requestFor(codec === "vp9" ? "webm" : "mp4", codec, { hardware: hardware as Hardware });
    expect(() => argsFor(request)).toThrow(why);
  });

  it("refuses to lose nothing", () => {
    const request = requestFor("mp4", "h264", { hardware: "nvenc", quality: { level: "lossless" } });
    expect(() => argsFor(request)).toThrow(/nvenc is used for lossy video alone/);
  });
});

describe("quality", () => {
  it.for(["draft", "standard", "high"] as const)("%s is what the table says of x264", (level) => {
    const args = argsFor(requestFor("mp4", "h264", { quality: { level } }));
    const { speed, rate } = efforts.libx264[level];
    expect([valueOf(args, "-preset"), valueOf(args, "-crf")]).toEqual([speed, `${rate}`]);
  });

  it("values of one's own win over the level", () => {
    const args = argsFor(
      requestFor("mp4", "h264", { quality: { level: "draft", crf: 11, preset: "slower", pixelFormat: "yuv444p", gop: 7 } }),
    );
    const given = ["-crf", "-preset", "-pix_fmt", "-g"].map((option) => valueOf(args, option));
    expect(given).toEqual(["11", "slower", "yuv444p", "7"]);
    expect(valueOf(args, "-vf")).toContain("format=yuv444p");
  });

  it("a rate of one's own is followed where the level is lossless", () => {
    const args = argsFor(requestFor("mp4", "h264", { quality: { level: "lossless", crf: 11 } }));
    expect([valueOf(args, "-crf"), args.includes("-qp")]).toEqual(["11", false]);
  });

  it.for([
    ["webm", "vp8", "VP8 knows no lossless mode; use webm with vp9"],
    ["mov", "prores-4444", "ProRes knows no lossless mode; use mkv with ffv1"],
    ["mov", "prores-422", "ProRes knows no lossless mode; use mkv with ffv1"],
    ["jpeg-sequence", "jpeg", "JPEG knows no lossless mode; use png-sequence"],
  ] as const)("lossless is refused in %s with %s", ([container, codec, why]) => {
    expect(() => argsFor(requestFor(container, codec, { quality: { level: "lossless" } }))).toThrow(why);
  });

  it("every codec of every container has arguments at every level but the lossless ones that are refused", () => {
    const folder = { from: "folder", folder: "/frames", pattern: "%06d.png" } as const;
    for (const [container, { codecs }] of Object.entries(formats))
      for (const codec of codecs)
        for (const level of ["draft", "standard", "high"] as const) {
          const args = argsFor(requestFor(container as Container, codec, { quality: { level } }), { input: folder });
          expect(args.every((arg) => arg !== "undefined" && arg !== "NaN" && arg !== "")).toBe(true);
        }
  });
});

describe("files", () => {
  it.for([
    [0, ["0", "0", "0"]],
    [1, ["-1", "1", "1"]],
    [4, ["3", "4", "4"]],
  ] as const)("a moving picture that plays %i times (0: for ever)", ([loop, [gif, webp, apng]]) => {
    const input = { from: "folder", folder: "/frames", pattern: "%06d.png" } as const;
    expect(valueOf(argsFor(requestFor("gif", "gif", { loop }), { input }), "-loop")).toBe(gif);
    expect(valueOf(argsFor(requestFor("webp", "webp", { loop })), "-loop")).toBe(webp);
    expect(valueOf(argsFor(requestFor("apng", "png", { loop })), "-plays")).toBe(apng);
  });

  it("a GIF from a pipe is refused: its palette needs all frames", () => {
    expect(() => argsFor(requestFor("gif", "gif"))).toThrow(/palette needs all frames/);
  });

  it.for(["24", "25", "30", "60", "29.97", "23.976", "59.94", "119.88", "12.5", "1", "1/3", "1000", "997/13"])(
    "every frame at %s frames/s lasts a whole number of ticks",
    (text) => {
      const rate = parseFrameRate(text);
      const timescale: number = timescaleOf(rate);
      expect(Number.isInteger((timescale * rate.denominator) / rate.numerator)).toBe(true);
      expect(timescale).toBeGreaterThanOrEqual(10_000);
    },
  );

  it("per cent signs of a folder are no numbers, and no path is taken for an option or a protocol", () => {
    const input = { from: "folder", folder: "/100%d", pattern: "%06d.png" } as const;
    const args = argsFor(requestFor("mp4", "h264", { frameFormat: "PNG" }), { input, output: { to: "file", path: "/-y:1.mp4" } });
    expect(valueOf(args, "-i")).toBe("file:/100%%d/%06d.png");
    expect(args.at(-1)).toBe("file:/-y:1.mp4");
  });

  it("arguments of one's own come after ours and before the file", () => {
    const args = argsFor(requestFor("mp4", "h264"), { extra: ["-preset", "placebo"] });
    expect(valueOf(args, "-preset")).toBe("placebo");
    expect(args.indexOf("placebo")).toBeLessThan(args.indexOf("file:/out"));
  });

  it("a file that gets its times afterwards has no index in front", () => {
    expect(argsFor(requestFor("mp4", "h264")).join(" ")).toContain("-movflags +faststart");
    expect(argsFor(requestFor("mp4", "h264", { timing: "variable" })).join(" ")).not.toContain("faststart");
  });
});

describe("colour", () => {
  it.for(["RGBA", "PNG"] as const)("%s becomes BT.709 by its own matrix, and is tagged so", (frameFormat) => {
    const args = argsFor(requestFor("mp4", "h264", { frameFormat }));
    expect(valueOf(args, "-vf")).toMatch(/^scale=out_color_matrix=bt709:out_range=tv:flags=[^,]*accurate_rnd/);
    expect(valueOf(args, "-color_range")).toBe("tv");
  });

  it("I420 goes through as it is, and is told to be BT.709 on both sides", () => {
    const args = argsFor(requestFor("mp4", "h264", { frameFormat: "I420" }));
    expect(valueOf(args, "-vf")).toMatch(/^setparams/);
    expect(args.indexOf("-colorspace")).toBeLessThan(args.indexOf("-i"));
  });

  it("JPEG comes in as BT.601 in full range, and goes out so", () => {
    expect(valueOf(argsFor(requestFor("mp4", "h264", { frameFormat: "JPEG" })), "-vf")).toContain("in_color_matrix=bt601:in_range=pc");
    const out = argsFor(requestFor("jpeg-sequence", "jpeg"));
    expect(valueOf(out, "-vf")).toContain("out_color_matrix=bt601:out_range=pc");
    expect(out).not.toContain("-colorspace");
  });

  it("RGB is not tagged as YCbCr", () => {
    expect(argsFor(requestFor("mkv", "ffv1"))).not.toContain("-colorspace");
  });
});

describe("sound", () => {
  const opus = { codec: "opus", bitrate: 160_000 } as const;
  const aac = { codec: "aac", bitrate: 192_000 } as const;
  const withSound = (request: EncodeRequest, options: Partial<FfmpegArgumentsOptions> = {}): string[] =>
    argsFor(request, { sound: "/mix.wav", ...options });

  it("is the second input, and never the shorter that ends the run", () => {
    const args = withSound(requestFor("mp4", "h264", { audio: aac }));
    expect(args.filter((one) => one === "-i")).toHaveLength(2);
    expect(valueOf(args, "-i")).toBe("file:/mix.wav");
    expect(args.flatMap((one, at) => (one === "-map" ? [args[at + 1]] : []))).toEqual(["0:v:0", "1:a:0"]);
    expect([valueOf(args, "-c:a"), valueOf(args, "-b:a")]).toEqual(["aac", "192000"]);
    expect(args).not.toContain("-shortest");
    expect(argsFor(requestFor("mp4", "h264"))).not.toContain("-c:a");
  });

  it("as AAC is made by the better encoder where the build has it", () => {
    const args = withSound(requestFor("mp4", "h264", { audio: aac }), { build: build(null, ["aac", "libfdk_aac"]) });
    expect(valueOf(args, "-c:a")).toBe("libfdk_aac");
  });

  it.for([
    [{ major: 5, minor: 1 }, "0.0065"],
    [{ major: 6, minor: 0 }, undefined],
    [null, undefined],
  ] as const)("as Opus in Matroska comes later by its delay with %j alone, which counts it twice", ([release, offset]) => {
    const args = withSound(requestFor("webm", "vp9", { audio: opus }), { build: build(release) });
    expect(valueOf(args, "-itsoffset")).toBe(offset);
    expect(valueOf(args, "-avoid_negative_ts")).toBe("disabled");
    const inMp4 = withSound(requestFor("mp4", "h264", { audio: opus }), { build: build(release) });
    expect([valueOf(inMp4, "-itsoffset"), valueOf(inMp4, "-avoid_negative_ts")]).toEqual([undefined, undefined]);
  });

  it("without loss has 24 bits", () => {
    const flac = withSound(requestFor("mkv", "h264", { audio: { codec: "flac", bitrate: null } }));
    expect([valueOf(flac, "-c:a"), valueOf(flac, "-bits_per_raw_sample"), valueOf(flac, "-b:a")]).toEqual(["flac", "24", undefined]);
    const pcm = withSound(requestFor("mov", "h264", { audio: { codec: "pcm", bitrate: null } }));
    expect(valueOf(pcm, "-c:a")).toBe("pcm_s24le");
  });
});
