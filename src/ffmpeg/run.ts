import {
  aborted,
  diskFull,
  encoderFailed,
  encoderNotStarted,
  encoderStalled,
  isRenderError,
  messageOf,
  type RenderError,
} from "../core/errors.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import type { OutputSink } from "../core/sink.ts";
import type { FfmpegInstall } from "./find.ts";
import { startFfmpeg, type FfmpegEnd, type FfmpegProcess } from "./process.ts";

export interface FfmpegRunOptions {
  /** Name of the encoder, for messages. */
  readonly encoder: string;
  /** Where the bytes go: a disk that is full there, or an output that is gone, explains a failure. */
  readonly output: Pick<OutputSink, "name" | "freeBytes" | "byteLength">;
  readonly signal: AbortSignal;
  /** Longest silence in milliseconds while a write or the finish waits. */
  readonly inactivityTimeoutMs: number;
}

/** Less than this free behind a failure, and the disk is its cause, whatever ffmpeg said. */
const FULL_BELOW_BYTES = 256 * 1024;
/** What it says where the disk has room that this user may not have: of a quota, or of what is kept for root. */
const SAYS_FULL = /No space left on device|Disk quota exceeded/;
/** Time in milliseconds for a process that closed its input to say how it ended. */
const END_GRACE_MS = 1_000;

/** One run of ffmpeg from its start to its end, with a limit on its silence. Every fault is a `RenderError`, and the first one stays. */
export class FfmpegRun {
  readonly #options: FfmpegRunOptions;
  readonly #supervisor: Supervisor;
  readonly #process: FfmpegProcess;
  #fault: RenderError | null = null;
  #writes = 0;
  #finishing: Promise<void> | null = null;
  #aborting: Promise<void> | null = null;

  private constructor(options: FfmpegRunOptions, supervisor: Supervisor, process: FfmpegProcess) {
    this.#options = options;
    this.#supervisor = supervisor;
    this.#process = process;
  }

  /**
   * Starts ffmpeg and waits until it runs. Whoever starts it calls `finish` or `abort`.
   *
   * @throws RenderError `encoder-not-started`, `aborted`
   */
  static async start(install: FfmpegInstall, args: readonly string[], options: FfmpegRunOptions): Promise<FfmpegRun> {
    const { encoder, signal, inactivityTimeoutMs } = options;
    if (signal.aborted) throw aborted(signal.reason);
    const supervisor = new Supervisor(inactivityTimeoutMs, signal);
    try {
      const process: FfmpegProcess = await startFfmpeg(install.executablePath, args, { onProgress: () => supervisor.beat() });
      return new FfmpegRun(options, supervisor, process);
    } catch (thrown) {
      throw encoderNotStarted(encoder, `"${install.executablePath}" did not start: ${messageOf(thrown)}`, thrown);
    }
  }

  /**
   * Resolves when ffmpeg has consumed the bytes. One call at a time.
   *
   * @throws RenderError `encoder-failed`, `encoder-stalled`, `disk-full`, `aborted`
   */
  async write(data: Uint8Array): Promise<void> {
    if (this.#fault) throw this.#fault;
    await this.#guarded("write", this.#process.write(data));
    this.#writes++;
  }

  /** Tells ffmpeg that no more comes and waits until it has ended well. Memoised. Throws as `write` does. */
  finish(): Promise<void> {
    return (this.#finishing ??= this.#finish());
  }

  async #finish(): Promise<void> {
    if (this.#fault) throw this.#fault;
    this.#process.end();
    await this.#guarded("finish", this.#endedWell());
  }

  async #endedWell(): Promise<void> {
    const { code } = await this.#process.ended;
    if (code !== 0) throw new Error("ffmpeg ended early");
  }

  /** Waits for ffmpeg with a limit on its silence, and turns whatever goes wrong into one error that stays. */
  async #guarded(phase: "write" | "finish", work: Promise<void>): Promise<void> {
    const { encoder, inactivityTimeoutMs } = this.#options;
    try {
      await this.#supervisor.run(work, () => encoderStalled(encoder, phase, inactivityTimeoutMs));
    } catch (thrown) {
      this.#fault ??= isRenderError(thrown) ? thrown : await this.#explain(phase, thrown);
      throw this.#fault;
    }
  }

  /** ffmpeg ended or no longer reads: why it did is in how it ended. */
  async #explain(phase: string, thrown: unknown): Promise<RenderError> {
    const { encoder, output } = this.#options;
    const end: FfmpegEnd = await this.#settledEnd();
    const freeBytes: number | null = await output.freeBytes();
    const isFull: boolean = SAYS_FULL.test(end.stderrTail) || (freeBytes !== null && freeBytes < FULL_BELOW_BYTES);
    if (isFull) return diskFull(output.name, freeBytes, thrown);
    const gone: unknown = await output.byteLength().then(
      () => null,
      (fault: unknown) => fault,
    );
    if (isRenderError(gone)) return gone;
    const how: string = end.signal === null ? `ended with code ${end.code}` : `was ended by ${end.signal}`;
    const said: string = end.stderrTail === "" ? "it said nothing" : `it said: ${end.stderrTail.split("\n").slice(-4).join(" | ")}`;
    // Frames that it reads from disk are none that were written to it.
    const when: string = this.#writes === 0 ? phase : `${phase} after ${this.#writes} frames`;
    return encoderFailed(encoder, `ffmpeg ${how} during ${when}; ${said}`, { ...end, framesIn: this.#writes, phase }, thrown);
  }

  /** A process that closed its input but lives on is ended here. */
  async #settledEnd(): Promise<FfmpegEnd> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late: Promise<null> = new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), END_GRACE_MS);
    });
    const end: FfmpegEnd | null = await Promise.race([this.#process.ended, late]);
    clearTimeout(timer);
    if (end) return end;
    await this.#process.kill();
    return this.#process.ended;
  }

  /** SIGTERM, then SIGKILL; resolves when it has ended. May be called twice, never rejects. */
  abort(): Promise<void> {
    return (this.#aborting ??= this.#abort());
  }

  async #abort(): Promise<void> {
    this.#fault ??= aborted("the encoder was told to stop");
    await this.#process.kill();
  }
}
