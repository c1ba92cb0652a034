import type { EncoderTraits } from "../encoder.ts";
import type { FrameFormat } from "../frame.ts";
import { choose, type Choice } from "./choose.ts";
import { formatBetween, suitableCaptures } from "./choose-capture.ts";
import { soundMisfits } from "./choose-sound.ts";
import { frameFormats } from "./frame-formats.ts";
import type { PolicyInput } from "./plan.ts";
import { streamsIntoProcess, type ClosedGate } from "./streaming.ts";

/**
 * The first encoder in order of preference that writes the output as the job asks for it, and that some capture here gives
 * frames that it takes; where the page is heard, one that writes its sound.
 *
 * @param gate Why nothing is streamed into a process; null where it is
 * @param segments Files that it shall write and join
 * @throws RenderError `plan-impossible`
 */
export function chooseEncoder(input: PolicyInput, gate: ClosedGate | null, segments: number): Choice<EncoderTraits> {
  const { container, codec, alpha, timing } = input.job;
  return choose("encoder", input.encoders, input, {
    notApplicable: ({ writes }) =>
      writes[container]?.includes(codec) === true ? [] : [`it writes no ${codec === container ? codec : `${codec} into ${container}`}`],
    unsuitable: (traits) => [
      ...(alpha && !traits.alphaCodecs.includes(codec) ? [`it keeps no alpha in ${codec}`] : []),
      ...(timing === "variable" && !traits.variableTiming ? ["it gives each frame the same time"] : []),
      ...(segments > 1 && !traits.joinable.includes(container) ? [`its ${container} files cannot be joined`] : []),
      ...(gate !== null && streamsIntoProcess(traits) ? [gate.reason] : []),
      ...soundMisfits(traits, input),
      ...withoutFrames(traits, input),
    ],
    // What encoders cost has no say: it decides how many workers they leave room for.
    cost: () => null,
  });
}

/** Where no capture at all suits the page, that is not the encoder's fault. */
function withoutFrames(traits: EncoderTraits, input: PolicyInput): string[] {
  const captures = suitableCaptures(input);
  const formats: readonly FrameFormat[] = frameFormats(traits, input);
  if (captures.length === 0 || captures.some((capture) => formatBetween(capture.traits, formats) !== null)) return [];
  const given: ReadonlySet<string> = new Set(captures.flatMap((capture) => capture.traits.gives));
  return [`it takes ${formats.join(", ") || "nothing"} for this output, and captures here give ${[...given].join(", ")}`];
}
