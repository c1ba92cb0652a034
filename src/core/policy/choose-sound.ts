import type { EncoderTraits } from "../encoder.ts";
import { audioBitrates, audioCodecs, type AudioCodec, type AudioMixer, type AudioRequest } from "../sound.ts";
import { choose, judge, rejectAll } from "./choose.ts";
import type { PolicyInput, Rejection, SoundPlan } from "./plan.ts";

export interface SoundChoice {
  readonly sound: SoundPlan | null;
  /** Null where nothing is heard. */
  readonly reason: string | null;
  readonly rejected: readonly Rejection[];
}

type Traits = AudioMixer["traits"];

/** Why nothing is heard; null where the video has sound. */
export function silenceOf({ page, job, mixers }: Pick<PolicyInput, "page" | "job" | "mixers">): string | null {
  if (page.sound === "none") return "the page plays nothing that is heard";
  if (!job.sound.enabled) return "sound.enabled is false";
  return mixers.length === 0 ? "there is no mixer" : null;
}

/**
 * Who mixes what is heard: the first mixer in order of preference that works here; and what the encoder makes of it.
 *
 * @throws RenderError `plan-impossible` where the page is heard and no mixer works
 */
export function chooseSound(input: PolicyInput, encoder: Pick<EncoderTraits, "writesAudio">): SoundChoice {
  const silence: string | null = silenceOf(input);
  if (silence !== null) {
    const judged = judge<Traits>("mixer", input.mixers, input, { notApplicable: () => [silence], unsuitable: () => [] });
    return { sound: null, reason: null, rejected: rejectAll("mixer", judged) };
  }
  const { chosen, reason, rejected } = choose<Traits>("mixer", input.mixers, input, {
    notApplicable: () => [],
    unsuitable: () => [],
    cost: () => null,
  });
  return { sound: { mixer: chosen.name, audio: audioRequest(input.job, encoder) }, reason: `sound by ${reason}`, rejected };
}

/** Why an encoder cannot write what is heard. */
export function soundMisfits({ writesAudio }: Pick<EncoderTraits, "writesAudio">, input: PolicyInput): string[] {
  const { job } = input;
  if (silenceOf(input) !== null || wanted(job).length === 0 || audioRequest(job, { writesAudio }) !== null) return [];
  return [`it writes no ${job.sound.codec === null ? "sound" : `sound as ${job.sound.codec}`} into ${job.container}`];
}

/** The first codec that job and container leave open, and the encoder writes; null where the container holds no sound. */
function audioRequest(job: PolicyInput["job"], { writesAudio }: Pick<EncoderTraits, "writesAudio">): AudioRequest | null {
  const written: readonly AudioCodec[] = writesAudio[job.container] ?? [];
  const codec: AudioCodec | undefined = wanted(job).find((one) => written.includes(one));
  if (codec === undefined) return null;
  const usual: number | null = audioBitrates[codec];
  return { codec, bitrate: usual === null ? null : (job.sound.bitrate ?? usual) };
}

/** The codecs that will do: a rate is followed only by those that lose something. */
function wanted({ container, sound }: PolicyInput["job"]): readonly AudioCodec[] {
  const held: readonly AudioCodec[] = audioCodecs[container] ?? [];
  if (sound.codec !== null) return held.filter((one) => one === sound.codec);
  return held.filter((one) => sound.bitrate === null || audioBitrates[one] !== null);
}
