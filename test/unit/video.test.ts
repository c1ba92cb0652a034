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
