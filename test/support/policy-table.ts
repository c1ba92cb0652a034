import type { PageFacts } from "../../src/core/capture.ts";
import { formats, type Container } from "../../src/core/formats.ts";
import { frameCountOf } from "../../src/core/frame-rate.ts";
import { defaultPolicy } from "../../src/core/policy/default-policy.ts";
import type { Candidate, PlanFailure, PolicyInput } from "../../src/core/policy/plan.ts";
import { builtIn, hostOf, ownCapture, ownEncoder, plainPage, policyInput } from "./policy-input.ts";

/** One case of a golden table: what there is, and what the policy shall make of it. */
export interface GoldenCase {
  readonly asked: string;
  readonly page: string;
  readonly host: string;
  readonly here: string;
  readonly expected: string;
}

/** Reads a table of lines: asked | page | host | here | everything that is expected. Lines without bars are headings. */
export function goldenCases(table: string): GoldenCase[] {
  return table
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length > 4)
    .map(([asked, page, host, here, ...expected]) => {
      return { asked: asked!, page: page!, host: host!, here: here!, expected: expected.join(" | ") };
    });
}

/** What the policy makes of a case, as the table writes it: capture, encoder, frames, workers (× segments), streaming rule. */
export function outcomeOf(golden: GoldenCase): string {
  try {
    const { capture, encoder, frameFormat, workers, segments, streaming } = defaultPolicy(inputOf(golden));
    const work: string = segments > 1 ? `${workers} in ${segments}` : `${workers}`;
    return [capture, encoder, frameFormat, work, streaming.rule].join(" | ");
  } catch (thrown) {
    const { code, details } = thrown as { readonly code?: string; readonly details?: { readonly lacking: string } };
    if (code !== "plan-impossible") throw thrown;
    return `no ${details!.lacking}`;
  }
}

export function inputOf({ asked, page, host, here }: GoldenCase): PolicyInput {
  const [cores, gigabytes] = host.split("×").map(Number);
  const { seconds, ...ofPage } = pageOf(page);
  const frameCount: number = frameCountOf(seconds, { numerator: 30, denominator: 1 });
  const change: Partial<PolicyInput> = { ...ofPage, frameCount, durationSeconds: seconds, host: hostOf(cores!, gigabytes!) };
  const input: PolicyInput = policyInput(change, jobOf(asked));
  return here === "-" ? input : here.split(", ").reduce((known, words) => happenings[words]!(known), input);
}

/** "webm vp9 alpha workers=2": the container first, then a codec, alpha, and options of a job. */
function jobOf(asked: string): object {
  const [container, ...words] = asked.split(" ");
  const { kind, extension } = formats[container as Container];
  const output: string = kind === "sequence" ? `frames/%05d${extension}` : `video${extension}`;
  return Object.assign({ output }, ...words.map(optionOf)) as object;
}

function optionOf(word: string): object {
  const [name, value] = word.split("=");
  if (name === "alpha") return { alpha: true };
  if (name === "opaque") return { alpha: false };
  if (name === "streaming") return { streaming: { enabled: value === "on" } };
  if (name === "limit") return { streaming: { maxDurationSeconds: Number(value) } };
  if (name === "pixels") return { quality: { pixelFormat: value } };
  if (value === undefined) return { codec: name };
  return { [name!]: Number.isNaN(Number(value)) ? value : Number(value) };
}

/** "webgl 60s 3840x2160": what the page is, its length, and its size; any of them in any order. */
function pageOf(words: string): { readonly page: PageFacts; readonly size: PolicyInput["size"]; readonly seconds: number } {
  const all: readonly string[] = words.split(" ");
  const [width, height] = (all.find((word) => /^\d+x\d+$/.test(word)) ?? "1920x1080").split("x").map(Number);
  const seconds: number = Number.parseFloat(all.find((word) => /^[\d.]+s$/.test(word)) ?? "10s");
  const facts: readonly Partial<PageFacts>[] = all.filter((word) => word in pages).map((word) => pages[word]!);
  return { page: Object.assign({}, plainPage, ...facts) as PageFacts, size: { width: width!, height: height! }, seconds };
}

const pages: Readonly<Record<string, Partial<PageFacts>>> = {
  motion: {},
  canvas: { isSingleCanvas: true },
  webgl: { isSingleCanvas: true, drawsWebGl: true },
  "some-webgl": { drawsWebGl: true },
  depth: { hasDepthScene: true },
  foreign: { crossOrigin: ["https://elsewhere/a.png"] },
  stateful: { access: "sequential" },
  insecure: { isSecureContext: false },
};

/** What was found or happened before the policy is asked. */
const happenings: Readonly<Record<string, (input: PolicyInput) => PolicyInput>> = {
  "no ffmpeg": (input) => lacking(lacking(input, "ffmpeg-pipe"), "ffmpeg-disk"),
  "no painting": (input) => lacking(input, "html-in-canvas"),
  "no shell": (input) => lacking(input, "begin-frame"),
  "no screenshot": (input) => lacking(input, "screenshot"),
  "no webcodecs": (input) => lacking(input, "webcodecs"),
  "begin-frame untried": (input) => withSupport(input, "begin-frame", null),
  "pipe failed": (input) => struck(input, "ffmpeg-pipe", "encoder-not-started"),
  "disk failed": (input) => struck(input, "ffmpeg-disk", "encoder-not-started"),
  "painted wrongly": (input) => struck(input, "html-in-canvas", "capture-distrusted"),
  "begin-frame crashed": (input) => struck(input, "begin-frame", "browser-closed"),
  unmeasured: (input) => ({ ...input, costs: { ...input.costs, captures: [], encoders: [] } }),
  "own capture first": (input) => ({ ...input, captures: [ownCapture("own", { gives: ["RGBA"] }), ...input.captures] }),
  "own capture last": (input) => ({ ...input, captures: [...input.captures, ownCapture("own", { gives: ["RGBA"] })] }),
  "own measured": (input) => ({
    ...input,
    costs: {
      ...input.costs,
      captures: [
        ...input.costs.captures,
        { capture: "own", frameFormat: "RGBA", content: "motion", msPerMegapixel: 2, cpuMsPerMegapixel: 3, memoryBytes: 450e6 },
      ],
    },
  }),
  "own encoder first": (input) => ({ ...input, encoders: [ownEncoder("own"), ...input.encoders] }),
  "own encoder last": (input) => ({ ...input, encoders: [...input.encoders, ownEncoder("own")] }),
  "own files first": (input) => ({ ...input, encoders: [ownEncoder("own", { takes: "files", joinable: [] }), ...input.encoders] }),
  "only screenshots": (input) => ({ ...input, captures: builtIn.captures.filter(({ name }) => name === "screenshot") }),
};

function lacking(input: PolicyInput, name: string): PolicyInput {
  return withSupport(input, name, { ok: false, reasons: ["it is not installed"] });
}

function withSupport(input: PolicyInput, name: string, support: Candidate<unknown>["support"]): PolicyInput {
  const changed = <Traits>(one: Candidate<Traits>): Candidate<Traits> => (one.name === name ? { ...one, support } : one);
  return { ...input, captures: input.captures.map(changed), encoders: input.encoders.map(changed) };
}

function struck(input: PolicyInput, part: string, code: PlanFailure["code"]): PolicyInput {
  return { ...input, struckOut: [...input.struckOut, { part, code, reason: "it failed" }] };
}
