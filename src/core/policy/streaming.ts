import type { EncoderTraits } from "../encoder.ts";
import { formats, type Container } from "../formats.ts";

/** Whether frames go straight into the encoder's process, and the rule that decided. JSON. */
export interface StreamingDecision {
  readonly streams: boolean;
  readonly rule: StreamingRule;
  /** The rule in words, with its values. */
  readonly reason: string;
  /** All that was looked at. */
  readonly inputs: StreamingInputs;
}

/**
 * In the order in which they are asked; the first that applies decides. The first four close the gate before an encoder is
 * chosen; the next two say why the one that was chosen does not stream.
 */
export type StreamingRule = "opted-out" | "duration-invalid" | "duration-limit" | "format" | "did-not-start" | "encoder" | "default";

/** What closes the gate, whatever encoders there are. */
export interface GateInputs {
  readonly enabled: boolean;
  readonly maxDurationSeconds: number | null;
  /** Null where it is no finite number. */
  readonly durationSeconds: number | null;
  readonly container: Container;
}

export interface StreamingInputs extends GateInputs {
  /** An encoder that streams was tried in this job, and its process did not start. */
  readonly didNotStart: boolean;
  /** The encoder that was chosen. */
  readonly encoder: string;
  /** It is a process that takes each frame as it comes. */
  readonly encoderStreams: boolean;
}

/** The rule that keeps frames from being streamed. */
export type ClosedGate = Pick<StreamingDecision, "rule" | "reason">;

export function streamsIntoProcess({ takes, runsIn }: Pick<EncoderTraits, "takes" | "runsIn">): boolean {
  return takes === "stream" && runsIn === "process";
}

/** The streaming gate: streaming is the default, and each rule that closes it says why. Null where it is open. */
export function closedGate({ enabled, maxDurationSeconds, durationSeconds, container }: GateInputs): ClosedGate | null {
  if (!enabled) return { rule: "opted-out", reason: "streaming.enabled is false" };
  if (durationSeconds === null || durationSeconds <= 0)
    return { rule: "duration-invalid", reason: `the duration is ${durationSeconds ?? "not finite"}; it must be a finite number above 0` };
  if (maxDurationSeconds !== null && durationSeconds > maxDurationSeconds)
    return {
      rule: "duration-limit",
      reason: `the video is ${durationSeconds} s long, and streaming.maxDurationSeconds is ${maxDurationSeconds}`,
    };
  if (container === "gif") return { rule: "format", reason: "the palette of a GIF is made from the whole video" };
  if (formats[container].kind === "sequence")
    return { rule: "format", reason: `${container} is a folder of pictures, each a file of its own` };
  return null;
}

/** The decision, once the encoder is chosen. */
export function decideStreaming(inputs: StreamingInputs): StreamingDecision {
  const closed: ClosedGate | null = closedGate(inputs) ?? unstreamed(inputs);
  return { ...(closed ?? { rule: "default", reason: "streaming is the default" }), streams: closed === null, inputs };
}

function unstreamed({ didNotStart, encoder, encoderStreams }: StreamingInputs): ClosedGate | null {
  if (encoderStreams) return null;
  if (didNotStart) return { rule: "did-not-start", reason: `the streaming encoder did not start, and ${encoder} takes its place` };
  return { rule: "encoder", reason: `the encoder is ${encoder}, and no process takes its frames as they come` };
}
