import type { CaptureTraits, PageFacts } from "../../src/core/capture.ts";
import type { EncoderTraits } from "../../src/core/encoder.ts";
import type { HostFacts } from "../../src/core/host.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import type { CaptureCost, EncoderCost, InjectorCost, MeasuredCosts } from "../../src/core/policy/costs.ts";
import type { Candidate, PolicyInput } from "../../src/core/policy/plan.ts";
import { builtInParts } from "../../src/node/render.ts";

/** A page that moves, of its author's own origin, that every capture takes. */
export const plainPage: PageFacts = {
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
  drawsWebGl: false,
  media: [],
  sound: "none",
  warnings: [],
};

export function hostOf(cores: number, gigabytes: number): HostFacts {
  return { cores, memoryBytes: gigabytes * 1e9, freeDiskBytes: 1e11, runtime: "node 20.0.0", platform: "linux x64" };
}

/** The traits of the real parts, in their real order; all of them work here. */
export const builtIn: Pick<PolicyInput, "captures" | "encoders"> = {
  captures: builtInParts().captures.map(({ name, traits }) => ({ name, traits, support: { ok: true } })),
  encoders: builtInParts().encoders.map(({ name, traits }) => ({ name, traits, support: { ok: true } })),
};

/** Figures of the kind that benches find; those of the tests stay what they are when the product's are measured anew. */
export const testCosts: MeasuredCosts = {
  version: 1,
  basis: "measured on a reference machine",
  machine: "a machine of the tests",
  cores: 2,
  usage: "measured",
  captures: [
    captured("canvas", "I420", "canvas", 5.5, 8),
    captured("canvas", "I420", "webgl", 13.5, 24),
    captured("html-in-canvas", "I420", "motion", 10.7, 19),
    captured("html-in-canvas", "I420", "canvas", 7.7, 12),
    captured("html-in-canvas", "I420", "webgl", 28.5, 50),
    captured("html-in-canvas", "page", "motion", 10.2, 18),
    captured("begin-frame", "PNG", "motion", 57, 85),
    captured("begin-frame", "PNG", "canvas", 32, 50),
    captured("begin-frame", "PNG", "webgl", 46, 70),
    captured("screenshot", "PNG", "motion", 56, 90),
    captured("screenshot", "PNG", "canvas", 37, 60),
    captured("screenshot", "PNG", "webgl", 33, 55),
  ],
  encoders: [
    encoded("ffmpeg-pipe", "h264", "draft", "I420", 3),
    encoded("ffmpeg-pipe", "h264", "standard", "I420", 14),
    encoded("ffmpeg-pipe", "h264", "standard", "PNG", 22),
    encoded("ffmpeg-disk", "h264", "standard", "I420", 15),
    encoded("ffmpeg-pipe", "vp9", "standard", "I420", 60),
    encoded("webcodecs", "h264", "standard", "page", 12),
  ],
  injectors: [
    fed("webcodecs", "avc1", { msPerMegapixel: 4.6, cpuMsPerMegapixel: 8, memoryBytes: 10e6, decoderBytes: 36e6 }),
    fed("webcodecs", "any", { msPerMegapixel: 9, cpuMsPerMegapixel: 16, memoryBytes: 12e6, decoderBytes: 70e6 }),
    fed("base64", "any", { msPerMegapixel: 12.4, cpuMsPerMegapixel: 20, memoryBytes: 36e6, decoderBytes: 5e6 }),
    fed("url", "any", { msPerMegapixel: 12.5, cpuMsPerMegapixel: 21, memoryBytes: 36e6, decoderBytes: 5e6 }),
  ],
};

function captured(
  capture: string,
  frameFormat: CaptureCost["frameFormat"],
  content: CaptureCost["content"],
  msPerMegapixel: number,
  cpuMsPerMegapixel: number,
): CaptureCost {
  return { capture, frameFormat, content, msPerMegapixel, cpuMsPerMegapixel, memoryBytes: 450e6 };
}

function encoded(
  encoder: string,
  codec: EncoderCost["codec"],
  level: EncoderCost["level"],
  frameFormat: EncoderCost["frameFormat"],
  cpuMsPerMegapixel: number,
): EncoderCost {
  return { encoder, codec, level, frameFormat, cpuMsPerMegapixel };
}

function fed(injector: string, codec: string, cost: Omit<InjectorCost, "injector" | "codec" | "pageBytes">): InjectorCost {
  return { injector, codec, ...cost, pageBytes: 400e6 };
}

/** Ten seconds of 1080p to an MP4 on two cores, unless said. */
export function policyInput(change: Partial<PolicyInput> = {}, job: object = {}): PolicyInput {
  return {
    job: parseJob({ page: "p.html", output: "o.mp4", ...job }),
    page: plainPage,
    size: { width: 1920, height: 1080 },
    frameCount: 300,
    durationSeconds: 10,
    host: hostOf(2, 8),
    costs: testCosts,
    ...builtIn,
    injectors: [],
    mixers: [],
    struckOut: [],
    ...change,
  };
}

/** A capture of an author's own: whatever traits it does not say are harmless. */
export function ownCapture(
  name: string,
  change: Partial<CaptureTraits> = {},
  support: Candidate<CaptureTraits>["support"] = { ok: true },
): Candidate<CaptureTraits> {
  const traits: CaptureTraits = {
    gives: ["PNG"],
    browserFlags: [],
    browser: "shared",
    needsSingleCanvas: false,
    sortsDepth: true,
    paintsCrossOrigin: true,
    needsCheck: false,
  };
  return { name, traits: { ...traits, ...change }, support };
}

/** An encoder of an author's own, which streams MP4 from a process. */
export function ownEncoder(name: string, change: Partial<EncoderTraits> = {}): Candidate<EncoderTraits> {
  const traits: EncoderTraits = {
    accepts: ["I420", "RGBA", "PNG"],
    writes: { mp4: ["h264"] },
    alphaCodecs: [],
    writesAudio: {},
    runsIn: "process",
    takes: "stream",
    variableTiming: false,
    joinable: ["mp4"],
  };
  return { name, traits: { ...traits, ...change }, support: { ok: true } };
}
