import { soundFailed } from "../core/errors.ts";
import { CHANNELS, SAMPLE_RATE, type SoundRecording } from "../core/sound.ts";
import { ranges } from "../core/ranges.ts";
import { fileArgument, integerArgument } from "../ffmpeg/argument.ts";
import { complaintsIn, runTask, type TaskContext } from "./ffmpeg-task.ts";
import { pcmFile, pcmOf, type Pcm, type PcmFile } from "./pcm-file.ts";
import { tempoFilters } from "./tempo-filters.ts";

/** Samples of each channel that are moved at a time. */
const PIECE = 65_536;
/** Filters look ahead: without what follows, the end of a clip would fade. */
const AHEAD: number = SAMPLE_RATE / 4;

export interface Tempo {
  readonly playbackRate: number;
  readonly preservesPitch: boolean;
}

/**
 * The first `count` samples of a sound at another rate.
 *
 * @param source The file that it comes from, for messages
 * @throws RenderError `sound-failed`, `disk-full`, `aborted`
 */
export function atTempo(context: TaskContext, source: string, sound: Pcm, count: number, tempo: Tempo): Promise<PcmFile> {
  const { playbackRate, preservesPitch } = tempo;
  const needed: number = Math.ceil((count + AHEAD) * playbackRate);
  async function* pieces(): AsyncGenerator<Float32Array> {
    for (let first = 0; first < needed; first += PIECE) yield await sound.read({ first, end: Math.min(needed, first + PIECE) });
  }
  return filtered(context, source, { sampleRate: SAMPLE_RATE, channels: CHANNELS }, tempoFilters(playbackRate, preservesPitch), pieces());
}

/** A recording at the rate of the mix. Throws as `atTempo` does. */
export async function recordedSound(context: TaskContext, { sampleRate, channels }: SoundRecording): Promise<Pcm> {
  if (sampleRate === SAMPLE_RATE && channels.length <= CHANNELS) return pcmOf(channels);
  const length: number = channels[0]?.length ?? 0;
  async function* pieces(): AsyncGenerator<Float32Array> {
    for (let first = 0; first < length; first += PIECE) {
      const piece = new Float32Array((Math.min(length, first + PIECE) - first) * channels.length);
      for (let at = 0; at < piece.length; at++) piece[at] = channels[at % channels.length]![first + Math.floor(at / channels.length)]!;
      yield piece;
    }
  }
  return filtered(context, null, { sampleRate, channels: channels.length }, [`aresample=${SAMPLE_RATE}`], pieces());
}

async function filtered(
  context: TaskContext,
  source: string | null,
  input: { readonly sampleRate: number; readonly channels: number },
  filters: readonly string[],
  pieces: AsyncIterable<Float32Array>,
): Promise<PcmFile> {
  const output: string = context.folder.newFile();
  const channels: 1 | 2 = input.channels === 1 ? 1 : CHANNELS;
  const layout: string = `aformat=channel_layouts=${channels === 1 ? "mono" : "stereo"}`;
  const args: readonly string[] = [
    ...["-f", "f32le", "-ar", integerArgument(input.sampleRate, ranges.sampleRate, "the sample rate")],
    ...["-ac", integerArgument(input.channels, ranges.channels, "the number of channels"), "-i", "pipe:0"],
    ...["-af", [...filters, layout].join(","), "-c:a", "pcm_f32le", "-f", "f32le", fileArgument(output)],
  ];
  const { code, lines } = await runTask(context, args, source, pieces);
  if (code !== 0)
    throw soundFailed(context.mixer, source, `ffmpeg ended with code ${code}: ${complaintsIn(lines).slice(0, 2).join(" | ")}`);
  return pcmFile(output, { channels, first: 0 });
}
