import { describe, expect, it } from "vitest";
import type { CaptureTraits, PageFacts } from "../../src/core/capture.ts";
import type { EncoderTraits } from "../../src/core/encoder.ts";
import { RenderError } from "../../src/core/errors.ts";
import { parseJob } from "../../src/core/job.ts";
import { defaultPolicy, spread, type Candidate, type PolicyInput } from "../../src/core/policy/plan.ts";

const page: PageFacts = {
  url: "http://localhost/",
  duration: { value: 10, by: "contract" },
  size: null,
  frameRate: null,
  contract: "framewright",
  access: "random",
  isSingleCanvas: false,
  crossOrigin: [],
  adapters: [],
  isSecureContext: true,
  hasDepthScene: false,
  warnings: [],
};
const traits: CaptureTraits = {
  gives: ["PNG"],
  browserFlags: [],
  browser: "shared",
  needsSingleCanvas: false,
  sortsDepth: true,
  paintsCrossOrigin: true,
  needsCheck: false,
};
const fast: Candidate<CaptureTraits> = {
  name: "fast",
  traits: { ...traits, gives: ["I420", "RGBA", "page"], sortsDepth: false, paintsCrossOrigin: false, needsCheck: true },
  support: { ok: true },
};
const safe: Candidate<CaptureTraits> = { name: "safe", traits, support: { ok: true } };
const reader: Candidate<CaptureTraits> = {
  name: "reader",
  traits: { ...fast.traits, needsSingleCanvas: true, sortsDepth: true },
  support: null,
};
const pipe: Candidate<EncoderTraits> = {
  name: "pipe",
  traits: { accepts: ["I420", "RGBA", "PNG"], containers: ["mp4"], codecs: ["h264"], runsIn: "process" },
  support: { ok: true },
};
const inPage: Candidate<EncoderTraits> = {
  name: "in-page",
  traits: { accepts: ["page", "PNG"], containers: ["mp4"], codecs: ["h264"], runsIn: "page" },
  support: { ok: true },
};

function input(change: Partial<PolicyInput> = {}, job: object = {}): PolicyInput {
  const parsed = parseJob({ page: "p.html", output: "o.mp4", ...job });
  return { job: parsed, page, frameCount: 300, captures: [fast, safe], encoders: [pipe, inPage], struckOut: [], ...change };
}

const lacking = { ok: false, reasons: ["it is not installed"] } as const;

describe("the default policy", () => {
  it("takes the first parts that work, and gives a reason for each that it does not take", () => {
    const plan = defaultPolicy(input());
    expect(plan).toMatchObject({ capture: "fast", encoder: "pipe", frameFormat: "I420", checkAt: [0, 100, 199, 299] });
    expect(plan.rejected.map(({ part }) => part)).toEqual(["safe", "in-page"]);
    expect(plan.rejected.every(({ reasons }) => reasons.length > 0)).toBe(true);
  });

  it("is pure, and its plan is JSON", () => {
    const frozen = input();
    const plan = defaultPolicy(frozen);
    expect(defaultPolicy(frozen)).toEqual(plan);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it("encodes in the page where there is no other way, and leaves the frames there", () => {
    const plan = defaultPolicy(input({ encoders: [{ ...pipe, support: lacking }, inPage] }));
    expect(plan).toMatchObject({ encoder: "in-page", frameFormat: "page" });
    expect(plan.rejected).toContainEqual({ part: "pipe", kind: "lacking", reasons: ["it is not installed"] });
  });

  it("does not leave frames in a page that may not encode, for its origin is no secure context", () => {
    const plan = defaultPolicy(input({ encoders: [inPage], page: { ...page, isSecureContext: false } }));
    expect(plan).toMatchObject({ capture: "safe", frameFormat: "PNG" });
  });

  it("sends scenes with depth to a capture that sorts them, which needs no check", () => {
    const plan = defaultPolicy(input({ page: { ...page, hasDepthScene: true } }));
    expect(plan).toMatchObject({ capture: "safe", frameFormat: "PNG", checkAt: [] });
  });

  it("reads the canvas of a page that is one, and of no other", () => {
    const captures = [reader, fast, safe];
    expect(defaultPolicy(input({ captures, page: { ...page, isSingleCanvas: true } })).capture).toBe("reader");
    const plan = defaultPolicy(input({ captures }));
    expect(plan.capture).toBe("fast");
    expect(plan.rejected).toContainEqual({
      part: "reader",
      kind: "not-applicable",
      reasons: ["the page is not one canvas that fills it"],
    });
  });

  it("may choose what was not tried yet", () => {
    expect(defaultPolicy(input({ captures: [{ ...fast, support: null }, safe] })).capture).toBe("fast");
  });

  it("sends pages that show other origins to a capture that paints those, and says which", () => {
    const crossOrigin = ["http://a/1.png", "http://a/2.png", "http://a/3.png", "http://a/4.png"];
    const plan = defaultPolicy(input({ page: { ...page, crossOrigin } }));
    expect(plan.capture).toBe("safe");
    expect(plan.rejected).toContainEqual({
      part: "fast",
      kind: "unsuitable",
      reasons: [
        'it leaves out content of other origins: http://a/1.png, http://a/2.png, http://a/3.png and 1 more; crossOrigin: "paint" shows it',
      ],
    });
  });

  it("lets every capture paint other origins where the job trusts the page", () => {
    const foreign: PageFacts = { ...page, crossOrigin: ["http://a/1.png"] };
    expect(defaultPolicy(input({ page: foreign }, { crossOrigin: "paint" })).capture).toBe("fast");
  });

  it.each([
    ["random", false],
    ["sequential", true],
  ] as const)("tells that a page of %s access is read in order: %s", (access, tells) => {
    const plan = defaultPolicy(input({ page: { ...page, access } }));
    expect(plan.access).toBe(access);
    expect(plan.reasons.some((reason) => reason.includes("the page is stateful"))).toBe(tells);
  });

  it("does not choose again what was struck out", () => {
    const plan = defaultPolicy(input({ struckOut: [{ part: "fast", reason: "it was distrusted" }] }));
    expect(plan.capture).toBe("safe");
    expect(plan.rejected).toContainEqual({ part: "fast", kind: "struck-out", reasons: ["it was distrusted"] });
  });

  it("follows the job's own choice", () => {
    expect(defaultPolicy(input({}, { capture: "safe", encoder: "in-page" }))).toMatchObject({
      capture: "safe",
      encoder: "in-page",
      frameFormat: "PNG",
    });
  });

  it.each([
    [{ captures: [{ ...fast, support: lacking }] }, {}, "not installed"],
    [{}, { encoder: "gone" }, "known: pipe, in-page"],
    [{ page: { ...page, hasDepthScene: true } }, { capture: "fast" }, "preserve-3d"],
    [{ encoders: [] }, {}, "none was given"],
  ])("says why nothing is left (%#)", (change, job, words) => {
    let thrown: unknown;
    try {
      defaultPolicy(input(change as Partial<PolicyInput>, job));
    } catch (failure) {
      thrown = failure;
    }
    expect(thrown).toBeInstanceOf(RenderError);
    expect(thrown).toMatchObject({ code: "plan-impossible", message: expect.stringContaining(words) });
  });
});

describe("spread", () => {
  it.each([
    [300, 4, [0, 100, 199, 299]],
    [2, 4, [0, 1]],
    [1, 4, [0]],
    [5, 4, [0, 1, 3, 4]],
  ])("%i frames, %i checks", (frames, checks, expected) => {
    expect(spread(frames, checks)).toEqual(expected);
  });
});
