import { stat } from "node:fs/promises";
import { mediaUnreadable } from "../core/errors.ts";
import { samplesAt } from "../core/sample-times.ts";
import { SAMPLE_RATE } from "../core/sound.ts";
import { ranges } from "../core/ranges.ts";
import { decimalArgument, fileArgument, integerArgument } from "../ffmpeg/argument.ts";
import { mediaInput } from "../ffmpeg/media-input.ts";
import { complaintsIn, runTask, type TaskContext, type TaskEnd } from "./ffmpeg-task.ts";
import { pcmFile, type PcmFile } from "./pcm-file.ts";

/** What of a file is needed, in its seconds. */
export interface SoundWindow {
  readonly from: number;
  /** Null where a clip begins anew at the end of the file, which has to be found. */
  readonly to: number | null;
  /** No clip hears more of it than up to here, however long the file turns out to be. */
  readonly most: number;
}

export interface DecodedSound {
  /** Its samples are counted from the beginning of the file. */
  readonly pcm: PcmFile;
  /** What is wrong with the file, though it is heard; null where nothing is. */
  readonly damage: string | null;
}

/** Up to here a file is read from its beginning: decoders are exact from there, and seeking is worth its while further on alone. */
const SEEK_FROM_SECONDS = 30;
/** Decoders need what came before to be exact: 80 ms of Opus, some packets of MP3. */
const SEEK_AHEAD_SECONDS = 1;
/** What filters look ahead at the highest rate, and what comes before the beginning of some files. */
const SPARE_SECONDS = 1.5;

/**
 * Silence where the sound begins later than the file and where packets are missing; five channels go to two with -3 dB for the centre
 * and the back, and without the bass, as in browsers; one channel stays one, for it is heard in full on both sides.
 */
const FILTERS: string = `aresample=${SAMPLE_RATE}:async=1:min_hard_comp=0.02:first_pts=0,aformat=channel_layouts=stereo|mono`;

/**
 * Decodes the sound of a file, or as much of it as is needed.
 *
 * @throws RenderError `media-unreadable`, `sound-failed`, `disk-full`, `aborted`
 */
export async function decodeSound(context: TaskContext, source: string, path: string, window: SoundWindow): Promise<DecodedSound> {
  await refuseEmpty(source, path);
  const seek: number = window.from < SEEK_FROM_SECONDS ? 0 : Math.floor(window.from) - SEEK_AHEAD_SECONDS;
  const output: string = context.folder.newFile();
  const args: readonly string[] = [
    ...["-threads", "1"],
    ...(seek === 0 ? [] : ["-ss", integerArgument(seek, ranges.seconds, "the beginning")]),
    ...mediaInput(path),
    ...["-map", "0:a:0", "-af", FILTERS],
    ...["-t", decimalArgument(window.most - seek + SPARE_SECONDS, ranges.decodedSeconds, "the length")],
    // What a file says of itself must not stand beside what ffmpeg says of its output.
    ...["-map_metadata", "-1", "-c:a", "pcm_f32le", "-f", "f32le", fileArgument(output)],
  ];
  const end: TaskEnd = await runTask(context, args, source);
  const complaints: readonly string[] = complaintsIn(end.lines);
  if (end.code !== 0) throw mediaUnreadable(source, refusal(complaints));
  const said: Said = saidOf(end.lines);
  const first: number = samplesAt(seek + Math.min(0, said.start));
  const pcm: PcmFile = await pcmFile(output, { channels: said.channels, first });
  const isMute: boolean = pcm.end === first && complaints.length > 0;
  if (isMute || breaksOff(pcm.end / SAMPLE_RATE, window, said, complaints)) {
    await pcm.remove();
    throw mediaUnreadable(source, breakOf(pcm.end / SAMPLE_RATE, said, complaints));
  }
  return { pcm, damage: complaints.length === 0 ? null : wordsOf(complaints) };
}

async function refuseEmpty(source: string, path: string): Promise<void> {
  const facts = await stat(path).catch((thrown: unknown) => {
    throw mediaUnreadable(source, "there is no such file", thrown);
  });
  if (!facts.isFile()) throw mediaUnreadable(source, "it is no file");
  if (facts.size === 0) throw mediaUnreadable(source, "it is empty");
}

/** What ffmpeg says of a file before it decodes it. The file's own words stand further in, as metadata. */
interface Said {
  /** Seconds of the first packet: what is before 0 is no part of what is heard, and what is after it ffmpeg takes for the beginning. */
  readonly start: number;
  /** Null where the headers do not say it. */
  readonly durationSeconds: number | null;
  readonly hasVideo: boolean;
  readonly channels: 1 | 2;
}

function saidOf(lines: readonly string[]): Said {
  const split: number = lines.findLastIndex((line) => line.startsWith("[info] Output #0, "));
  const input: readonly string[] = lines.slice(0, split);
  const [, hours, minutes, seconds, start] = firstMatch(input, /^\[info\] {3}Duration: (\d+):(\d+):([\d.]+)(?:, start: (-?[\d.]+))?/) ?? [];
  const isEstimate: boolean = input.some((line) => line.includes("Estimating duration from bitrate"));
  const isTold: boolean = hours !== undefined && !isEstimate;
  return {
    start: Number(start ?? 0),
    durationSeconds: isTold ? Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) : null,
    hasVideo: input.some((line) => /^\[info\] {3}(?: {2})?Stream #0:\d+.*: Video: /.test(line) && !line.includes("(attached pic)")),
    channels: firstMatch(lines.slice(split), /^\[info\] {3}(?: {2})?Stream #0:0.*: Audio: pcm_f32le.*, mono,/) === null ? 2 : 1,
  };
}

function firstMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | null {
  for (const line of lines) {
    const found: RegExpExecArray | null = pattern.exec(line);
    if (found) return found;
  }
  return null;
}

/** Seconds by which sound may be shorter than its file says: encoders fill their last packet. */
const SHORT_SECONDS = 0.1;
/** The same where nothing but the length speaks of a fault. */
const SHORT_IN_SILENCE_SECONDS = 0.5;

/** A file may hold less sound than is asked for, and than it has pictures; one that ends before it says so has lost its end. */
function breaksOff(end: number, { to, most }: SoundWindow, { durationSeconds, hasVideo }: Said, complaints: readonly string[]): boolean {
  const asked: number = Math.min(to ?? Infinity, most);
  const needed: number = Math.min(asked, durationSeconds ?? Infinity);
  // Who asks for a file up to where it breaks off has been told that it is so short.
  const isCutOff: boolean = !hasVideo && durationSeconds !== null && durationSeconds - end > SHORT_IN_SILENCE_SECONDS;
  if (complaints.length > 0 && isCutOff && asked >= end - SHORT_SECONDS) return true;
  if (needed === Infinity || needed - end <= SHORT_SECONDS) return false;
  return complaints.length > 0 || isCutOff;
}

function breakOf(end: number, { durationSeconds }: Said, complaints: readonly string[]): string {
  const told: string = durationSeconds === null ? "" : ` of ${durationSeconds.toFixed(2)}`;
  return `its sound breaks off after ${Math.max(0, end).toFixed(2)}${told} seconds${complaints.length === 0 ? "" : `; ${wordsOf(complaints)}`}`;
}

function refusal(complaints: readonly string[]): string {
  if (complaints.some((words) => words.includes("matches no streams"))) return "it has no sound";
  return complaints.length === 0 ? "ffmpeg does not take it, and does not say why" : wordsOf(complaints);
}

function wordsOf(complaints: readonly string[]): string {
  return `ffmpeg says: ${[...new Set(complaints)].slice(0, 2).join(" | ")}`;
}
