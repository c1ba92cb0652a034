import { canRemux } from "../core/container/container-writer.ts";
import { remux } from "../core/container/remux.ts";
import type { EncodeRequest, EncodeResult, Encoder, EncoderContext, EncoderSession } from "../core/encoder.ts";
import { aborted, encoderFailed, isRenderError, type RenderError } from "../core/errors.ts";
import type { Frame } from "../core/frame.ts";
import type { FileSink } from "../core/sink.ts";
import { audioCodecs } from "../core/sound.ts";
import type { Support } from "../core/support.ts";
import { ffmpegArguments } from "../ffmpeg/arguments.ts";
import { ffmpegBuild, type FfmpegBuild } from "../ffmpeg/build.ts";
import { findFfmpeg } from "../ffmpeg/find.ts";
import { packetFile, type PacketFile } from "../ffmpeg/packet-file.ts";
import { FfmpegRun } from "../ffmpeg/run.ts";
import { ffmpegSupport } from "../ffmpeg/support.ts";
import { frameData } from "./frame-data.ts";
import { soundPathOf } from "./sound-path.ts";

export interface FfmpegPipeOptions {
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath?: string;
  /** Output arguments over our own, such as `["-tune", "animation"]`. */
  readonly args?: readonly string[];
}

const NAME = "ffmpeg-pipe";

/** Streams frames into ffmpeg's standard input while they are captured. */
export function ffmpegPipe({ executablePath, args = [] }: FfmpegPipeOptions = {}): Encoder {
  return {
    contract: 1,
    name: NAME,
    traits: {
      accepts: ["I420", "RGBA", "PNG", "JPEG"],
      // Not GIF: its palette needs all frames before the first is written.
      writes: {
        mp4: ["h264", "hevc", "av1"],
        webm: ["vp9", "av1", "vp8"],
        mov: ["prores-4444", "prores-422", "h264"],
        mkv: ["h264", "ffv1"],
        webp: ["webp"],
        apng: ["png"],
      },
      alphaCodecs: ["vp9", "prores-4444", "ffv1", "webp", "png"],
      writesAudio: audioCodecs,
      runsIn: "process",
      takes: "stream",
      variableTiming: true,
      joinable: ["mp4", "webm", "mov", "mkv"],
    },
    async probe(request, { signal }): Promise<Support> {
      const { timing, container, codec } = request;
      if (timing === "variable" && !canRemux(container, codec))
        return { ok: false, reasons: [`${container} with ${codec} gets a constant rate alone; use mp4, webm or mov for timing variable`] };
      return ffmpegSupport(request, { encoder: NAME, executablePath, extra: args, ...(signal ? { signal } : {}) });
    },
    async open(request, context) {
      if (context.signal.aborted) throw aborted(context.signal.reason);
      return FfmpegPipeSession.start(await ffmpegBuild(await findFfmpeg(executablePath)), args, request, context);
    },
  };
}

class FfmpegPipeSession implements EncoderSession {
  readonly #request: EncodeRequest;
  /** Says stop to what writes the packets: the signal of the render, or `abort`. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #sink: FileSink;
  readonly #run: FfmpegRun;
  /** What ffmpeg writes, where its packets get their times afterwards. */
  readonly #packets: PacketFile | null;
  /** The frames at which pictures begin, with variable timing. */
  readonly #starts: number[] = [];
  /** Kept open until the next one, for frames that repeat it. */
  #last: Frame | null = null;
  #framesIn = 0;
  /** A frame that could not be taken would be missing from the file. */
  #fault: RenderError | null = null;
  #finishing: Promise<EncodeResult> | null = null;
  #aborting: Promise<void> | null = null;

  private constructor(request: EncodeRequest, signal: AbortSignal, sink: FileSink, run: FfmpegRun, packets: PacketFile | null) {
    this.#request = request;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#sink = sink;
    this.#run = run;
    this.#packets = packets;
  }

  static async start(
    build: FfmpegBuild,
    extra: readonly string[],
    request: EncodeRequest,
    context: EncoderContext,
  ): Promise<FfmpegPipeSession> {
    const { output, signal } = context;
    if (output.kind !== "file" || output.temporaryPath === null)
      throw encoderFailed(NAME, "it writes files, and this output is none; use --encoder webcodecs");
    const packets: PacketFile | null = request.timing === "variable" ? packetFile(output.temporaryPath) : null;
    const args: readonly string[] = ffmpegArguments(request, {
      ...{ encoder: NAME, input: { from: "pipe" }, build, extra },
      output: { to: "file", path: packets?.path ?? output.temporaryPath },
      sound: soundPathOf(NAME, request, context),
    });
    const run: FfmpegRun = await FfmpegRun.start(build, args, { ...context, encoder: NAME });
    return new FfmpegPipeSession(request, signal, output, run, packets);
  }

  async write(frame: Frame): Promise<void> {
    try {
      await this.#take(frame);
    } catch (thrown) {
      frame.close();
      if (isRenderError(thrown)) this.#fault ??= thrown;
      throw thrown;
    }
    if (frame.pixels === null) return frame.close();
    this.#last?.close();
    this.#last = frame;
  }

  async #take(frame: Frame): Promise<void> {
    if (this.#fault) throw this.#fault;
    if (this.#finishing !== null) throw encoderFailed(NAME, `frame ${frame.index} came after the end`);
    const shown: Frame | null = frame.pixels === null ? this.#last : frame;
    if (shown === null) throw encoderFailed(NAME, `frame ${frame.index} repeats a frame that never came`);
    const data: Uint8Array = frameData(NAME, shown, this.#request);
    const lengthens: boolean = this.#packets !== null && frame.repeats && this.#framesIn > 0;
    if (!lengthens) {
      await this.#run.write(data);
      this.#starts.push(this.#framesIn);
    }
    this.#framesIn++;
  }

  finish(): Promise<EncodeResult> {
    return (this.#finishing ??= this.#finish());
  }

  async #finish(): Promise<EncodeResult> {
    try {
      if (this.#fault) throw this.#fault;
      await this.#run.finish();
      this.#closeLast();
      const framesOut: number = this.#packets === null ? this.#framesIn : await this.#retime(this.#packets);
      return { framesIn: this.#framesIn, framesOut, byteLength: await this.#sink.byteLength(), codec: this.#request.codec };
    } finally {
      await this.#packets?.remove();
    }
  }

  /** Writes the packets into the output, each with the time that its picture stays. */
  #retime(packets: PacketFile): Promise<number> {
    const { container, codec, frameRate } = this.#request;
    const part = { file: packets, frameCount: this.#framesIn, starts: this.#starts };
    return remux([part], this.#sink, { container, codec, frameRate, timing: "variable", signal: this.#signal });
  }

  abort(): Promise<void> {
    return (this.#aborting ??= this.#abort());
  }

  async #abort(): Promise<void> {
    this.#stop.abort(new Error("the encoder was told to stop"));
    await this.#run.abort();
    // What still writes into the output must have ended before the output is dropped.
    await this.#finishing?.catch(() => {});
    await this.#packets?.remove();
    this.#closeLast();
  }

  #closeLast(): void {
    this.#last?.close();
    this.#last = null;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }
}
