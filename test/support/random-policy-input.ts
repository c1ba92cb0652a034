import type { CaptureTraits, PageFacts } from "../../src/core/capture.ts";
import type { EncoderTraits, QualityLevel } from "../../src/core/encoder.ts";
import { codecs, formats, type Container, type VideoCodec } from "../../src/core/formats.ts";
import type { FrameFormat } from "../../src/core/frame.ts";
import type { ParsedJob } from "../../src/core/job.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import type { ContentClass, MeasuredCosts } from "../../src/core/policy/costs.ts";
import type { Candidate, PlanFailure, PolicyInput } from "../../src/core/policy/plan.ts";
import { audioCodecs } from "../../src/core/sound.ts";
import { hostOf, plainPage } from "./policy-input.ts";
import {
  injectorNames,
  mixerNames,
  randomInjectorCosts,
  randomMediaJob,
  randomMediaParts,
  randomPageMedia,
} from "./random-policy-media.ts";
import { Random } from "./random.ts";

const containers = Object.keys(formats) as Container[];
const frameFormats: readonly FrameFormat[] = ["RGBA", "I420", "PNG", "JPEG", "page"];
const contents: readonly ContentClass[] = ["motion", "canvas", "webgl", "text", "static"];
const levels: readonly QualityLevel[] = ["draft", "standard", "high", "lossless"];
/** Few names, so that some come twice. */
const captureNames = ["ca", "cb", "cc", "cd", "ce"] as const;
const encoderNames = ["ea", "eb", "ec", "ed"] as const;

/** Anything that the policy may be asked, also what no built-in part and no sensible host would bring. */
export function randomPolicyInput(seed: number): PolicyInput {
  const random = new Random(seed);
  const job: ParsedJob = randomJob(random);
  const frameCount: number = random.pick([1, 2, random.whole(3, 300), random.whole(300, 200_000)]);
  const captures = Array.from({ length: random.whole(random.chance(5) ? 0 : 2, 5) }, () => randomCapture(random));
  const encoders = Array.from({ length: random.whole(random.chance(5) ? 0 : 2, 5) }, () => randomEncoder(random, job));
  return {
    job,
    page: randomPage(random),
    size: { width: random.pick([1920, 1921, 320, 16384]), height: random.pick([1080, 1081, 240]) },
    frameCount,
    durationSeconds: random.chance(5) ? random.pick([Number.NaN, Number.POSITIVE_INFINITY, 0, -1]) : frameCount / 30,
    host: hostOf(random.pick([1, 2, 4, 16, 64]), random.pick([0.1, 0.5, 2, 8, 64])),
    costs: randomCosts(random, job.codec),
    captures,
    encoders,
    ...randomMediaParts(random),
    struckOut: random.chance(30) ? [randomFailure(random)] : [],
  };
}

function randomJob(random: Random): ParsedJob {
  const container: Container = random.pick(containers);
  const codec: VideoCodec = random.pick(formats[container].codecs);
  return {
    ...parseJob({ page: "p.html", output: "output", format: "mp4" }),
    container,
    codec,
    alpha: codecs[codec].hasAlpha && random.chance(50),
    quality: { level: random.pick(levels), ...(random.chance(20) ? { pixelFormat: random.pick(codecs[codec].pixelFormats) } : {}) },
    timing: random.chance(15) ? "variable" : "constant",
    hardware: random.chance(5) ? "nvenc" : null,
    workers: random.chance(25) ? random.whole(1, 64) : null,
    segments: random.chance(25) ? random.whole(2, 64) : 1,
    streaming: {
      enabled: random.chance(85),
      maxDurationSeconds: random.chance(15) ? random.pick([0.01, 1, 10, 1000]) : null,
    },
    capture: random.chance(10) ? random.pick([...captureNames, "nobody"]) : null,
    encoder: random.chance(10) ? random.pick([...encoderNames, "nobody"]) : null,
    crossOrigin: random.pick(["paint", "omit"]),
    ...randomMediaJob(random, container),
  };
}

function randomPage(random: Random): PageFacts {
  return {
    ...plainPage,
    access: random.chance(20) ? "sequential" : "random",
    isSingleCanvas: random.chance(25),
    drawsWebGl: random.chance(20),
    hasDepthScene: random.chance(20),
    isSecureContext: random.chance(80),
    ...randomPageMedia(random),
    crossOrigin: random.chance(20) ? Array.from({ length: random.whole(1, 5) }, (_, at) => `https://elsewhere/${at}`) : [],
  };
}

function randomCapture(random: Random): Candidate<CaptureTraits> {
  return {
    name: random.pick(captureNames),
    traits: {
      gives: random.some(frameFormats, 60),
      browserFlags: [],
      browser: random.pick(["own", "shared"]),
      needsSingleCanvas: random.chance(15),
      sortsDepth: random.chance(70),
      paintsCrossOrigin: random.chance(70),
      needsCheck: random.chance(50),
    },
    support: randomSupport(random),
  };
}

function randomEncoder(random: Random, { container, codec }: ParsedJob): Candidate<EncoderTraits> {
  return {
    name: random.pick(encoderNames),
    traits: {
      accepts: random.some(frameFormats, 80),
      writes: random.chance(85) ? { [container]: [codec] } : { mp4: ["h264"], webm: ["vp9"] },
      alphaCodecs: random.chance(75) ? [codec] : [],
      writesAudio: random.chance(80) ? audioCodecs : { [container]: random.some(audioCodecs[container] ?? []) },
      runsIn: random.chance(75) ? "process" : "page",
      takes: random.pick(["stream", "stream", "disk", "files"]),
      variableTiming: random.chance(70),
      joinable: random.chance(75) ? [container] : [],
    },
    support: randomSupport(random),
  };
}

function randomSupport(random: Random): Candidate<unknown>["support"] {
  if (random.chance(10)) return null;
  if (random.chance(80)) return { ok: true };
  return { ok: false, reasons: random.chance(80) ? ["it is not there"] : [] };
}

function randomFailure(random: Random): PlanFailure {
  return {
    part: random.pick([...captureNames, ...encoderNames, ...injectorNames, ...mixerNames]),
    code: random.pick(["capture-failed", "encoder-not-started", "injection-failed", "sound-failed"]),
    reason: "it failed",
  };
}

/** Encoders are measured for one codec: others are not asked for. */
function randomCosts(random: Random, codec: VideoCodec): MeasuredCosts {
  const cost = (): number => (random.chance(3) ? 0 : 0.1 + random.next() * 100);
  return {
    version: 1,
    basis: random.pick(["measured on this host", "measured on a reference machine"]),
    machine: "a random machine",
    cores: 2,
    usage: random.pick(["measured", "assumed"]),
    captures: captureNames.flatMap((capture) =>
      random.some(frameFormats).flatMap((frameFormat) =>
        random.some(contents, 40).map((content) => {
          return { capture, frameFormat, content, msPerMegapixel: cost(), cpuMsPerMegapixel: cost(), memoryBytes: random.whole(1e8, 2e9) };
        }),
      ),
    ),
    ...(random.chance(50) ? { injectors: randomInjectorCosts(random) } : {}),
    encoders: encoderNames.flatMap((encoder) =>
      random.some(levels).map((level) => ({ encoder, codec, level, frameFormat: random.pick(frameFormats), cpuMsPerMegapixel: cost() })),
    ),
  };
}
