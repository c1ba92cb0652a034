import { isRenderError, aborted, diskFull, encoderFailed, encoderStalled, messageOf, type RenderError } from "../core/errors.ts";
import type { EncodeRequest, EncodeResult, Encoder, EncoderContext, EncoderSession } from "../core/encoder.ts";
import type { Frame, HostPixels } from "../core/frame.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import type { Support } from "../core/support.ts";
import { findFfmpeg, hasEncoder, type FfmpegInstall } from "../ffmpeg/find.ts";
import { startFfmpeg, type FfmpegEnd, type FfmpegProcess } from "../ffmpeg/process.ts";
import { pipeArguments } from "../ffmpeg/pipe-arguments.ts";

export interface FfmpegPipeOptions {
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath?: string;
}

const NAME = "ffmpeg-pipe";
/** Less than this free behind a failure, and the disk is its cause, whatever ffmpeg said. */
const FULL_BELOW_BYTES = 256 * 1024;
/** What it says where the disk has room that this user may not have: of a quota, or of what is kept for root. */
const SAYS_FULL = /No space left on device|Disk quota exceeded/;

/** Streams frames into ffmpeg's standard input while they are captured. */
export function ffmpegPipe(options: FfmpegPipeOptions = {}): Encoder {
  return {
    contract: 1,
    name: NAME,
    traits: { accepts: ["I420", "RGBA", "PNG", "JPEG"], containers: ["mp4"], codecs: ["h264"], runsIn: "process" },
    async probe(): Promise<Support> {
      try {
        const install: FfmpegInstall = await findFfmpeg(options.executablePath);
        const { version, executablePath } = install;
        if (!(await hasEncoder(install, "libx264")))
          return { ok: false, reasons: [`"${executablePath}" ${version} is built without libx264`] };
        return { ok: true, details: { version, executablePath } };
      } catch (thrown) {
        return { ok: false, reasons: [messageOf(thrown)], ...(isRenderError(thrown) ? { error: thrown } : {}) };
      }
    },
    async open(request, context) {
      const install: FfmpegInstall = await findFfmpeg(options.executablePath);
      return FfmpegPipeSession.start(install, request, context);
    },
  };
}

class FfmpegPipeSession implements EncoderSession {
  readonly #context: EncoderContext;
  readonly #request: EncodeRequest;
  readonly #supervisor: Supervisor;
  #process!: FfmpegProcess;
  /** The first fault wins, and every later call hears of it. */
  #fault: RenderError | null = null;
  /** Kept open until the next one, for frames that repeat it. */
  #last: Frame | null = null;
  #framesIn = 0;
  #finishing: Promise<EncodeResult> | null = null;
  #aborting: Promise<void> | null = null;

  private constructor(request: EncodeRequest, context: EncoderContext) {
    this.#request = request;
    this.#context = context;
    this.#supervisor = new Supervisor(context.inactivityTimeoutMs, context.signal);
  }

  static async start(install: FfmpegInstall, request: EncodeRequest, context: EncoderContext): Promise<FfmpegPipeSession> {
    if (context.signal.aborted) throw aborted(context.signal.reason);
    const path: string | null = context.output.temporaryPath;
    if (path === null) throw encoderFailed(NAME, "it writes files, and this output is none; use --encoder webcodecs");
    const session = new FfmpegPipeSession(request, context);
    try {
      session.#process = await startFfmpeg(install.executablePath, pipeArguments(request, path), {
        onProgress: () => session.#supervisor.beat(),
      });
    } catch (thrown) {
      throw encoderFailed(NAME, `"${install.executablePath}" did not start: ${messageOf(thrown)}`, {}, thrown);
    }
    return session;
  }

  async write(frame: Frame): Promise<void> {
    try {
      if (this.#fault) throw this.#fault;
      const shown: Frame | null = frame.pixels === null ? this.#last : frame;
      if (shown === null) throw encoderFailed(NAME, `frame ${frame.index} repeats a frame that never came`);
      await this.#guarded("write", this.#process.write((shown.pixels as HostPixels).data));
      this.#framesIn++;
    } catch (thrown) {
      frame.close();
      throw thrown;
    }
    if (frame.pixels === null) return frame.close();
    this.#last?.close();
    this.#last = frame;
  }

  finish(): Promise<EncodeResult> {
    return (this.#finishing ??= this.#finish());
  }

  async #finish(): Promise<EncodeResult> {
    if (this.#fault) throw this.#fault;
    this.#process.end();
    await this.#guarded("finish", this.#endedWell());
    this.#closeLast();
    const { codec } = this.#request;
    return { framesIn: this.#framesIn, framesOut: this.#framesIn, byteLength: await this.#context.output.byteLength(), codec };
  }

  async #endedWell(): Promise<void> {
    const { code } = await this.#process.ended;
    if (code !== 0) throw new Error("ffmpeg ended early");
  }

  /** Waits for ffmpeg with a limit on its silence, and turns whatever goes wrong into one error that stays. */
  async #guarded(phase: "write" | "finish", work: Promise<void>): Promise<void> {
    const { inactivityTimeoutMs } = this.#context;
    try {
      await this.#supervisor.run(work, () => encoderStalled(NAME, phase, inactivityTimeoutMs));
    } catch (thrown) {
      this.#fault ??= isRenderError(thrown) ? thrown : await this.#explain(phase, thrown);
      throw this.#fault;
    }
  }

  /** ffmpeg ended or no longer reads: why it did is in how it ended. */
  async #explain(phase: string, thrown: unknown): Promise<RenderError> {
    const end: FfmpegEnd = await this.#settledEnd();
    const freeBytes: number | null = await this.#context.output.freeBytes();
    const isFull: boolean = SAYS_FULL.test(end.stderrTail) || (freeBytes !== null && freeBytes < FULL_BELOW_BYTES);
    if (isFull) return diskFull(this.#context.output.name, freeBytes, thrown);
    const how: string = end.signal === null ? `ended with code ${end.code}` : `was ended by ${end.signal}`;
    const said: string = end.stderrTail === "" ? "it said nothing" : `it said: ${end.stderrTail.split("\n").slice(-4).join(" | ")}`;
    return encoderFailed(
      NAME,
      `ffmpeg ${how} during ${phase} after ${this.#framesIn} frames; ${said}`,
      { ...end, framesIn: this.#framesIn, phase },
      thrown,
    );
  }

  /** A process that closed its input but lives on is ended here. */
  async #settledEnd(): Promise<FfmpegEnd> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late: Promise<null> = new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), 1_000);
    });
    const end: FfmpegEnd | null = await Promise.race([this.#process.ended, late]);
    clearTimeout(timer);
    if (end) return end;
    await this.#process.kill();
    return this.#process.ended;
  }

  abort(): Promise<void> {
    return (this.#aborting ??= this.#abort());
  }

  async #abort(): Promise<void> {
    this.#fault ??= aborted("the encoder was told to stop");
    await this.#process.kill();
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
