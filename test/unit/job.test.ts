import { describe, expect, it } from "vitest";
import { RenderError } from "../../src/core/errors.ts";
import { frameCountOf, frameTime, frameTimestampUs, isWithin, parseFrameRate } from "../../src/core/frame-rate.ts";
import { parseJob } from "../../src/core/parse-job.ts";

function failureOf(work: () => unknown): RenderError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof RenderError) return thrown;
    throw thrown;
  }
  throw new Error("It should have failed, and did not");
}

const job = { page: "page.html", output: "out.mp4" } as const;

describe("a frame rate", () => {
  it.each([
    [30, 30, 1],
    ["25", 25, 1],
    ["30000/1001", 30000, 1001],
    [29.97, 30000, 1001],
    [23.976, 24000, 1001],
    ["59.94", 60000, 1001],
    [12.5, 25, 2],
    ["60/2", 30, 1],
    [{ numerator: 48, denominator: 2 }, 24, 1],
  ])("%j is %i/%i", (input, numerator, denominator) => {
    expect(parseFrameRate(input)).toEqual({ numerator, denominator });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, "abc", "", "30/0", "-30", "30fps", 1001, { numerator: 1.5, denominator: 1 }])(
    "%j is refused by name",
    (input) => {
      const failure = failureOf(() => parseFrameRate(input));
      expect(failure.code).toBe("frame-rate-invalid");
      if (typeof input !== "object") expect(failure.message).toContain(String(input));
    },
  );

  it("turns an index into a time without adding up", () => {
    const ntsc = { numerator: 30000, denominator: 1001 };
    expect(frameTime(30000, ntsc)).toBe(1001);
    expect(frameTimestampUs(1, ntsc)).toBe(33367);
    expect(frameTimestampUs(300_000, ntsc)).toBe(10_010_000_000);
  });

  it.each([
    [0.1, 30, 1, 3],
    [10, 30, 1, 300],
    [1 / 3, 30, 1, 10],
    [1.01, 30, 1, 31],
    [1.001, 30000, 1001, 30],
    [0.001, 30, 1, 1],
  ])("%f s at %i/%i are %i frames", (duration, numerator, denominator, count) => {
    expect(frameCountOf(duration, { numerator, denominator })).toBe(count);
  });

  it("makes intervals half-open", () => {
    expect([isWithin(1, 1, 2), isWithin(2, 1, 2), isWithin(0.99, 1, 2)]).toEqual([true, false, false]);
  });
});

describe("a job", () => {
  it("fills in every default", () => {
    expect(parseJob(job)).toEqual({
      page: "page.html",
      output: "out.mp4",
      size: null,
      frameRate: null,
      duration: null,
      container: "mp4",
      codec: "h264",
      alpha: false,
      quality: { level: "standard" },
      timing: "constant",
      loop: 0,
      hardware: null,
      workers: null,
      segments: 1,
      streaming: { enabled: true, maxDurationSeconds: null },
      sound: { enabled: true, codec: null, bitrate: null, loudness: null },
      media: { injector: null, cacheBytes: null },
      limits: { maxFrames: 10_000_000, maxSeconds: null, mediaBytes: 8 * 1024 ** 3 },
      capture: null,
      encoder: null,
      crossOrigin: "omit",
      network: "all",
      timeZone: "UTC",
      locale: "en-US",
      composition: { seed: 0, startDateMs: Date.UTC(2025, 0, 1), entry: null, variables: {}, awaitsDuration: true, adapters: [] },
      strict: false,
      readinessTimeoutMs: 15_000,
      captureTimeoutMs: 60_000,
      inactivityTimeoutMs: 600_000,
    });
  });

  it.each([
    [{ width: 1921, height: 1080 }, "size-invalid", "1922×1080"],
    [{ width: 1920, height: 0 }, "size-invalid", "1920×0"],
    [{ width: 20_000, height: 1080 }, "size-invalid", "20000×1080"],
    [{ width: 12.5, height: 1080 }, "size-invalid", "12.5×1080"],
    [{ width: 16_384, height: 16_384 }, "size-invalid", "268435456 pixels"],
    [{ duration: 1e12, frameRate: 1000 }, "limit-exceeded", "1000000000000000 frames (1000000000000 s at 1000 frames/s); limits.maxFrames"],
    [{ duration: 1e308, frameRate: 1000 }, "limit-exceeded", "Infinity frames"],
    [{ duration: 2, frameRate: 30, limits: { maxFrames: 59 } }, "limit-exceeded", "60 frames"],
    [{ frameRate: 0.0001 }, "frame-rate-invalid", "0.0001"],
    [{ frameRate: "1/9007199254740991" }, "frame-rate-invalid", "from 0.001"],
    [{ frameRate: "9007199254740991/9007199254740990" }, "frame-rate-invalid", "9007199254740991"],
    [{ limits: { maxSeconds: 1e9 } }, "job-invalid", "24 days"],
    [{ captureTimeoutMs: 3e9 }, "job-invalid", "captureTimeoutMs is 3000000000"],
    [{ width: 1280 }, "job-invalid", "width is 1280 and height is not given"],
    [{ seed: -1 }, "job-invalid", "seed"],
    [{ seed: 0.5 }, "job-invalid", "0.5"],
    [{ startDate: "yesterday" }, "job-invalid", "yesterday"],
    [{ variables: "title=Hello" }, "job-invalid", "title=Hello"],
    [{ strict: "yes" }, "job-invalid", "strict"],
    [{ duration: Number.POSITIVE_INFINITY }, "duration-invalid", "Infinity"],
    [{ duration: -1 }, "duration-invalid", "-1"],
    [{ duration: Number.NaN }, "duration-invalid", "NaN"],
    [{ duration: "ten" }, "duration-invalid", "ten"],
    [{ frameRate: "abc" }, "frame-rate-invalid", "abc"],
    [{ output: "out.avi" }, "job-invalid", "out.avi"],
    [{ page: "" }, "job-invalid", "page"],
    [{ quality: { crf: 99 } }, "job-invalid", "99"],
    [{ quality: { preset: "quick" } }, "job-invalid", "quick"],
    [{ quality: { crf: 18, bitrate: 1e6 } }, "job-invalid", "exclude"],
    [{ fps: 30 }, "job-invalid", "fps"],
    [{ captureTimeoutMs: 0 }, "job-invalid", "captureTimeoutMs"],
    [{ quality: "best" }, "job-invalid", 'quality is "best": must be one of draft, standard, high, lossless'],
    [{ quality: 3 }, "job-invalid", "quality is 3: must be one of draft, standard, high, lossless, or values such as { crf: 18 }"],
    [{ quality: null }, "job-invalid", "quality is null: must be one of"],
    [{ quality: { level: "best" } }, "job-invalid", 'quality.level is "best": must be one of draft'],
    [{ quality: { crv: 18 } }, "job-invalid", "quality.crv is no option of a job"],
    [{ quality: { gop: 0 } }, "job-invalid", "quality.gop is 0: must be a whole number of frames above 0"],
    [{ quality: { bitrate: 5 } }, "job-invalid", "quality.bitrate is 5: must be at least 1000 bits a second"],
    [{ format: "avi" }, "job-invalid", 'format is "avi": must be one of mp4, webm'],
    [{ alpha: "yes" }, "job-invalid", 'alpha is "yes": must be true or false'],
    [{ timing: "vfr" }, "job-invalid", 'timing is "vfr": must be constant or variable'],
    [{ loop: -1 }, "job-invalid", "loop is -1: must be a whole number of times"],
    [{ hardware: "cuda" }, "job-invalid", 'hardware is "cuda": must be one of nvenc, qsv, vaapi, videotoolbox'],
    [{ workers: 0 }, "job-invalid", "workers is 0: must be a whole number of workers, 1 to 64"],
    [{ workers: 1.5 }, "job-invalid", "workers is 1.5"],
    [{ segments: 65 }, "job-invalid", "segments is 65: must be a whole number of segments, 1 to 64"],
    [{ workers: 4, segments: 2 }, "job-invalid", "workers is 4 and segments is 2, and each segment has one worker; give segments alone"],
    [{ streaming: false }, "job-invalid", "streaming is false: must be values such as { enabled: false }"],
    [{ streaming: { enabled: "no" } }, "job-invalid", 'streaming.enabled is "no": must be true or false'],
    [{ streaming: { maxDurationSeconds: 0 } }, "job-invalid", "streaming.maxDurationSeconds is 0: must be above 0"],
    [{ streaming: { maxDurationSeconds: Infinity } }, "job-invalid", "streaming.maxDurationSeconds is Infinity: must be finite"],
    [{ streaming: { inactivityTimeoutMs: 0 } }, "job-invalid", "streaming.inactivityTimeoutMs is 0: must be at least 1 ms"],
  ])("with %j is refused with %s, naming %s", (change, code, words) => {
    const failure = failureOf(() => parseJob({ ...job, ...change }));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(words);
  });

  it("keeps what it says of streaming, workers and segments", () => {
    const streaming = { enabled: false, maxDurationSeconds: 240, inactivityTimeoutMs: 5000 };
    expect(parseJob({ ...job, streaming, workers: 3, segments: 3, timing: "constant", hardware: "nvenc" })).toMatchObject({
      ...{ streaming: { enabled: false, maxDurationSeconds: 240 }, inactivityTimeoutMs: 5000 },
      ...{ workers: 3, segments: 3, timing: "constant", hardware: "nvenc" },
    });
  });

  it("gives the page's world what it says", () => {
    const { composition } = parseJob({
      ...job,
      seed: 7,
      startDate: "2030-01-02",
      entry: "#intro",
      variables: { title: "Hi" },
      duration: 1,
    });
    expect(composition).toEqual({
      ...{ seed: 7, startDateMs: Date.UTC(2030, 0, 2), entry: "#intro", variables: { title: "Hi" } },
      ...{ awaitsDuration: false, adapters: [] },
    });
  });

  it.each([null, undefined, 3, "page.html", []])("that is %j is refused", (input) => {
    expect(failureOf(() => parseJob(input)).code).toBe("job-invalid");
  });
});

describe("an output called -", () => {
  it.each([{}, { format: "png-sequence" }, { format: "mp4" }])("is rejected with %j, for nothing is streamed", (others) => {
    const { code, message } = failureOf(() => parseJob({ ...job, ...others, output: "-" }));
    expect(code).toBe("job-invalid");
    expect(message).toContain(
      'output is "-", and writing to standard output is not supported; name a file ("./-" for a file of that name)',
    );
  });

  it("is a file where it is written with its folder", () => {
    expect(parseJob({ ...job, output: "./-", format: "mp4" }).output).toBe("./-");
  });
});
