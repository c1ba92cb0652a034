import type { FrameFormat } from "../frame.ts";
import { chooseCapture, formatBetween } from "./choose-capture.ts";
import { cacheBytesOf } from "./cache-bytes.ts";
import { chooseEncoder } from "./choose-encoder.ts";
import { chooseInjectors, NATIVE } from "./choose-injectors.ts";
import { chooseSound } from "./choose-sound.ts";
import { framesToCheck } from "./checked-frames.ts";
import { captureCost, contentOf, encoderCost, megapixelsOf } from "./costs.ts";
import { frameFormats } from "./frame-formats.ts";
import type { Estimate, Plan, Policy, PolicyInput } from "./plan.ts";
import { remedyForCode } from "./remedy.ts";
import { closedGate, decideStreaming, streamsIntoProcess, type GateInputs, type StreamingDecision } from "./streaming.ts";
import { segmentsFor, windowFor, workersFor } from "./work.ts";
import { videoLoad, type VideoLoad } from "./video-load.ts";
import { framesPerSecondWith, type WorkerFacts } from "./workers.ts";

/**
 * Takes the encoder that comes first among those that write the output here, and the capture that costs least among those
 * that work here, suit the page, and were not struck out; then as many workers as the machine can feed, who feeds each video, and who
 * mixes the sound.
 *
 * @throws RenderError `plan-impossible`, or `media-unreadable` for a video that is played and that nothing here decodes
 */
export const defaultPolicy: Policy = (input) => {
  const gate: GateInputs = gateInputs(input);
  const { segments, reason: segmentsReason } = segmentsFor(input);
  const encoder = chooseEncoder(input, closedGate(gate), segments);
  const formats: readonly FrameFormat[] = frameFormats(encoder.chosen.traits, input);
  const capture = chooseCapture(input, encoder.chosen, formats);
  const frameFormat: FrameFormat = formatBetween(capture.chosen.traits, formats)!;
  const { videos, rejected: injectorsRejected } = chooseInjectors(input);
  const load: VideoLoad = videoLoad(input, videos);
  const work: WorkerFacts = workerFacts(input, capture.chosen.name, encoder.chosen.name, frameFormat, load);
  const { workers, reason } = workersFor(input, segments, frameFormat, work);
  const { blockFrames, windowBytes } = windowFor(input, frameFormat, workers, segments);
  const { sound, reason: soundReason, rejected: mixersRejected } = chooseSound(input, encoder.chosen.traits);
  const streaming: StreamingDecision = decideStreaming({
    ...gate,
    didNotStart: didNotStart(input),
    encoder: encoder.chosen.name,
    encoderStreams: streamsIntoProcess(encoder.chosen.traits),
  });
  return {
    capture: capture.chosen.name,
    encoder: encoder.chosen.name,
    frameFormat,
    access: input.page.access,
    workers,
    blockFrames,
    windowBytes,
    segments,
    streaming,
    videos,
    cacheBytes: input.injectors.length === 0 || input.job.media.injector === NATIVE ? 0 : cacheBytesOf(input),
    sound,
    checkAt: capture.chosen.traits.needsCheck ? framesToCheck({ frameCount: input.frameCount, workers, blockFrames, segments }) : [],
    estimate: estimateOf(input, { workers, segments }, frameFormat, work, load),
    reasons: [capture.reason, encoder.reason, reason, segmentsReason, load.reason, streaming.reason, soundReason].filter(
      (one) => one !== null,
    ),
    rejected: [...capture.rejected, ...encoder.rejected, ...injectorsRejected, ...mixersRejected],
  };
};

function gateInputs({ job, durationSeconds }: PolicyInput): GateInputs {
  const { enabled, maxDurationSeconds } = job.streaming;
  return {
    enabled,
    maxDurationSeconds,
    durationSeconds: Number.isFinite(durationSeconds) ? durationSeconds : null,
    container: job.container,
  };
}

function didNotStart({ struckOut, encoders }: PolicyInput): boolean {
  const failed: ReadonlySet<string> = new Set(
    struckOut.filter(({ code }) => remedyForCode(code) === "other-encoder").map(({ part }) => part),
  );
  return encoders.some(({ name, traits }) => streamsIntoProcess(traits) && failed.has(name));
}

function workerFacts(input: PolicyInput, capture: string, encoder: string, format: FrameFormat, videos: VideoLoad): WorkerFacts {
  const { host, costs, job, page, size, frameCount } = input;
  return {
    host,
    capture: captureCost(costs, capture, format, contentOf(page)),
    encoder: encoderCost(costs, encoder, { codec: job.codec, level: job.quality.level }, format),
    videos,
    megapixels: megapixelsOf(size),
    frameCount,
  };
}

function estimateOf(
  input: PolicyInput,
  { workers, segments }: Pick<Plan, "workers" | "segments">,
  format: FrameFormat,
  work: WorkerFacts,
  load: VideoLoad,
): Estimate {
  const framesPerSecond: number | null = framesPerSecondWith(workers, segments, work);
  if (framesPerSecond === null) return { framesPerSecond, basis: "assumed" };
  const basis: Estimate["basis"] = load.isMeasured && isMeasured(input, format, work) ? input.costs.basis : "assumed";
  return { framesPerSecond: Math.round(framesPerSecond * 10) / 10, basis };
}

/** Whether the table is of this very work, and nothing stands in for it. Encoders cost something else with another preset, or in hardware. */
function isMeasured(
  { page, costs, job: { quality, hardware } }: PolicyInput,
  format: FrameFormat,
  { capture, encoder }: WorkerFacts,
): boolean {
  if (costs.usage === "assumed" || quality.preset !== undefined || hardware !== null) return false;
  return capture?.frameFormat === format && capture.content === contentOf(page) && encoder?.frameFormat === format;
}
