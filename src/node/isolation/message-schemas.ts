import * as v from "valibot";
import { renderErrorCodes } from "../../core/errors.ts";
import type { RenderEvent } from "../../core/events.ts";
import { formats, type Container } from "../../core/formats.ts";
import type { FrameFormat } from "../../core/frame.ts";
import type { OutputCheckName } from "../../core/pipeline/check-output.ts";
import type { Plan, PartRole, RejectionKind } from "../../core/policy/plan.ts";
import type { StreamingRule } from "../../core/policy/streaming.ts";
import type { RenderResult } from "../../core/result.ts";
import type { AudioCodec } from "../../core/sound.ts";
import type { Span } from "../../core/timeline.ts";
import type { Said, Video } from "../../core/video.ts";

/** Schemas of what a render process reports. Their types keep them equal to what `render` promises. */

const text = v.string();
const flag = v.boolean();
const number = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const texts = v.array(text);
const code = v.picklist(renderErrorCodes);

/** A closed set: the compiler asks for each of its members. */
function oneOf<Value extends string>(members: Readonly<Record<Value, true>>) {
  return v.picklist(Object.keys(members) as Value[]);
}

const container = v.picklist(Object.keys(formats) as Container[]);
const size = v.object({ width: count, height: count });
const box = v.object({ x: number, y: number, width: number, height: number });
const by = oneOf<Said<unknown>["by"]>({ job: true, contract: true, meta: true, attributes: true, animations: true, default: true });

const video: v.GenericSchema<unknown, Video> = v.object({
  size: v.object({ value: size, by }),
  frameRate: v.object({ value: v.object({ numerator: count, denominator: count }), by }),
  durationSeconds: v.object({ value: number, by }),
  frameCount: count,
});

const streamingDecision = v.object({
  streams: flag,
  rule: oneOf<StreamingRule>({
    ...{ "opted-out": true, "duration-invalid": true, "duration-limit": true, format: true },
    ...{ "did-not-start": true, encoder: true, default: true },
  }),
  reason: text,
  inputs: v.object({
    enabled: flag,
    maxDurationSeconds: v.nullable(number),
    durationSeconds: v.nullable(number),
    container,
    didNotStart: flag,
    encoder: text,
    encoderStreams: flag,
  }),
});

const audioCodec = oneOf<AudioCodec>({ aac: true, opus: true, flac: true, pcm: true });

const plan: v.GenericSchema<unknown, Plan> = v.object({
  capture: text,
  encoder: text,
  frameFormat: oneOf<FrameFormat>({ RGBA: true, I420: true, PNG: true, JPEG: true, page: true }),
  access: oneOf<Plan["access"]>({ random: true, sequential: true }),
  workers: count,
  blockFrames: count,
  windowBytes: count,
  segments: count,
  streaming: streamingDecision,
  videos: v.array(v.object({ source: text, injector: v.nullable(text), reason: text })),
  cacheBytes: count,
  sound: v.nullable(v.object({ mixer: text, audio: v.nullable(v.object({ codec: audioCodec, bitrate: v.nullable(number) })) })),
  checkAt: v.array(count),
  estimate: v.object({
    framesPerSecond: v.nullable(number),
    basis: oneOf<Plan["estimate"]["basis"]>({ "measured on this host": true, "measured on a reference machine": true, assumed: true }),
  }),
  reasons: texts,
  rejected: v.array(
    v.object({
      part: text,
      role: oneOf<PartRole>({ capture: true, encoder: true, injector: true, mixer: true }),
      kind: oneOf<RejectionKind>({
        ...{ "not-asked-for": true, "not-applicable": true, lacking: true },
        ...{ unsuitable: true, "struck-out": true, "not-preferred": true },
      }),
      reasons: texts,
    }),
  ),
});

export const eventSchema: v.GenericSchema<unknown, RenderEvent> = v.variant("type", [
  v.object({ type: v.literal("page-ready"), url: text, video }),
  v.object({ type: v.literal("plan-ready"), plan }),
  v.object({ type: v.literal("capture-checked"), capture: text, index: count, largest: number }),
  v.object({ type: v.literal("streaming-decided"), ...streamingDecision.entries }),
  v.object({
    type: v.literal("part-given-up"),
    part: text,
    code,
    reason: text,
    index: v.nullable(count),
    box: v.nullable(box),
  }),
  v.object({ type: v.literal("capture-opened"), capture: text, transport: v.nullable(text), workers: count }),
  v.object({ type: v.literal("frame-encoded"), index: count, frameCount: count, repeats: flag }),
  v.object({ type: v.literal("finishing") }),
  v.object({ type: v.literal("checking") }),
  v.object({ type: v.literal("warning"), reason: text }),
]);

export const spanSchema: v.GenericSchema<unknown, Span> = v.object({
  name: text,
  track: text,
  startMs: number,
  durationMs: number,
  index: v.exactOptional(count),
});

const checkName = oneOf<OutputCheckName>({
  ...{ content: true, size: true, codec: true, count: true, times: true, color: true, alpha: true, loop: true, sound: true },
});

const facts = v.object({
  container,
  frameCount: count,
  durationSeconds: number,
  size,
  codec: v.nullable(text),
  alpha: flag,
  loop: v.nullable(number),
  colorSpace: v.object({
    primaries: v.nullable(text),
    transfer: v.nullable(text),
    matrix: v.nullable(text),
    fullRange: v.nullable(flag),
  }),
  audio: v.nullable(v.object({ codec: text, sampleRate: number, channels: count, durationSeconds: number })),
  byteLength: count,
  checked: v.array(checkName),
});

const sound = v.object({
  mixer: text,
  clips: count,
  recordings: count,
  loudness: v.nullable(number),
  peak: number,
  sampleCount: count,
  file: v.nullable(text),
});

const cache = v.object({
  ...{ budgetBytes: count, entries: count, bytes: count, peakBytes: count },
  ...{ hits: count, misses: count, evictions: count, rejections: count },
});

const phases = v.object({
  ...{ launchMs: number, openMs: number, probeMs: number, soundMs: number, checkMs: number },
  ...{ captureMs: number, windowMs: number, writeMs: number, finishMs: number, verifyMs: number },
});

export const resultSchema: v.GenericSchema<unknown, RenderResult> = v.object({
  output: text,
  video,
  seed: number,
  facts,
  plan,
  frames: count,
  repeats: count,
  encoded: count,
  window: v.object({ budgetBytes: count, peakBytes: count, peakFrames: count }),
  workers: v.array(v.object({ frames: count, blocks: count, capturingMs: number, waitingMs: number, lost: flag })),
  cache: v.nullable(cache),
  sound: v.nullable(sound),
  sandbox: v.object({ enabled: flag, reason: v.nullable(text) }),
  transport: v.nullable(text),
  checks: v.object({ comparisons: count, largestDifference: number }),
  fallbacks: v.array(v.object({ part: text, code, reason: text })),
  warnings: texts,
  timings: v.object({ startMs: number, framesMs: number, finishMs: number, totalMs: number, phases }),
});
