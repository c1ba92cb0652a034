import { aborted, mediaUnreadable, messageOf } from "../core/errors.ts";
import type { FfmpegBuild } from "./build.ts";
import { pictureArguments, type PictureRequest } from "./picture-arguments.ts";
import { startFfmpegReader, type FfmpegEnd, type FfmpegReader } from "./process.ts";
import { StreamBytes } from "./stream-bytes.ts";
import { packetParser } from "./video-index.ts";

export interface ExtractedPicture {
  /** In microseconds of the file's own time stamps. */
  readonly startUs: number;
  readonly data: Uint8Array;
}

/** A run of ffmpeg that gives the pictures from a time on, in order, no faster than they are asked for. Whoever starts it stops it. */
export class PictureRun {
  readonly #ffmpeg: FfmpegReader;
  readonly #pictures: StreamBytes;
  readonly #lines: StreamBytes;
  readonly #parse = packetParser();
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;

  private constructor(ffmpeg: FfmpegReader, source: string, signal: AbortSignal) {
    this.#ffmpeg = ffmpeg;
    this.#pictures = new StreamBytes(ffmpeg.output, source);
    this.#lines = new StreamBytes(ffmpeg.aside, source);
    this.#signal = signal;
    this.#onAbort = () => void this.stop();
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * @param source The file's name in messages
   * @throws RenderError `media-unreadable`, `aborted`
   */
  static async start(request: PictureRequest, source: string, build: FfmpegBuild, signal: AbortSignal): Promise<PictureRun> {
    if (signal.aborted) throw aborted(signal.reason);
    const ffmpeg: FfmpegReader = await startFfmpegReader(build.executablePath, pictureArguments(request, build)).catch(
      (thrown: unknown) => {
        throw mediaUnreadable(source, `"${build.executablePath}" did not start: ${messageOf(thrown)}`, thrown);
      },
    );
    const run = new PictureRun(ffmpeg, source, signal);
    if (!signal.aborted) return run;
    await run.stop();
    throw aborted(signal.reason);
  }

  /** Null behind the last. @throws RenderError `media-unreadable`, `aborted` */
  async next(): Promise<ExtractedPicture | null> {
    for (let line = await this.#lines.line(); line !== null; line = await this.#lines.line()) {
      const packet = this.#parse(line);
      if (packet === null) continue;
      const data: Uint8Array | null = await this.#pictures.take(byteLengthIn(line));
      if (data === null) break;
      return { startUs: packet.startUs, data };
    }
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
    return null;
  }

  /** How ffmpeg ended; once `next` gave null. */
  get ended(): Promise<FfmpegEnd> {
    return this.#ffmpeg.ended;
  }

  /** May be called twice, never rejects. */
  async stop(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    await this.#ffmpeg.kill();
  }
}

/** The fifth of the fields. */
function byteLengthIn(line: string): number {
  return Number(line.split(",")[4]);
}
