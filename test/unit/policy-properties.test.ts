import { describe, expect, it } from "vitest";
import type { CaptureTraits } from "../../src/core/capture.ts";
import type { EncoderTraits } from "../../src/core/encoder.ts";
import { isRenderError, RenderError, renderErrorCodes, type RenderErrorCode } from "../../src/core/errors.ts";
import type { FrameFormat } from "../../src/core/frame.ts";
import { keepsColor } from "../../src/core/job-format.ts";
import { defaultPolicy } from "../../src/core/policy/default-policy.ts";
import type { PageMedia } from "../../src/core/media.ts";
import { injectorFor } from "../../src/core/policy/choose-injectors.ts";
import { injectorCost } from "../../src/core/policy/costs.ts";
import { measuredCosts } from "../../src/core/policy/measured.ts";
import type { Candidate, Plan, PolicyInput, VideoPlan } from "../../src/core/policy/plan.ts";
import { afterFailure, replan } from "../../src/core/policy/replan.ts";
import { audioBitrates, audioCodecs } from "../../src/core/sound.ts";
import { hostOf } from "../support/policy-input.ts";
import { Random } from "../support/random.ts";
import { randomVideo } from "../support/random-policy-media.ts";
import { randomPolicyInput } from "../support/random-policy-input.ts";

/** The seeds of the inputs count up from it; the one that fails stands in the message. */
const FIRST_SEED = 20_261_120;
const INPUTS = 3_000;

const codes: readonly RenderErrorCode[] = renderErrorCodes;

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

function forAllPlans(holds: (plan: Plan, input: PolicyInput, at: number) => void): void {
  let plans = 0;
  forAll((input, at) => {
    const plan: Plan | null = planOrNull(input);
    if (plan === null) return;
    plans++;
    holds(plan, input, at);
  });
  // A generator that makes impossible jobs alone would prove nothing.
  expect(plans).toBeGreaterThan(INPUTS / 3);
}

/** Null where there is none; whatever else is thrown fails the test. */
function planOrNull(input: PolicyInput): Plan | null {
  try {
    return defaultPolicy(input);
  } catch (thrown) {
    if (isRenderError(thrown) && (thrown.code === "plan-impossible" || thrown.code === "media-unreadable")) return null;
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
  if (input.struckOut.some(({ part, code }) => part === name && code !== "injection-failed" && code !== "sound-failed")) return false;
  return support?.ok !== false;
}

function isHeard({ page, job, mixers }: PolicyInput): boolean {
  return page.sound !== "none" && job.sound.enabled && mixers.length > 0;
}

/** Where the page is heard somebody must mix it. */
function canBeHeard(input: PolicyInput): boolean {
  const failed = new Set(input.struckOut.filter(({ code }) => code === "sound-failed").map(({ part }) => part));
  return (
    !isHeard(input) || input.mixers.some(({ name, support }, at) => support?.ok !== false && !failed.has(name) && isFirst(input.mixers, at))
  );
}

function isFirst(candidates: readonly { readonly name: string }[], at: number): boolean {
  return indexOf(candidates, candidates[at]!.name) === at;
}

function canFeed(input: PolicyInput, at: number, { source, facts }: PageMedia): boolean {
  const { name, traits, support } = input.injectors[at]!;
  const { injector } = input.job.media;
  if (!isFirst(input.injectors, at) || (injector !== null && injector !== name) || support[source]?.ok === false) return false;
  if (input.struckOut.some(({ part, code }) => part === name && code === "injection-failed")) return false;
  return (traits.decodesIn === "process" || facts!.video!.decodesInPage) && (!traits.needsSecureContext || input.page.isSecureContext);
}

function isPlayedByBrowser({ source }: Pick<PageMedia, "source">, input: PolicyInput): boolean {
  const { codec, decodesInPage } = shownVideos(input).find((one) => one.source === source)!.facts!.video!;
  return decodesInPage || (!input.page.isSecureContext && /^(avc1|vp09)\./.test(codec));
}

/** Whether each video that plays can be shown by somebody. */
function canBeSeen(input: PolicyInput, mayShareServer: boolean): boolean {
  const { injector } = input.job.media;
  return shownVideos(input)
    .filter(({ isUsed }) => isUsed)
    .every(
      (one) =>
        ((injector === null || injector === "native") && isPlayedByBrowser(one, input)) ||
        input.injectors.some(({ traits }, at) => (mayShareServer || !traits.sharesPageServer) && canFeed(input, at, one)),
    );
}

function shownVideos({ page }: PolicyInput): PageMedia[] {
  return page.media.filter(({ kind, facts }) => kind === "video" && facts?.video);
}

/** Media that the page itself reads from the server that it came from, as the plan has it. */
function readFromPageServer(plan: Pick<Plan, "videos">, { page, injectors }: PolicyInput): PageMedia[] {
  return page.media.filter(({ kind, source }) => {
    if (!source.startsWith(page.url)) return false;
    const feeder = kind === "video" ? plan.videos.find((one) => one.source === source)?.injector : undefined;
    return !injectors.some(({ name, traits }) => name === feeder && traits.decodesIn === "process");
  });
}

function suitsPage({ needsSingleCanvas, sortsDepth, paintsCrossOrigin }: CaptureTraits, { page, job }: PolicyInput): boolean {
  if (needsSingleCanvas && !page.isSingleCanvas) return false;
  if (page.hasDepthScene && !sortsDepth) return false;
  return page.crossOrigin.length === 0 || job.crossOrigin === "paint" || paintsCrossOrigin;
}

function suitsOutput(
  { writes, writesAudio, alphaCodecs, variableTiming, joinable, takes, runsIn }: EncoderTraits,
  input: PolicyInput,
): boolean {
  const { job, page, durationSeconds, frameCount } = input;
  const { container, codec, alpha, timing, segments, streaming } = job;
  if (!(writes[container] ?? []).includes(codec)) return false;
  if (alpha && !alphaCodecs.includes(codec)) return false;
  if (timing === "variable" && !variableTiming) return false;
  const lossy = (audioCodecs[container] ?? []).filter((one) => job.sound.bitrate === null || audioBitrates[one] !== null);
  const sounds = job.sound.codec === null ? lossy : [job.sound.codec];
  if (isHeard(input) && lossy.length > 0 && !sounds.some((one) => writesAudio[container]?.includes(one))) return false;
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

function partsThatFailWith(code: RenderErrorCode, { capture, encoder, videos, sound }: Plan): (string | null)[] {
  if (code === "injection-failed") return videos.map(({ injector }) => injector);
  return code === "sound-failed" ? [sound?.mixer ?? null] : [capture, encoder];
}

describe(`for ${INPUTS} inputs from seed ${FIRST_SEED}, the default policy`, { timeout: 60_000 }, () => {
  it("gives a plan exactly where there is one, and never fails otherwise", () => {
    forAll((input) => {
      const isPlanned: boolean = planOrNull(input) !== null;
      // Whether an injector may share the page's server turns on who feeds the other videos.
      if (isPossible(input) && canBeHeard(input) && canBeSeen(input, false)) expect(isPlanned).toBe(true);
      if (isPlanned) expect([isPossible(input), canBeHeard(input), canBeSeen(input, true)]).toEqual([true, true, true]);
    });
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
    forAllPlans(({ capture, encoder, videos, sound, rejected, reasons }, { captures, encoders, injectors, mixers }) => {
      const named = (role: string, list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => `${role} ${name}`);
      const feeders: ReadonlySet<string> = new Set(videos.flatMap(({ injector }) => injector ?? []));
      const chosen: readonly string[] = [
        ...[`capture ${capture}`, `encoder ${encoder}`, ...[...feeders].map((name) => `injector ${name}`)],
        ...(sound === null ? [] : [`mixer ${sound.mixer}`]),
      ];
      expect([...chosen, ...rejected.map(({ role, part }) => `${role} ${part}`)].toSorted()).toEqual(
        [
          ...named("capture", captures),
          ...named("encoder", encoders),
          ...named("injector", injectors),
          ...named("mixer", mixers),
        ].toSorted(),
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

  it("never has fewer workers for more memory, nor expects less, as long as the same injectors feed the videos", () => {
    forAllPlans((_, input) => {
      let [workers, speed, fed]: [number, number, string] = [0, 0, ""];
      for (const gigabytes of [0.1, 0.5, 1, 2, 4, 8, 64]) {
        const plan: Plan = defaultPolicy({ ...input, host: hostOf(input.host.cores, gigabytes) });
        const feeders: string = plan.videos.map(({ injector }) => injector).join();
        if (feeders === fed) {
          expect(plan.workers).toBeGreaterThanOrEqual(workers);
          expect(plan.estimate.framesPerSecond ?? 0).toBeGreaterThanOrEqual(speed);
        }
        [workers, speed, fed] = [plan.workers, plan.estimate.framesPerSecond ?? 0, feeders];
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

  it("has each video once, fed by one that can feed it, or by a browser that plays it where it is used", () => {
    forAllPlans(({ videos }, input) => {
      const shown: readonly PageMedia[] = shownVideos(input);
      expect(videos.map(({ source }) => source)).toEqual([...new Set(shown.map(({ source }) => source))]);
      for (const { source, injector, reason } of videos) {
        const one: PageMedia = shown.find((other) => other.source === source)!;
        const isUsed: boolean = shown.some((other) => other.source === source && other.isUsed);
        expect(reason).not.toBe("");
        if (injector !== null) expect(canFeed(input, indexOf(input.injectors, injector), one)).toBe(true);
        else if (isUsed) expect(isPlayedByBrowser(one, input)).toBe(true);
      }
    });
  });

  it("never takes pictures from the page's server while the page reads media there", () => {
    let shared = 0;
    forAllPlans((plan, input) => {
      const sharing = input.injectors.filter(
        ({ name, traits }, at) =>
          traits.sharesPageServer && isFirst(input.injectors, at) && plan.videos.some((one) => one.injector === name),
      );
      if (sharing.length === 0) return;
      shared++;
      expect(readFromPageServer(plan, input)).toEqual([]);
    });
    expect(shared).toBeGreaterThan(20);
  });

  it("never lets a video that comes later read from the server that pictures come from", () => {
    let refused = 0;
    forAllPlans((plan, input, at) => {
      for (const { source, injector } of plan.videos) {
        const facts = input.page.media.find((one) => one.source === source && one.facts)!.facts!;
        expect(injectorFor(input, facts).injector).toBe(injector);
      }
      const late = randomVideo(new Random(at), 99);
      let fed: VideoPlan;
      try {
        fed = injectorFor(input, late);
      } catch (thrown) {
        expect(isRenderError(thrown) && thrown.code).toMatch(/^(injection-failed|media-unreadable|plan-impossible)$/);
        if (isRenderError(thrown) && thrown.code === "injection-failed") refused++;
        return;
      }
      const page = {
        ...input.page,
        media: [...input.page.media, { kind: "video", source: late.source, facts: late, fault: null, isUsed: true } as const],
      };
      const all = { videos: [...plan.videos, fed] };
      const shares = input.injectors.some(
        ({ name, traits }, i) => traits.sharesPageServer && isFirst(input.injectors, i) && all.videos.some((one) => one.injector === name),
      );
      if (shares) expect(readFromPageServer(all, { ...input, page })).toEqual([]);
    });
    expect(refused).toBeGreaterThan(0);
  });

  it("pushes pictures into pages of small hosts only where the cache holds what they need ahead, or there is no other way", () => {
    let pushed = 0;
    forAllPlans(({ videos, cacheBytes }, input) => {
      if (input.host.memoryBytes >= 4 * 1024 ** 3 || input.job.media.injector !== null) return;
      const rows = input.costs.injectors ?? measuredCosts.injectors!;
      const played = [
        ...new Map(shownVideos(input).flatMap((one) => (one.isUsed ? [[one.source, one.facts!.video!] as const] : []))).values(),
      ];
      for (const { source, injector } of videos) {
        const traits = input.injectors.find(({ name }) => name === injector)?.traits;
        if (traits?.pictures !== "pushed" || !isPlayedByBrowser({ source }, input)) continue;
        pushed++;
        const needed = played.map(
          ({ size, codec }) => (size.width * size.height * (injectorCost(rows, injector!, codec)?.memoryBytes ?? 0)) / (1920 * 1080),
        );
        expect(needed.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(cacheBytes + 1e-3);
      }
    });
    expect(pushed).toBeGreaterThan(20);
  });

  it("keeps pictures within the job's bytes, or an eighth of the memory", () => {
    forAllPlans(({ cacheBytes }, { job, host, injectors }) => {
      if (injectors.length === 0 || job.media.injector === "native") expect(cacheBytes).toBe(0);
      else if (job.media.cacheBytes !== null) expect(cacheBytes).toBe(job.media.cacheBytes);
      else {
        expect(cacheBytes).toBeGreaterThanOrEqual(64 * 1024 ** 2);
        expect(cacheBytes).toBeLessThanOrEqual(Math.max(64 * 1024 ** 2, Math.min(1024 ** 3, host.memoryBytes / 8)));
      }
    });
  });

  it("has sound exactly where the page is heard, in a codec that job, container and encoder agree on", () => {
    forAllPlans(({ sound, encoder }, input) => {
      const { job, encoders } = input;
      expect(sound !== null).toBe(isHeard(input));
      if (sound === null) return;
      const held = audioCodecs[job.container];
      expect(sound.audio === null).toBe(held === undefined);
      if (sound.audio === null) return;
      const { codec, bitrate } = sound.audio;
      expect(encoders[indexOf(encoders, encoder)]!.traits.writesAudio[job.container]).toContain(codec);
      expect([held!.includes(codec), job.sound.codec ?? codec]).toEqual([true, codec]);
      expect(bitrate).toBe(audioBitrates[codec] === null ? null : (job.sound.bitrate ?? audioBitrates[codec]));
    });
  });

  it("plans again after any failure without the part that failed, and comes to an end", () => {
    let replans = 0;
    forAll((first, at) => {
      let input: PolicyInput = first;
      for (let step = 0; ; step++) {
        const plan: Plan | null = planOrNull(input);
        if (plan === null) return;
        expect(step).toBeLessThanOrEqual(first.captures.length + first.encoders.length + first.injectors.length + first.mixers.length + 1);
        const injector = plan.videos.find((one) => one.injector !== null)?.injector;
        const failure = new RenderError(codes[(at + step) % codes.length]!, "It failed for the test", { injector });
        const next: PolicyInput | null = afterFailure(input, plan, failure);
        expect(replan(input, plan, failure)).toEqual(next && planOrNull(next));
        if (next === null) return;
        if (failure.code === "sound-unplanned") {
          // The page is to blame, and no part: it is heard through, once.
          expect([input.page.sound === "played", next]).toEqual([false, { ...input, page: { ...input.page, sound: "played" } }]);
          input = next;
          continue;
        }
        const { part, code } = next.struckOut.at(-1)!;
        expect(partsThatFailWith(code, plan)).toContain(part);
        const again: Plan | null = planOrNull(next);
        if (again) expect(partsThatFailWith(code, again)).not.toContain(part);
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
