import { describe, expect, it } from "vitest";
import type { CaptureTraits } from "../../src/core/capture.ts";
import type { EncoderTraits } from "../../src/core/encoder.ts";
import { isRenderError, RenderError, type RenderErrorCode } from "../../src/core/errors.ts";
import type { FrameFormat } from "../../src/core/frame.ts";
import { keepsColor } from "../../src/core/job-format.ts";
import { defaultPolicy } from "../../src/core/policy/default-policy.ts";
import type { Candidate, Plan, PolicyInput } from "../../src/core/policy/plan.ts";
import { afterFailure, replan } from "../../src/core/policy/replan.ts";
import { hostOf } from "../support/policy-input.ts";
import { randomPolicyInput } from "../support/random-policy-input.ts";

/** The seeds of the inputs count up from it; the one that fails stands in the message. */
const FIRST_SEED = 20_261_120;
const INPUTS = 3_000;

const codes = Object.keys({
  aborted: 0,
  "browser-closed": 0,
  "browser-launch-failed": 0,
  "browser-missing": 0,
  "capture-distrusted": 0,
  "capture-failed": 0,
  "capture-stalled": 0,
  "disk-full": 0,
  "duration-invalid": 0,
  "duration-missing": 0,
  "encoder-failed": 0,
  "encoder-not-started": 0,
  "encoder-stalled": 0,
  "ffmpeg-missing": 0,
  "frame-rate-invalid": 0,
  "frames-missing": 0,
  "job-invalid": 0,
  "output-busy": 0,
  "output-invalid": 0,
  "output-not-writable": 0,
  "page-failed": 0,
  "page-navigated": 0,
  "page-not-found": 0,
  "page-not-ready": 0,
  "page-unreachable": 0,
  "plan-impossible": 0,
  "seek-failed": 0,
  "size-invalid": 0,
  "warning-raised": 0,
} satisfies Record<RenderErrorCode, 0>) as RenderErrorCode[];

/** Each is frozen to the ground: a policy that changes what it is asked with fails. */
const inputs: readonly PolicyInput[] = Array.from({ length: INPUTS }, (_, at) => deeplyFrozen(randomPolicyInput(FIRST_SEED + at)));

/** Holds for every input, or names the seed of the one for which it does not. */
function forAll(holds: (input: PolicyInput, at: number) => void): void {
  for (const [at, input] of inputs.entries()) {
    try {
      holds(input, at);
    } catch (thrown) {
      throw new Error(`With the input of seed ${FIRST_SEED + at}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
        cause: thrown,
      });
    }
  }
}

function forAllPlans(holds: (plan: Plan, input: PolicyInput) => void): void {
  let plans = 0;
  forAll((input) => {
    const plan: Plan | null = planOrNull(input);
    if (plan === null) return;
    plans++;
    holds(plan, input);
  });
  // A generator that makes impossible jobs alone would prove nothing.
  expect(plans).toBeGreaterThan(INPUTS / 3);
}

/** Null where there is none; whatever else is thrown fails the test. */
function planOrNull(input: PolicyInput): Plan | null {
  try {
    return defaultPolicy(input);
  } catch (thrown) {
    if (isRenderError(thrown) && thrown.code === "plan-impossible") return null;
    throw thrown;
  }
}

function deeplyFrozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deeplyFrozen(inner);
  return Object.freeze(value);
}

function copied<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

/** What may be chosen at all, said once more and otherwise than the policy does. */
function mayBeChosen<Traits>(
  input: PolicyInput,
  kind: "capture" | "encoder",
  candidates: readonly Candidate<Traits>[],
  at: number,
): boolean {
  const { name, support } = candidates[at]!;
  if (candidates.slice(0, at).some((before) => before.name === name)) return false;
  if (input.job[kind] !== null && input.job[kind] !== name) return false;
  if (input.struckOut.some(({ part }) => part === name)) return false;
  return support?.ok !== false;
}

function suitsPage({ needsSingleCanvas, sortsDepth, paintsCrossOrigin }: CaptureTraits, { page, job }: PolicyInput): boolean {
  if (needsSingleCanvas && !page.isSingleCanvas) return false;
  if (page.hasDepthScene && !sortsDepth) return false;
  return page.crossOrigin.length === 0 || job.crossOrigin === "paint" || paintsCrossOrigin;
}

function suitsOutput(
  { writes, alphaCodecs, variableTiming, joinable, takes, runsIn }: EncoderTraits,
  { job, page, durationSeconds, frameCount }: PolicyInput,
): boolean {
  const { container, codec, alpha, timing, segments, streaming } = job;
  if (!(writes[container] ?? []).includes(codec)) return false;
  if (alpha && !alphaCodecs.includes(codec)) return false;
  if (timing === "variable" && !variableTiming) return false;
  const joins: boolean = page.access === "random" && Math.min(segments, frameCount) > 1;
  if (joins && !joinable.includes(container)) return false;
  if (takes !== "stream" || runsIn !== "process") return true;
  const isRefused: boolean = container === "gif" || container.endsWith("-sequence");
  const isLong: boolean = streaming.maxDurationSeconds !== null && durationSeconds > streaming.maxDurationSeconds;
  return streaming.enabled && !isRefused && !isLong && durationSeconds > 0 && durationSeconds < Infinity;
}

function passes(format: FrameFormat, { job, page, size }: PolicyInput): boolean {
  if (format === "RGBA" || format === "PNG") return true;
  if (job.alpha || keepsColor(job)) return false;
  if (format === "page") return page.isSecureContext;
  return format === "JPEG" || (size.width % 2 === 0 && size.height % 2 === 0);
}

function formatsBetween(capture: CaptureTraits, encoder: EncoderTraits, input: PolicyInput): FrameFormat[] {
  return capture.gives.filter((format) => encoder.accepts.includes(format) && passes(format, input));
}

function isPossible(input: PolicyInput): boolean {
  return input.captures.some(
    (capture, c) =>
      mayBeChosen(input, "capture", input.captures, c) &&
      suitsPage(capture.traits, input) &&
      input.encoders.some(
        (encoder, e) =>
          mayBeChosen(input, "encoder", input.encoders, e) &&
          suitsOutput(encoder.traits, input) &&
          formatsBetween(capture.traits, encoder.traits, input).length > 0,
      ),
  );
}

function indexOf(candidates: readonly { readonly name: string }[], name: string): number {
  return candidates.findIndex((one) => one.name === name);
}

describe(`for ${INPUTS} inputs from seed ${FIRST_SEED}, the default policy`, { timeout: 60_000 }, () => {
  it("gives a plan exactly where there is one, and never fails otherwise", () => {
    forAll((input) => expect(planOrNull(input) !== null).toBe(isPossible(input)));
  });

  it("chooses nothing that does not work, was struck out, was not asked for, or does not suit", () => {
    forAllPlans((plan, input) => {
      const [c, e] = [indexOf(input.captures, plan.capture), indexOf(input.encoders, plan.encoder)];
      const [capture, encoder] = [input.captures[c]!.traits, input.encoders[e]!.traits];
      expect([mayBeChosen(input, "capture", input.captures, c), mayBeChosen(input, "encoder", input.encoders, e)]).toEqual([true, true]);
      expect([suitsPage(capture, input), suitsOutput(encoder, input)]).toEqual([true, true]);
      expect(formatsBetween(capture, encoder, input)).toContain(plan.frameFormat);
    });
  });

  it("is deterministic, changes nothing, and takes and gives JSON", () => {
    forAllPlans((plan, input) => {
      expect(defaultPolicy(input)).toEqual(plan);
      expect(defaultPolicy(copied(input))).toEqual(plan);
      expect(copied(plan)).toEqual(plan);
    });
  });

  it("has each candidate once, chosen or rejected with a reason", () => {
    forAllPlans(({ capture, encoder, rejected, reasons }, { captures, encoders }) => {
      const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name).toSorted();
      expect([capture, encoder, ...rejected.map(({ part }) => part)].toSorted()).toEqual(
        [...names(captures), ...names(encoders)].toSorted(),
      );
      for (const rejection of rejected) expect(rejection.reasons.filter((reason) => reason !== "").length).toBeGreaterThan(0);
      for (const part of [capture, encoder]) expect(reasons.filter((reason) => reason.startsWith(`${part}: `))).toHaveLength(1);
    });
  });

  it("never expects less of more cores", () => {
    forAllPlans((plan, input) => {
      let least: number = 0;
      for (const cores of [1, 2, 3, 4, 8, 16, 64]) {
        const { estimate } = defaultPolicy({ ...input, host: { ...input.host, cores } });
        expect(estimate.framesPerSecond === null).toBe(plan.estimate.framesPerSecond === null);
        expect(estimate.framesPerSecond ?? 0).toBeGreaterThanOrEqual(least);
        least = estimate.framesPerSecond ?? 0;
      }
    });
  });

  it("never has fewer workers for more memory, nor expects less", () => {
    forAllPlans((_, input) => {
      let [workers, speed]: [number, number] = [0, 0];
      for (const gigabytes of [0.1, 0.5, 1, 2, 4, 8, 64]) {
        const plan: Plan = defaultPolicy({ ...input, host: hostOf(input.host.cores, gigabytes) });
        expect(plan.workers).toBeGreaterThanOrEqual(workers);
        expect(plan.estimate.framesPerSecond ?? 0).toBeGreaterThanOrEqual(speed);
        [workers, speed] = [plan.workers, plan.estimate.framesPerSecond ?? 0];
      }
    });
  });

  it("never expects less of several workers of its own choice than of one", () => {
    forAllPlans((plan, input) => {
      if (plan.workers === 1 || input.job.workers !== null || plan.segments > 1) return;
      const alone: Plan = defaultPolicy({ ...input, job: { ...input.job, workers: 1 } });
      expect(plan.estimate.framesPerSecond!).toBeGreaterThan(alone.estimate.framesPerSecond!);
    });
  });

  it("shares the frames out so that every worker has some, and no more waits than may", () => {
    forAllPlans(({ workers, segments, blockFrames, windowBytes, frameFormat, access }, { frameCount, size, host, page, job }) => {
      expect([workers >= 1, segments >= 1, blockFrames >= 1, blockFrames <= frameCount]).toEqual([true, true, true, true]);
      expect(workers).toBeLessThanOrEqual(Math.max(frameCount, 1));
      expect(segments === 1 || segments === workers).toBe(true);
      expect((workers - 1) * blockFrames).toBeLessThan(frameCount + workers);
      const frameBytes: number = size.width * size.height * (frameFormat === "I420" ? 1.5 : 4);
      expect(windowBytes).toBeGreaterThanOrEqual(frameBytes);
      expect(windowBytes).toBeLessThanOrEqual(Math.max(frameBytes, host.memoryBytes / 8));
      if (page.access === "sequential") expect([access, workers, segments]).toEqual(["sequential", 1, 1]);
      else if (job.segments > 1) expect(segments).toBe(Math.min(job.segments, frameCount));
    });
  });

  it("says how many workers, and segments where they were asked for", () => {
    forAllPlans(({ workers, segments, reasons }, { job }) => {
      expect(reasons.filter((reason) => reason.startsWith(workers === 1 ? "1 worker: " : `${workers} workers: `))).toHaveLength(1);
      const ofSegments = reasons.filter((reason) => /^\d+ segments?: /.test(reason));
      expect(ofSegments.map((reason) => Number.parseInt(reason, 10))).toEqual(job.segments > 1 ? [segments] : []);
    });
  });

  it("checks the first frame and the last, in rising order, of a capture that needs it, and of no other", () => {
    forAllPlans(({ capture, checkAt }, { captures, frameCount }) => {
      const { needsCheck } = captures[indexOf(captures, capture)]!.traits;
      expect([checkAt[0], checkAt.at(-1)]).toEqual(needsCheck ? [0, frameCount - 1] : [undefined, undefined]);
      expect(checkAt.every((frame, at) => Number.isInteger(frame) && (at === 0 || frame > checkAt[at - 1]!))).toBe(true);
    });
  });

  it("says that it streams exactly where frames stream into a process", () => {
    forAllPlans(({ encoder, streaming }, { encoders }) => {
      const { takes, runsIn } = encoders[indexOf(encoders, encoder)]!.traits;
      expect(streaming.streams).toBe(takes === "stream" && runsIn === "process");
      expect(streaming.rule === "default").toBe(streaming.streams);
      expect(streaming.inputs.encoder).toBe(encoder);
      expect(streaming.reason).not.toBe("");
    });
  });

  it("plans again after any failure without the part that failed, and comes to an end", () => {
    let replans = 0;
    forAll((first, at) => {
      let input: PolicyInput = first;
      for (let step = 0; ; step++) {
        const plan: Plan | null = planOrNull(input);
        if (plan === null) return;
        expect(step).toBeLessThanOrEqual(first.captures.length + first.encoders.length);
        const failure = new RenderError(codes[(at + step) % codes.length]!, "It failed for the test");
        const next: PolicyInput | null = afterFailure(input, plan, failure);
        expect(replan(input, plan, failure)).toEqual(next && planOrNull(next));
        if (next === null) return;
        const { part } = next.struckOut.at(-1)!;
        expect([plan.capture, plan.encoder]).toContain(part);
        const again: Plan | null = planOrNull(next);
        expect([again?.capture, again?.encoder]).not.toContain(part);
        if (again) replans++;
        input = next;
      }
    });
    expect(replans).toBeGreaterThan(0);
  });

  it("comes to an end also where a capture and an encoder fail by turns", () => {
    const kinds: readonly RenderErrorCode[] = ["capture-failed", "encoder-not-started", "capture-distrusted"];
    forAll((first) => {
      let input: PolicyInput | null = first;
      const seen = new Set<string>();
      for (let step = 0; input !== null; step++) {
        const plan: Plan | null = planOrNull(input);
        if (plan === null) return;
        expect(seen.has(`${plan.capture} ${plan.encoder}`)).toBe(false);
        seen.add(`${plan.capture} ${plan.encoder}`);
        input = afterFailure(input, plan, new RenderError(kinds[step % kinds.length]!, "It failed for the test"));
      }
    });
  });
});
