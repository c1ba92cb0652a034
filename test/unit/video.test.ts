import { describe, expect, it } from "vitest";
import { parseJob } from "../../src/core/parse-job.ts";
import { rateWarnings, videoOf } from "../../src/core/video.ts";
import { plainPage } from "../support/policy-input.ts";

const gif = (frameRate?: number) =>
  parseJob({ page: "p.html", output: "o.gif", duration: 1, ...(frameRate === undefined ? {} : { frameRate }) });

describe("the frame rate of a GIF", () => {
  it.each([
    ["the job", gif(120), null],
    ["the page", gif(), { value: 120, by: "meta" } as const],
  ])("above 100 is refused, also where %s says it", (_, job, frameRate) => {
    expect(() => videoOf(job, { ...plainPage, frameRate })).toThrow(
      "The frame rate 120 is above what gif can hold, which is 100. Give frameRate: 50, or take another format",
    );
  });

  it.each([
    [100, 1],
    [60, 1],
    [50, 0],
    [30, 0],
  ])("of %d gives %d warnings", (rate, warnings) => {
    expect(rateWarnings(gif(rate), videoOf(gif(rate), plainPage))).toHaveLength(warnings);
  });
});

describe("the number of frames", () => {
  const job = parseJob({ page: "p.html", output: "o.mp4", limits: { maxFrames: 300 } });

  it("may be what limits.maxFrames allows", () => {
    expect(videoOf(job, plainPage).frameCount).toBe(300);
  });

  it.each([
    ["the page's duration", { duration: { value: 1e12, by: "meta" } as const }, "30000000000000 frames"],
    ["the page's frame rate", { frameRate: { value: 31, by: "meta" } as const }, "310 frames (10 s at 31 frames/s)"],
  ])("is refused above limits.maxFrames, also where it is %s that exceeds it", (_, said, words) => {
    expect(() => videoOf(job, { ...plainPage, ...said })).toThrow(words);
    expect(() => videoOf(job, { ...plainPage, ...said })).toThrow(expect.objectContaining({ code: "limit-exceeded" }));
  });
});
