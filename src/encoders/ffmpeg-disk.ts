import type { EncodeRequest, EncodeResult, Encoder, EncoderContext, EncoderSession } from "../core/encoder.ts";
import {
  aborted,
  diskTooSmall,
  encoderFailed,
  encoderStalled,
  framesMissing,
  isRenderError,
  messageOf,
  type RenderError,
} from "../core/errors.ts";
import type { Frame, HostPixels } from "../core/frame.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import type { FileSink } from "../core/sink.ts";
import { audioCodecs } from "../core/sound.ts";
import type { Support } from "../core/support.ts";
import { ffmpegArguments } from "../ffmpeg/arguments.ts";
import { ffmpegBuild, type FfmpegBuild } from "../ffmpeg/build.ts";
import { findFfmpeg } from "../ffmpeg/find.ts";
import { FfmpegRun } from "../ffmpeg/run.ts";
import { ffmpegSupport } from "../ffmpeg/support.ts";
import { frameData } from "./frame-data.ts";
import { soundPathOf } from "./sound-path.ts";
import { FrameFolder } from "../ffmpeg/frame-folder.ts";

export interface FfmpegDiskOptions {
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath?: string;
  /** Output arguments over our own, such as `["-tune", "animation"]`. */
  readonly args?: readonly string[];
}

const NAME = "ffmpeg-disk";
/** Frames after which the need of disk is first estimated; it is again whenever they have doubled. */
const FIRST_ESTIMATE = 5;

/**
 * Keeps the frames on disk until the last one is there, and lets ffmpeg read them from there: for formats that need all
 * frames before the first is written, and where ffmpeg cannot run beside the browser.
 */
export function ffmpegDisk({ executablePath, args = [] }: FfmpegDiskOptions = {}): Encoder {
  return {
    contract: 1,
    name: NAME,
    traits: {
      // By what a frame takes on disk: 1.5 bytes a pixel, then what the browser has compressed already, then 4.
      accepts: ["I420", "PNG", "JPEG", "RGBA"],
      writes: {
        mp4: ["h264", "hevc", "av1"],
        webm: ["vp9", "av1", "vp8"],
        mov: ["prores-4444", "prores-422", "h264"],
        mkv: ["h264", "ffv1"],
        gif: ["gif"],
        webp: ["webp"],
        apng: ["png"],
      },
      alphaCodecs: ["vp9", "prores-4444", "ffv1", "gif", "webp", "png"],
      writesAudio: audioCodecs,
      runsIn: "process",
      takes: "disk",
      variableTiming: false,
      joinable: ["mp4", "webm", "mov", "mkv"],
    },
    async probe(request, { signal }): Promise<Support> {
      if (request.timing === "variable")
        return { ok: false, reasons: ["frames on disk are encoded at a constant rate; use --encoder ffmpeg-pipe for timing variable"] };
      return ffmpegSupport(request, { encoder: NAME, executablePath, extra: args, ...(signal ? { signal } : {}) });
    },
    async open(request, context) {
      const { output, signal } = context;
      if (signal.aborted) throw aborted(signal.reason);
      if (output.kind !== "file" || output.temporaryPath === null)
        throw encoderFailed(NAME, "it writes files, and this output is none; use --encoder webcodecs");
      const sound: string | null = soundPathOf(NAME, request, context);
      const build: FfmpegBuild = await ffmpegBuild(await findFfmpeg(executablePath));
      const format = request.frameFormat as HostPixels["format"];
      const frames: FrameFolder = await FrameFolder.make(`${output.temporaryPath}.frames`, format, output);
      return new FfmpegDiskSession(build, args, request, context, output, frames, sound);
    },
  };
}

class FfmpegDiskSession implements EncoderSession {
  readonly #build: FfmpegBuild;
  readonly #extra: readonly string[];
  readonly #request: EncodeRequest;
  readonly #context: EncoderContext;
  readonly #output: FileSink;
  readonly #frames: FrameFolder;
  readonly #supervisor: Supervisor;
  readonly #sound: string | null;
  #nextEstimate = FIRST_ESTIMATE;
  #run: FfmpegRun | null = null;
  /** The first fault wins, and every later call hears of it. */
  #fault: RenderError | null = null;
  #finishing: Promise<EncodeResult> | null = null;
  #aborting: Promise<void> | null = null;

  constructor(
    build: FfmpegBuild,
    extra: readonly string[],
    request: EncodeRequest,
    context: EncoderContext,
    output: FileSink,
    frames: FrameFolder,
    sound: string | null,
  ) {
    this.#build = build;
    this.#extra = extra;
    this.#request = request;
    this.#context = context;
    this.#output = output;
    this.#frames = frames;
    this.#supervisor = new Supervisor(context.inactivityTimeoutMs, context.signal);
    this.#sound = sound;
  }

  async write(frame: Frame): Promise<void> {
    try {
      if (this.#fault) throw this.#fault;
      if (this.#finishing !== null) throw encoderFailed(NAME, `frame ${frame.index} came after the end`);
      const { inactivityTimeoutMs } = this.#context;
      await this.#supervisor.run(this.#take(frame), () => encoderStalled(NAME, "write", inactivityTimeoutMs));
    } catch (thrown) {
      throw this.#stay(thrown, "write");
    } finally {
      frame.close();
    }
  }

  async #take(frame: Frame): Promise<void> {
    const { frameCount } = this.#frames;
    if (frame.pixels !== null && !(frame.repeats && frameCount > 0)) await this.#frames.add(frameData(NAME, frame, this.#request));
    else if (frameCount > 0) await this.#frames.repeat();
    else throw encoderFailed(NAME, `frame ${frame.index} repeats a frame that never came`);
    if (this.#frames.frameCount === this.#nextEstimate) await this.#refuseIfTooMany();
  }

  /** By what the frames so far took, those that repeat included. */
  async #refuseIfTooMany(): Promise<void> {
    this.#nextEstimate *= 2;
    const { frameCount } = this.#request;
    const freeBytes: number | null = await this.#output.freeBytes();
    if (frameCount === null || freeBytes === null) return;
    const { frameCount: done, byteLength } = this.#frames;
    const neededBytes: number = Math.ceil((byteLength / done) * (frameCount - done));
    if (neededBytes > freeBytes) throw diskTooSmall(this.#output.name, neededBytes, freeBytes, frameCount);
  }

  finish(): Promise<EncodeResult> {
    return (this.#finishing ??= this.#finish());
  }

  async #finish(): Promise<EncodeResult> {
    try {
      if (this.#fault) throw this.#fault;
      await this.#refuseGaps();
      await this.#encode();
      const { frameCount } = this.#frames;
      return { framesIn: frameCount, framesOut: frameCount, byteLength: await this.#output.byteLength(), codec: this.#request.codec };
    } catch (thrown) {
      throw this.#stay(thrown, "finish");
    } finally {
      await this.#frames.remove();
    }
  }

  /** ffmpeg takes the first gap for the end, and says nothing. */
  async #refuseGaps(): Promise<void> {
    const expected: number = this.#request.frameCount ?? this.#frames.frameCount;
    const { inactivityTimeoutMs } = this.#context;
    const missing: readonly number[] = await this.#supervisor.run(this.#frames.missing(expected), () =>
      encoderStalled(NAME, "finish", inactivityTimeoutMs),
    );
    if (missing.length > 0) throw framesMissing(this.#output.name, missing, expected);
  }

  async #encode(): Promise<void> {
    const args: readonly string[] = ffmpegArguments(this.#request, {
      encoder: NAME,
      input: { from: "folder", folder: this.#frames.path, pattern: this.#frames.pattern },
      output: { to: "file", path: this.#output.temporaryPath! },
      sound: this.#sound,
      build: this.#build,
      extra: this.#extra,
    });
    this.#run = await FfmpegRun.start(this.#build, args, { ...this.#context, encoder: NAME });
    // It was told to stop while ffmpeg started.
    if (this.#fault) throw this.#fault;
    await this.#run.finish();
  }

  #stay(thrown: unknown, phase: "write" | "finish"): RenderError {
    return (this.#fault ??= isRenderError(thrown) ? thrown : encoderFailed(NAME, `${messageOf(thrown)} during ${phase}`, {}, thrown));
  }

  abort(): Promise<void> {
    return (this.#aborting ??= this.#abort());
  }

  async #abort(): Promise<void> {
    this.#fault ??= aborted("the encoder was told to stop");
    await this.#run?.abort();
    await this.#finishing?.catch(() => {});
    // One that was still being started when this was called.
    await this.#run?.abort();
    await this.#frames.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }
}
