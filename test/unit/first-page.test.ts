import { expect, it } from "vitest";
import type { Browser } from "../../src/core/browser.ts";
import type { Capture, CaptureRequest, CaptureSession, PageFacts } from "../../src/core/capture.ts";
import { isRenderError } from "../../src/core/errors.ts";
import type { ParsedJob } from "../../src/core/job.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import { openFirstPage } from "../../src/core/pipeline/first-page.ts";
import { PageOpener } from "../../src/core/pipeline/page-opener.ts";
import { Timeline } from "../../src/core/timeline.ts";
import { plainPage } from "../support/policy-input.ts";

/** A reference that opens pages in name only. */
function reference(facts: PageFacts): { opener(job: ParsedJob): PageOpener; asked: CaptureRequest[]; closed: number[] } {
  const [asked, closed]: [CaptureRequest[], number[]] = [[], []];
  const capture = {
    name: "reference",
    traits: { gives: ["PNG"] },
    open: async (request: CaptureRequest): Promise<CaptureSession> => {
      const at: number = asked.push(request) - 1;
      return { facts, close: async () => void closed.push(at) } as unknown as CaptureSession;
    },
  } as unknown as Capture;
  const opener = (job: ParsedJob): PageOpener =>
    new PageOpener({
      ...{ job, reference: capture, attachMedia: null, timeline: new Timeline(() => {}) },
      signal: new AbortController().signal,
      warn: () => {},
    });
  return { opener, asked, closed };
}

const jobOf = (said: object = {}): ParsedJob => parseJob({ page: "p.html", output: "o.mp4", ...said });
const asks = ({ size, frameRate, url }: CaptureRequest): string =>
  `${url} ${size.width}×${size.height} ${frameRate.numerator}/${frameRate.denominator}`;

it("stays open where the page says nothing else than what it was opened with", async () => {
  const { opener, asked, closed } = reference(plainPage);
  const job: ParsedJob = jobOf({ width: 640, height: 360 });
  const { video } = await openFirstPage(job, opener(job), {} as Browser, "http://a/");
  expect(asked.map(asks)).toEqual(["http://a/ 640×360 30/1"]);
  expect(closed).toEqual([]);
  expect(video).toMatchObject({ size: { by: "job" }, frameRate: { by: "default" }, frameCount: 300 });
});

it("is opened again where it ended up, with the size and rate that it says", async () => {
  const facts: PageFacts = {
    ...plainPage,
    url: "http://a/redirected",
    size: { value: { width: 720, height: 1280 }, by: "meta" },
    frameRate: { value: "30000/1001", by: "meta" },
  };
  const { opener, asked, closed } = reference(facts);
  const job: ParsedJob = jobOf();
  const { video } = await openFirstPage(job, opener(job), {} as Browser, "http://a/");
  expect(asked.map(asks)).toEqual(["http://a/ 1920×1080 30/1", "http://a/redirected 720×1280 30000/1001"]);
  expect(closed).toEqual([0]);
  expect(video.size).toEqual({ value: { width: 720, height: 1280 }, by: "meta" });
});

it("is closed where it does not say how long the video is", async () => {
  const { opener, closed } = reference({ ...plainPage, duration: null });
  const job: ParsedJob = jobOf();
  const failure: unknown = await openFirstPage(job, opener(job), {} as Browser, "http://a/").catch((thrown: unknown) => thrown);
  expect(isRenderError(failure) && failure.code).toBe("duration-missing");
  expect(closed).toEqual([0]);
});
