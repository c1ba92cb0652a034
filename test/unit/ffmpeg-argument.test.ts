import { describe, expect, it } from "vitest";
import type { EncodeRequest } from "../../src/core/encoder.ts";
import {
  decimalArgument,
  fileArgument,
  integerArgument,
  numberedFileArgument,
  sizeArgument,
  wordArgument,
} from "../../src/ffmpeg/argument.ts";
import { ffmpegArguments } from "../../src/ffmpeg/arguments.ts";
import { mediaInput } from "../../src/ffmpeg/media-input.ts";
import { pictureArguments, type PictureRequest } from "../../src/ffmpeg/picture-arguments.ts";
import { tempoFilters } from "../../src/audio/tempo-filters.ts";

/** Values that are text in the end, and more than a number. */
const hostile: readonly unknown[] = [
  ...["1,movie=/etc/passwd", "1:2", "16[out];movie=x", "16", ""],
  ...[Number.NaN, Number.POSITIVE_INFINITY, 1.5, -1, 0, 1e21, null, undefined, true, ["16"], { toString: () => "16,null" }],
];
const range = { least: 1, most: 100 };

describe("an argument of ffmpeg", () => {
  it.each(hostile.map((value) => [value]))("is no integer made of %j", (value) => {
    expect(() => integerArgument(value, range, "the width")).toThrow(TypeError);
  });

  it("is a number without exponents", () => {
    expect(integerArgument(100, range, "x")).toBe("100");
    expect(decimalArgument(1e-7, { least: 0, most: 1 }, "x")).toBe("0.000000");
    expect(() => decimalArgument(1e21, { least: 0, most: 1e10 }, "the time")).toThrow(
      "the time is 1e+21 and must be a number from 0 to 10000000000",
    );
    expect(() => decimalArgument("0.5", { least: 0, most: 1 }, "x")).toThrow(TypeError);
  });

  it("is a word of a closed set", () => {
    expect(wordArgument("tv", ["tv", "pc"], "x")).toBe("tv");
    for (const value of ["tv:flags=1", "toString", "", 1, ["tv"]])
      expect(() => wordArgument(value as string, ["tv", "pc"], "x")).toThrow(TypeError);
  });

  it("is a size of limited area", () => {
    expect(sizeArgument({ width: 1920, height: 1080 }, "x")).toBe("1920x1080");
    expect(sizeArgument({ width: 8192, height: 8192 }, ":")).toBe("8192:8192");
    for (const size of [
      { width: 16_000, height: 16_000 },
      { width: 16_385, height: 1 },
      { width: "16,null", height: 16 },
      { width: 16, height: ["16"] },
    ])
      expect(() => sizeArgument(size as { width: number; height: number }, "x")).toThrow(TypeError);
  });

  it("is a file, whatever its name holds", () => {
    expect(["-y", "http://a/b", "concat:a|b", "a'b,c:d.mp4", "pipe:0"].map(fileArgument)).toEqual([
      ...["file:-y", "file:http://a/b", "file:concat:a|b", "file:a'b,c:d.mp4", "file:pipe:0"],
    ]);
    for (const path of ["", "a\0b", null, ["a"]]) expect(() => fileArgument(path as string)).toThrow(TypeError);
    expect(mediaInput("-i").at(-1)).toBe("file:-i");
  });

  it("is a pattern with one number", () => {
    expect(numberedFileArgument({ folder: "/100%d", pattern: "shot 5%%-%04d.png" })).toBe("file:/100%%d/shot 5%%-%04d.png");
    for (const pattern of ["%d/../%d.png", "../%d.png", "%s.png", "a.png", "%d%d.png", "%%d.png"])
      expect(() => numberedFileArgument({ folder: "/a", pattern })).toThrow(TypeError);
  });
});

describe("the arguments for the pictures of a video", () => {
  const stream = { codec: "h264", pixelFormat: "yuv420p", range: "tv", matrix: "bt709", hasAlpha: false, tickSeconds: 0.001 } as const;
  const request: PictureRequest = {
    path: "a.mp4",
    stream,
    size: { width: 64, height: 48 },
    hasAlpha: false,
    type: "image/png",
    startUs: 0,
    seekUs: null,
    threads: 1,
  };
  const made = (changes: object): readonly string[] => pictureArguments({ ...request, ...changes }, { release: null });

  it("hold the size in the filter", () => {
    expect(made({}).join(" ")).toContain("scale=64:48:");
  });

  it.each([
    { size: { width: "64:48,movie=/etc/passwd[a];[a]null", height: 48 } },
    { size: { width: 64, height: ["48"] } },
    { size: { width: 64, height: { toString: () => "48,drawtext=textfile=/etc/passwd" } } },
    { size: { width: 16_000, height: 16_000 } },
    { size: { width: Number.NaN, height: 48 } },
    { startUs: "0,movie=x" },
    { startUs: Number.NaN },
    { seekUs: "1,movie=x" },
    { threads: "1 -i /etc/passwd" },
    { threads: 1e9 },
    { type: "toString" },
    { stream: { ...stream, matrix: "bt709:enable=1" } },
    { stream: { ...stream, matrix: "constructor" } },
    { stream: { ...stream, range: "tv,movie=x" } },
  ])("are refused for %j", (changes) => {
    expect(() => made(changes)).toThrow(TypeError);
  });
});

describe("the arguments for an output", () => {
  const request: EncodeRequest = {
    ...{ size: { width: 64, height: 48 }, frameRate: { numerator: 30, denominator: 1 }, frameCount: 12, frameFormat: "RGBA" },
    ...{
      container: "mp4",
      codec: "h264",
      alpha: false,
      quality: { level: "standard" },
      timing: "constant",
      hardware: null,
      loop: 0,
      audio: null,
    },
  };
  const made = (changes: object): string[] =>
    ffmpegArguments({ ...request, ...changes } as EncodeRequest, {
      ...{ encoder: "test", input: { from: "pipe" }, output: { to: "file", path: "-out.mp4" }, sound: null, extra: [] },
      build: { release: null, encoders: new Set() },
    });

  it("hold numbers without exponents, and the output as a file", () => {
    expect(made({ quality: { level: "standard", crf: 1e-7 } }).join(" ")).toContain("-crf 0 ");
    expect(made({ quality: { level: "standard", bitrate: 1e9 } }).join(" ")).toContain("-b:v 1000000000 ");
    expect(made({}).at(-1)).toBe("file:-out.mp4");
  });

  it.each([
    { size: { width: "64x48 -i /etc/passwd", height: 48 } },
    { frameRate: { numerator: "30,movie=x", denominator: 1 } },
    { frameRate: { numerator: 30, denominator: 0 } },
    { container: "toString" },
    { container: "tee" },
    { codec: "constructor" },
    { codec: "rawvideo" },
    { quality: { level: "standard", pixelFormat: "yuv420p,movie=/etc/passwd" } },
    { quality: { level: "standard", preset: "fast -y" } },
    { quality: { level: "standard", crf: "18" } },
    { quality: { level: "standard", crf: 99 } },
    { quality: { level: "standard", bitrate: 1e21 } },
    { quality: { level: "standard", gop: Number.NaN } },
    { quality: { level: "toString" } },
    { loop: "0" },
    { hardware: "cuda" },
    { audio: { codec: "mp3", bitrate: null } },
    { audio: { codec: "aac", bitrate: "1" } },
  ])("are refused for %j", (changes) => {
    expect(() => made(changes)).toThrow(TypeError);
  });
});

describe("the filters of another rate", () => {
  it.each([1e12, 5.1, 0.09, 0, -1, Number.NaN, Number.POSITIVE_INFINITY, "2,volume=9"])("are refused for %j", (rate) => {
    for (const preservesPitch of [true, false]) expect(() => tempoFilters(rate as number, preservesPitch)).toThrow(RangeError);
  });
});
