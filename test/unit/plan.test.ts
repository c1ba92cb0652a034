import { describe, expect, it } from "vitest";
import type { CaptureTraits, PageFacts } from "../../src/core/capture.ts";
import { RenderError } from "../../src/core/errors.ts";
import { framesToCheck, spread } from "../../src/core/policy/checked-frames.ts";
import type { MeasuredCosts } from "../../src/core/policy/costs.ts";
import { defaultPolicy } from "../../src/core/policy/default-policy.ts";
import type { Candidate, Plan, PlanFailure, PolicyInput } from "../../src/core/policy/plan.ts";
import { closedGate, decideStreaming, type GateInputs } from "../../src/core/policy/streaming.ts";
import type { EncoderTraits } from "../../src/core/encoder.ts";
import { hostOf, ownCapture, ownEncoder, plainPage as page, policyInput, testCosts } from "../support/policy-input.ts";

/** Parts of several kinds, whose costs nobody measured: the order decides. */
const fast: Candidate<CaptureTraits> = ownCapture("fast", {
  gives: ["I420", "RGBA", "page"],
  sortsDepth: false,
  paintsCrossOrigin: false,
  needsCheck: true,
});
const safe: Candidate<CaptureTraits> = ownCapture("safe");
const reader: Candidate<CaptureTraits> = {
  ...ownCapture("reader", { ...fast.traits, needsSingleCanvas: true, sortsDepth: true }),
  support: null,
};
const pipe: Candidate<EncoderTraits> = ownEncoder("pipe");
const inPage: Candidate<EncoderTraits> = ownEncoder("in-page", { accepts: ["page", "PNG"], runsIn: "page" });

function input(change: Partial<PolicyInput> = {}, job: object = {}): PolicyInput {
  return policyInput({ captures: [fast, safe], encoders: [pipe, inPage], ...change }, job);
}

/** Costs of captures in milliseconds of a frame of 1080p. */
function costsOf(captures: Readonly<Record<string, number>>): MeasuredCosts {
  return {
    ...testCosts,
    captures: Object.entries(captures).map(([capture, ms]) => {
      const msPerMegapixel: number = ms / 2.0736;
      return { capture, frameFormat: "PNG", content: "motion", msPerMegapixel, cpuMsPerMegapixel: msPerMegapixel, memoryBytes: 450e6 };
    }),
  };
}

const lacking = { ok: false, reasons: ["it is not installed"] } as const;

function reasonOf(plan: Plan, part: string): readonly string[] {
  return plan.rejected.find((rejection) => rejection.part === part)?.reasons ?? [];
}

describe("the default policy", () => {
  it("takes the first parts that work, and gives a reason for each that it does not take", () => {
    const plan = defaultPolicy(input());
    expect(plan).toMatchObject({ capture: "fast", encoder: "pipe", frameFormat: "I420", checkAt: [0, 100, 199, 299] });
    expect(plan.rejected.map(({ part }) => part)).toEqual(["safe", "in-page"]);
    expect(plan.rejected.every(({ reasons }) => reasons.length > 0)).toBe(true);
  });

  it("encodes in the page where there is no other way, and leaves the frames there", () => {
    const plan = defaultPolicy(input({ encoders: [{ ...pipe, support: lacking }, inPage] }));
    expect(plan).toMatchObject({ encoder: "in-page", frameFormat: "page" });
    expect(plan.rejected).toContainEqual({ part: "pipe", role: "encoder", kind: "lacking", reasons: ["it is not installed"] });
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
      role: "capture",
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
      role: "capture",
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
    const plan = defaultPolicy(input({ struckOut: [{ part: "fast", code: "capture-distrusted", reason: "it was distrusted" }] }));
    expect(plan.capture).toBe("safe");
    expect(plan.rejected).toContainEqual({ part: "fast", role: "capture", kind: "struck-out", reasons: ["it was distrusted"] });
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
    [{ captures: [] }, {}, "No capture can do this job: none was given"],
    [{ encoders: [{ ...pipe, support: { ok: false, reasons: [] } }] }, {}, "pipe (it does not work here, and does not say why)"],
    [
      { encoders: [ownEncoder("picky", { accepts: ["JPEG"] })] },
      {},
      "picky (it takes JPEG for this output, and captures here give I420, RGBA, page, PNG)",
    ],
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

describe("what a capture costs", () => {
  const captures = [ownCapture("a"), ownCapture("b"), ownCapture("c")];

  it("decides, and stands in the reasons", () => {
    const plan = defaultPolicy(input({ captures, costs: costsOf({ a: 66, b: 22, c: 80 }) }));
    expect(plan.capture).toBe("b");
    expect(plan.reasons[0]).toBe("b: the capture that costs least, 22 ms a frame that changes (a 66 ms, c 80 ms)");
    expect(reasonOf(plan, "a")).toEqual(["it costs 66 ms a frame that changes, and b 22 ms"]);
  });

  it("grows with the size", () => {
    const plan = defaultPolicy(input({ captures, costs: costsOf({ a: 66, b: 22 }), size: { width: 3840, height: 2160 } }));
    expect(plan.reasons[0]).toContain("88 ms a frame that changes (a 264 ms)");
  });

  it("must be clearly less than that of one before it", () => {
    const plan = defaultPolicy(input({ captures, costs: costsOf({ a: 100, b: 96 }) }));
    expect(plan.capture).toBe("a");
    expect(plan.reasons[0]).toBe("a: no other costs clearly less, 100 ms a frame that changes (b 96 ms)");
    expect(reasonOf(plan, "b")).toEqual(["it costs 96 ms a frame that changes, not clearly less than a 100 ms"]);
  });

  it("leaves one that nobody measured where its author put it", () => {
    const costs = costsOf({ a: 100, c: 10 });
    expect(defaultPolicy(input({ captures, costs })).capture).toBe("c");
    const first = defaultPolicy(input({ captures: [captures[1]!, captures[0]!, captures[2]!], costs }));
    expect(first.capture).toBe("b");
    expect(reasonOf(first, "c")).toEqual(["b comes before it"]);
    const behind = defaultPolicy(input({ captures: [captures[0]!, captures[1]!], costs }));
    expect(behind.capture).toBe("a");
    expect(reasonOf(behind, "b")).toEqual(["nobody measured what it costs; a costs 100 ms a frame that changes"]);
  });

  it("is that of a moving page, or of other frames, where the very case was not measured; the estimate then is assumed", () => {
    const moving = defaultPolicy(policyInput());
    expect(moving.estimate).toEqual({ framesPerSecond: 29.2, basis: "measured on a reference machine" });
    expect(defaultPolicy(policyInput({}, { output: "o.mov" })).estimate).toEqual({ framesPerSecond: 25.4, basis: "assumed" });
    expect(defaultPolicy(policyInput({}, { quality: { preset: "veryslow" } })).estimate.basis).toBe("assumed");
    const encoders = [...testCosts.encoders, { ...testCosts.encoders[1]!, frameFormat: "RGBA" } as const];
    const wholeColor = { quality: { pixelFormat: "yuv444p" } };
    expect(defaultPolicy(policyInput({ costs: { ...testCosts, encoders } }, wholeColor)).estimate.basis).toBe("assumed");
    expect(defaultPolicy(policyInput({ costs: { ...testCosts, usage: "assumed" } })).estimate.basis).toBe("assumed");
    expect(defaultPolicy(policyInput({ costs: costsOf({}) })).estimate).toEqual({ framesPerSecond: null, basis: "assumed" });
  });

  it("is not believed where it is nothing", () => {
    expect(defaultPolicy(input({ captures, costs: costsOf({ a: 66, b: 0 }) })).capture).toBe("a");
  });
});

describe("encoder and capture", () => {
  it("fit: an encoder that no capture here has frames for gives way", () => {
    const plan = defaultPolicy(input({ captures: [safe], encoders: [ownEncoder("raw", { accepts: ["I420", "RGBA"] }), pipe] }));
    expect(plan).toMatchObject({ capture: "safe", encoder: "pipe", frameFormat: "PNG" });
    expect(plan.rejected).toContainEqual({
      part: "raw",
      role: "encoder",
      kind: "unsuitable",
      reasons: ["it takes I420, RGBA for this output, and captures here give PNG"],
    });
  });

  it("fit: a capture that gives nothing that the encoder takes gives way", () => {
    const plan = defaultPolicy(input({ captures: [fast, safe], encoders: [ownEncoder("pictures", { accepts: ["PNG"] })] }));
    expect(plan.capture).toBe("safe");
    expect(reasonOf(plan, "fast")).toEqual(["it gives I420, RGBA, page, and pictures takes PNG for this output"]);
  });

  it("pass no I420 where a side is odd", () => {
    const encoders = [ownEncoder("pictures", { accepts: ["I420", "RGBA"], writes: { "jpeg-sequence": ["jpeg"] }, takes: "files" })];
    const job = { output: "f/%05d.jpg" };
    expect(defaultPolicy(input({ encoders }, job)).frameFormat).toBe("I420");
    expect(defaultPolicy(input({ encoders, size: { width: 1921, height: 1080 } }, job)).frameFormat).toBe("RGBA");
  });

  it("have names of their own: the second of a name is passed over", () => {
    const plan = defaultPolicy(input({ captures: [{ ...safe, support: lacking }, safe, fast] }));
    expect(plan.capture).toBe("fast");
    expect(plan.rejected).toContainEqual({
      part: "safe",
      role: "capture",
      kind: "not-applicable",
      reasons: ["a part before it has the same name"],
    });
  });
});

describe("the streaming gate", () => {
  const open: GateInputs = { enabled: true, maxDurationSeconds: null, durationSeconds: 10, container: "mp4" };

  it.each([
    [{}, null],
    [{ durationSeconds: 1e6 }, null],
    [{ enabled: false }, { rule: "opted-out", reason: "streaming.enabled is false" }],
    [
      { enabled: false, maxDurationSeconds: 1, container: "gif" },
      { rule: "opted-out", reason: "streaming.enabled is false" },
    ],
    [{ durationSeconds: null }, { rule: "duration-invalid", reason: "the duration is not finite; it must be a finite number above 0" }],
    [{ durationSeconds: 0 }, { rule: "duration-invalid", reason: "the duration is 0; it must be a finite number above 0" }],
    [{ durationSeconds: -1 }, { rule: "duration-invalid", reason: "the duration is -1; it must be a finite number above 0" }],
    [{ maxDurationSeconds: 10 }, null],
    [
      { maxDurationSeconds: 10, durationSeconds: 10.001 },
      { rule: "duration-limit", reason: "the video is 10.001 s long, and streaming.maxDurationSeconds is 10" },
    ],
    [{ container: "gif" }, { rule: "format", reason: "the palette of a GIF is made from the whole video" }],
    [{ container: "png-sequence" }, { rule: "format", reason: "png-sequence is a folder of pictures, each a file of its own" }],
    [{ container: "webp-sequence" }, { rule: "format", reason: "webp-sequence is a folder of pictures, each a file of its own" }],
    [{ container: "apng" }, null],
    [{ container: "webp" }, null],
  ] as const)("with %j is closed by %j", (change, closed) => {
    expect(closedGate({ ...open, ...change })).toEqual(closed);
  });

  it("ends in one decision with all that was looked at", () => {
    const inputs = { ...open, didNotStart: false, encoder: "ffmpeg-pipe", encoderStreams: true };
    expect(decideStreaming(inputs)).toEqual({ streams: true, rule: "default", reason: "streaming is the default", inputs });
    const onDisk = { ...inputs, encoder: "ffmpeg-disk", encoderStreams: false };
    expect(decideStreaming(onDisk)).toMatchObject({ streams: false, rule: "encoder", inputs: onDisk });
    expect(decideStreaming({ ...onDisk, didNotStart: true })).toMatchObject({
      rule: "did-not-start",
      reason: "the streaming encoder did not start, and ffmpeg-disk takes its place",
    });
    expect(decideStreaming({ ...inputs, didNotStart: true })).toMatchObject({ streams: true, rule: "default" });
  });

  it("says that a process did not start only of one that did not", () => {
    const struck = { part: "ffmpeg-pipe", reason: "it failed" };
    const ruleAfter = (code: PlanFailure["code"]): string =>
      defaultPolicy(policyInput({ struckOut: [{ ...struck, code }] })).streaming.rule;
    expect([ruleAfter("encoder-not-started"), ruleAfter("encoder-failed")]).toEqual(["did-not-start", "encoder"]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("keeps a plan JSON where the duration is %d", (durationSeconds) => {
    const { streaming } = defaultPolicy(policyInput({ durationSeconds }));
    expect(streaming).toMatchObject({ streams: false, rule: "duration-invalid", inputs: { durationSeconds: null } });
  });
});

describe("workers", () => {
  const long = { frameCount: 1800, durationSeconds: 60 };

  it("are one where the capture and x264 keep both cores busy: 22 ms and 39 ms of processor time, and 29 ms of encoding", () => {
    const plan = defaultPolicy(policyInput(long));
    expect(plan.workers).toBe(1);
    expect(plan.reasons).toContain("1 worker: 2 cores give at most 29 frames/s, encoding included, and one worker captures 45");
  });

  it.each([
    [hostOf(16, 2), "2 workers: each takes 450 MB of memory, and half of 2000 MB is for them"],
    [hostOf(64, 64), "6 workers: 64 cores give at most 276 frames/s, encoding included, and one worker captures 45"],
    [hostOf(1, 64), "1 worker: 1 core gives at most 15 frames/s, encoding included, and one worker captures 45"],
  ])("say what limits them (%#)", (host, reason) => {
    expect(defaultPolicy(policyInput({ ...long, host })).reasons).toContain(reason);
  });

  it("are not started for a short video", () => {
    const plan = defaultPolicy(policyInput({ host: hostOf(64, 64), frameCount: 90, durationSeconds: 3 }));
    expect(plan.reasons).toContain("1 worker: one captures the whole video in 2 s, and one more takes 1.5 s to start");
  });

  it.each([
    [{ workers: 3 }, {}, 3, "3 workers: the job asks for them"],
    [{ workers: 8 }, { frameCount: 2 }, 2, "2 workers: the job asks for 8, and the video has 2 frames"],
    [{ workers: 8 }, { frameCount: 1 }, 1, "1 worker: the job asks for 8, and the video has 1 frame"],
    [{ workers: 4, encoder: "webcodecs" }, {}, 1, "1 worker: the frames stay in the page that encodes them; the job asks for 4"],
    [
      { workers: 4 },
      { page: { ...page, access: "sequential" } },
      1,
      "1 worker: one reader takes the frames in order, for the page is stateful; the job asks for 4",
    ],
    [{ segments: 3 }, {}, 3, "3 workers: one for each segment"],
  ] as const)("with %j: %#", (job, change, workers, reason) => {
    const plan = defaultPolicy(policyInput(change as Partial<PolicyInput>, job));
    expect(plan.workers).toBe(workers);
    expect(plan.reasons).toContain(reason);
  });

  it.each([
    [{ segments: 3 }, {}, 3, "3 segments: the job asks for them"],
    [{ segments: 3 }, { frameCount: 2 }, 2, "2 segments: the job asks for 3, and the video has 2 frames"],
    [
      { segments: 3 },
      { page: { ...page, access: "sequential" } },
      1,
      "1 segment: the page is stateful, so that it is captured in one go; the job asks for 3",
    ],
  ] as const)("of segments: %j, %#", (job, change, segments, reason) => {
    const plan = defaultPolicy(policyInput(change as Partial<PolicyInput>, job));
    expect(plan.segments).toBe(segments);
    expect(plan.reasons).toContain(reason);
  });

  it("of segments have an encoder each, which use more cores than one", () => {
    const host = hostOf(64, 64);
    const speed = (segments: number): number | null =>
      defaultPolicy(policyInput({ ...long, host }, { output: "o.webm", segments, ...(segments === 1 ? { workers: 4 } : {}) })).estimate
        .framesPerSecond;
    expect([speed(1), speed(4)]).toEqual([64.3, 180.3]);
  });

  it("need no encoder that joins files where a stateful page is captured in one go", () => {
    const encoders = [ownEncoder("alone", { joinable: [] })];
    expect(defaultPolicy(input({ encoders, page: { ...page, access: "sequential" } }, { segments: 2 })).segments).toBe(1);
    expect(() => defaultPolicy(input({ encoders }, { segments: 2 }))).toThrow("alone (its mp4 files cannot be joined)");
  });

  it("share the frames out evenly where there are few, and hold small blocks where frames are large", () => {
    expect(defaultPolicy(policyInput({ frameCount: 10 }, { workers: 4 })).blockFrames).toBe(3);
    expect(defaultPolicy(policyInput({}, { workers: 4 })).blockFrames).toBe(16);
    const small = defaultPolicy(policyInput({ host: hostOf(8, 0.5), size: { width: 3840, height: 2160 } }, { workers: 4 }));
    expect(small).toMatchObject({ blockFrames: 1, windowBytes: 62_500_000 });
  });

  it("have a window for one frame at least", () => {
    const size = { width: 16384, height: 16384 };
    expect(defaultPolicy(policyInput({ host: hostOf(1, 0.1), size })).windowBytes).toBe((16384 * 16384 * 3) / 2);
  });
});

describe("the frames to check", () => {
  it.each([
    [300, 4, [0, 100, 199, 299]],
    [2, 4, [0, 1]],
    [1, 4, [0]],
    [5, 4, [0, 1, 3, 4]],
  ])("of %i frames, %i spread over them", (frames, checks, expected) => {
    expect(spread(frames, checks)).toEqual(expected);
  });

  it.each([
    [{ workers: 1, blockFrames: 300, segments: 1 }, [0, 100, 199, 299]],
    [{ workers: 3, blockFrames: 16, segments: 1 }, [0, 16, 32, 100, 199, 299]],
    [{ workers: 3, blockFrames: 100, segments: 3 }, [0, 100, 199, 200, 299]],
    [{ workers: 2, blockFrames: 100, segments: 1 }, [0, 100, 199, 299]],
  ])("hold what workers and segments begin with: %j", (work, expected) => {
    expect(framesToCheck({ frameCount: 300, ...work })).toEqual(expected);
  });

  it("leave out blocks that are not there", () => {
    expect(framesToCheck({ frameCount: 2, workers: 4, blockFrames: 1, segments: 1 })).toEqual([0, 1]);
  });
});
