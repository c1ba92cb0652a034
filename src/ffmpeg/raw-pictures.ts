import type { Size } from "../core/frame.ts";
import { firstPicture } from "./first-picture.ts";
import type { ExtractedPicture, PictureRun } from "./picture-run.ts";
import { NEAR_US, pictureUntil } from "./video-index.ts";
import type { VideoSource } from "./video-source.ts";

/** Pictures that are skipped rather than sought: a seek decodes from a key frame, which lies about as far away. */
const SKIPPED = 120;

/** Decodes the pictures of a video into raw pixels, in order and no faster than they are asked for. Whoever makes it closes it. */
export class RawPictures {
  readonly #source: VideoSource;
  readonly #size: Size;
  readonly #hasAlpha: boolean;
  readonly #signal: AbortSignal;
  #run: PictureRun | null = null;
  /** The last that was given, and the next, which may have been read to see when it begins. */
  #shown: ExtractedPicture | null = null;
  #next: ExtractedPicture | null = null;
  #number = -1;

  constructor(source: VideoSource, size: Size, hasAlpha: boolean, signal: AbortSignal) {
    this.#source = source;
    this.#size = size;
    this.#hasAlpha = hasAlpha;
    this.#signal = signal;
  }

  /** Pixels in RGBA; null where ffmpeg decodes none there. @throws RenderError `media-unreadable`, `aborted` */
  async picture(number: number): Promise<Uint8Array | null> {
    if (this.#run === null || number < this.#number || number > this.#number + SKIPPED) await this.#seek(number);
    this.#number = number;
    const timeUs: number = this.#source.index.timesUs[number]!;
    while (this.#shown === null || this.#shown.startUs < timeUs - NEAR_US) {
      this.#next ??= await this.#run!.next();
      const isLater: boolean = this.#next === null || this.#next.startUs > timeUs + NEAR_US;
      // A damaged file may lack the very first: then the next is shown before its time.
      if (isLater && (this.#shown !== null || this.#next === null)) break;
      this.#shown = this.#next;
      this.#next = null;
    }
    return this.#shown?.data ?? null;
  }

  async #seek(number: number): Promise<void> {
    await this.close();
    const { path, index } = this.#source;
    const startUs: number = pictureUntil(index, number);
    const request = { path, stream: index.stream, size: this.#size, hasAlpha: this.#hasAlpha, type: "rgba", startUs, threads: 0 } as const;
    const { run, picture } = await firstPicture(request, this.#source, this.#signal);
    this.#run = run;
    this.#next = picture;
    this.#shown = null;
  }

  /** May be called twice, never rejects. */
  async close(): Promise<void> {
    const run: PictureRun | null = this.#run;
    this.#run = null;
    await run?.stop();
  }
}
