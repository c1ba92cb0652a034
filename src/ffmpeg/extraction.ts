import { firstPicture, type FirstPicture } from "./first-picture.ts";
import type { PictureRequest } from "./picture-arguments.ts";
import type { ExtractedPicture, PictureRun } from "./picture-run.ts";
import { NEAR_US } from "./video-index.ts";
import type { VideoSource } from "./video-source.ts";

/** An ffmpeg that goes forward through a file, and rests while nobody takes a picture. Whoever begins it stops it. */
export class Extraction {
  readonly #run: PictureRun;
  /** The one that comes next, where it is known; null behind the last. */
  #next: ExtractedPicture | null | undefined;

  private constructor({ run, picture }: FirstPicture) {
    this.#run = run;
    this.#next = picture;
  }

  /** @throws RenderError `media-unreadable`, `aborted` */
  static async begin(request: Omit<PictureRequest, "seekUs">, source: VideoSource, signal: AbortSignal): Promise<Extraction> {
    return new Extraction(await firstPicture(request, source, signal));
  }

  /**
   * Gives the pictures that begin by then, in order, each as soon as it is there and the one before was taken; false where the
   * file has no more.
   *
   * @throws RenderError `media-unreadable`, `aborted`, and what `take` throws
   */
  async upTo(lastUs: number, take: (picture: ExtractedPicture) => Promise<void>): Promise<boolean> {
    for (;;) {
      if (this.#next === undefined) this.#next = await this.#run.next();
      const picture: ExtractedPicture | null = this.#next;
      if (picture === null) return false;
      if (picture.startUs > lastUs + NEAR_US) return true;
      this.#next = undefined;
      await take(picture);
      // What ffmpeg does behind the last one, nobody needs to wait for.
      if (picture.startUs >= lastUs - NEAR_US) return true;
    }
  }

  /** May be called twice, never rejects. */
  stop(): Promise<void> {
    return this.#run.stop();
  }
}
