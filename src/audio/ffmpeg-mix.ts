import { availableParallelism } from "node:os";
import { aborted, isRenderError, messageOf, type RenderError } from "../core/errors.ts";
import { rangeOf, samplesAt, type SampleRange } from "../core/sample-times.ts";
import { applyLevels, isMuted } from "../core/sound-levels.ts";
import {
  CHANNELS,
  type AudioMixer,
  type GainPoint,
  type MixContext,
  type MixedSound,
  type MixRequest,
  type SoundClip,
  type SoundRecording,
} from "../core/sound.ts";
import type { Support } from "../core/support.ts";
import { ffmpegBuild, ffmpegFilters, type FfmpegBuild } from "../ffmpeg/build.ts";
import { findFfmpeg, type FfmpegInstall } from "../ffmpeg/find.ts";
import { clipsBySource, clipSources, type ClipSources } from "./clip-sources.ts";
import type { TaskContext } from "./ffmpeg-task.ts";
import { atTempo, recordedSound } from "./filter-sound.ts";
import { finishMix } from "./finish-mix.ts";
import { madeInOrder } from "./in-order.ts";
import { MixFile } from "./mix-file.ts";
import type { Pcm } from "./pcm-file.ts";
import { makeSoundFolder, type SoundFolder } from "./sound-folder.ts";

export interface FfmpegMixOptions {
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath?: string;
  /** Folder for the mix and for what goes into it: 23 MB a minute, and as much for each file that is on its way. The system's by default. */
  readonly folder?: string;
  /** How many run at the same time; by default one a core, four at most. */
  readonly processes?: number;
}

const NAME = "ffmpeg-mix";
const MOST_PROCESSES = 4;
const FILTERS: readonly string[] = ["aformat", "aresample", "asetrate", "atempo"];

/** Mixes on this host: ffmpeg decodes and changes rates, and the sum is made here, sample by sample, in a file. */
export function ffmpegMix(options: FfmpegMixOptions = {}): AudioMixer {
  return {
    contract: 1,
    name: NAME,
    traits: { runsIn: "process" },
    probe: () => support(options),
    mix: (request, context) => mix(request, context, options),
  };
}

async function support({ executablePath: asked }: FfmpegMixOptions): Promise<Support> {
  try {
    const build: FfmpegBuild = await ffmpegBuild(await findFfmpeg(asked));
    const { executablePath, version, encoders, muxers } = build;
    const filters: ReadonlySet<string> = await ffmpegFilters(build);
    const lacks: readonly string[] = [
      ...(encoders.has("pcm_f32le") && muxers.has("f32le") ? [] : ["the output f32le"]),
      ...FILTERS.filter((name) => !filters.has(name)).map((name) => `the filter ${name}`),
    ];
    if (lacks.length === 0) return { ok: true, details: { version, executablePath } };
    return { ok: false, reasons: [`"${executablePath}" ${version} is built without ${lacks.join(", ")}: install a full build`] };
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)], ...(isRenderError(thrown) ? { error: thrown } : {}) };
  }
}

async function mix(request: MixRequest, context: MixContext, options: FfmpegMixOptions): Promise<MixedSound> {
  if (context.signal.aborted) throw aborted(context.signal.reason);
  const { executablePath }: FfmpegInstall = await findFfmpeg(options.executablePath);
  const folder: SoundFolder = await makeSoundFolder(NAME, options.folder);
  // The first fault ends what else runs.
  const stop = new AbortController();
  const signal: AbortSignal = AbortSignal.any([context.signal, stop.signal]);
  let file: MixFile | null = null;
  try {
    file = await MixFile.make(folder.path, request.sampleCount, signal);
    const task: TaskContext = { mixer: NAME, executablePath, folder, signal, inactivityTimeoutMs: context.inactivityTimeoutMs };
    return await mixInto(file, request, context, task, { stop, processes: options.processes ?? defaultProcesses() });
  } catch (thrown) {
    const fault: RenderError = await folder.faultOf(stop.signal.aborted ? stop.signal.reason : thrown);
    stop.abort(fault);
    await file?.close();
    await folder.remove();
    throw fault;
  }
}

function defaultProcesses(): number {
  return Math.min(MOST_PROCESSES, availableParallelism());
}

/** Sound that is ready to be added. */
interface Part {
  /** Where it lies in the video; its own samples are counted from there. */
  readonly range: SampleRange;
  readonly levels: readonly GainPoint[];
  readonly sound: Pcm;
  /** It has been added. */
  close(): Promise<void>;
}

async function mixInto(
  file: MixFile,
  { score, sampleCount, loudness: target }: MixRequest,
  context: MixContext,
  task: TaskContext,
  { stop, processes }: { readonly stop: AbortController; readonly processes: number },
): Promise<MixedSound> {
  const clips: readonly SoundClip[] = inOrderOfSources(score.clips.filter((clip) => isHeard(clip, sampleCount)));
  const { folder, signal } = task;
  const path = (source: string): Promise<string> => unlessAborted(context.path(source), signal);
  const sources: ClipSources = clipSources(clips, task, { path, facts: context.facts, warn: context.warn });
  const makers: readonly (() => Promise<Part>)[] = [
    ...score.recordings.map((recording) => () => recordingPart(recording, task)),
    ...clips.map((clip) => () => clipPart(clip, sampleCount, sources, task)),
  ];
  const make = (maker: () => Promise<Part>): Promise<Part> =>
    maker().catch((thrown: unknown) => {
      stop.abort(thrown);
      throw thrown;
    });
  // Added in one order whatever is ready first: sums of floats depend on it, and two renders shall be alike.
  for await (const part of madeInOrder(makers, processes, make)) await add(part, file);
  const { loudness, peak } = await finishMix(file, target, context.warn);
  return {
    sampleCount,
    path: file.path,
    facts: { mixer: NAME, clips: clips.length, recordings: score.recordings.length, loudness, peak },
    read: (start, end) => file.read({ first: start, end }),
    async [Symbol.asyncDispose]() {
      await file.close();
      await folder.remove();
    },
  };
}

function isHeard(clip: SoundClip, sampleCount: number): boolean {
  const { first, end }: SampleRange = rangeOf(clip);
  return end > Math.max(0, first) && first < sampleCount && !isMuted(clip.gain);
}

/** Clips of one file follow one another, so that it need not be kept for long. */
function inOrderOfSources(clips: readonly SoundClip[]): SoundClip[] {
  return [...clipsBySource(clips).values()].flat();
}

async function recordingPart(recording: SoundRecording, task: TaskContext): Promise<Part> {
  const { start, sampleRate, channels } = recording;
  const seconds: number = (channels[0]?.length ?? 0) / sampleRate;
  const sound: Pcm = await recordedSound(task, recording);
  return { range: { first: samplesAt(start), end: samplesAt(start + seconds) }, levels: [], sound, close: async () => {} };
}

async function clipPart(clip: SoundClip, sampleCount: number, sources: ClipSources, task: TaskContext): Promise<Part> {
  const range: SampleRange = rangeOf(clip);
  const sound: Pcm = await sources.soundOf(clip);
  const close = (): Promise<void> => sources.release(clip);
  if (clip.playbackRate === 1) return { range, levels: clip.gain, sound, close };
  const stretched = await atTempo(task, clip.source, sound, Math.min(range.end, sampleCount) - range.first, clip);
  await close();
  return { range, levels: clip.gain, sound: stretched, close: () => stretched.remove() };
}

async function add({ range, levels, sound, close }: Part, file: MixFile): Promise<void> {
  for (const { first, end } of file.pieces(range)) {
    const samples: Float32Array = await sound.read({ first: first - range.first, end: end - range.first });
    applyLevels(samples, CHANNELS, first, levels);
    await file.add(first, samples);
  }
  await close();
}

async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let onAbort: () => void = () => {};
  const interrupted: Promise<never> = new Promise((_, reject) => {
    onAbort = () => reject(aborted(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
