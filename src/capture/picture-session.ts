import { fromBase64 } from "../core/base64.ts";
import type { BlockAverages } from "../core/blocks.ts";
import type { BrowserPage } from "../core/browser.ts";
import type { CaptureRequest, CaptureSession, ListenOptions, PageFacts, ReadOptions } from "../core/capture.ts";
import { aborted, captureFailed, isRenderError } from "../core/errors.ts";
import type { Frame } from "../core/frame.ts";
import type { FrameRange } from "../core/frame-rate.ts";
import type { PageSound } from "../core/media.ts";
import type { SoundScore } from "../core/sound.ts";
import { makeFrame } from "./frames.ts";
import type { TopPage } from "./top-page.ts";

/** How the browser makes a picture: parameters of the protocol. */
export type PictureParams =
  | { readonly format: "png"; readonly optimizeForSpeed: boolean }
  | { readonly format: "jpeg"; readonly quality: number };

/** What the options of a capture that gives pictures say. */
export interface PictureOptions {
  /** `PNG` is lossless; `JPEG` takes two thirds of the time. `PNG` unless said. */
  readonly format?: "PNG" | "JPEG";
  /** JPEG quality, 0 to 100; 80 unless said. */
  readonly quality?: number;
}

export function pictureParams({ format = "PNG", quality = 80 }: PictureOptions): PictureParams {
  return format === "PNG" ? { format: "png", optimizeForSpeed: true } : { format: "jpeg", quality };
}

export interface PictureSource {
  /** Name of the capture, for messages. */
  readonly capture: string;
  readonly facts: PageFacts;
  readonly top: TopPage;
  readonly params: PictureParams;
  /** The picture that the page shows now, as base64. */
  take(): Promise<string>;
}

/** A session whose frames are whole pictures, taken by the browser one after another. */
export class PictureSession implements CaptureSession {
  readonly transport: null = null;
  readonly page: BrowserPage;
  readonly facts: PageFacts;
  readonly #request: CaptureRequest;
  readonly #source: PictureSource;
  #isFirst = true;

  constructor(request: CaptureRequest, source: PictureSource) {
    this.page = source.top.page;
    this.facts = source.facts;
    this.#request = request;
    this.#source = source;
  }

  async *read(range: FrameRange, { signal, sampleAt = [], onSample }: ReadOptions): AsyncGenerator<Frame> {
    const { size, frameRate } = this.#request;
    const samples = new Set(sampleAt);
    let previous = "";
    for (let index = range.start; index < range.end; index++) {
      if (signal?.aborted === true) throw aborted(signal.reason);
      const picture: string = await this.#capture(index);
      if (samples.has(index)) onSample?.(index, await this.#averages(picture));
      // Equal pixels give equal files: the encoder of the browser is deterministic.
      const repeats: boolean = picture === previous;
      previous = picture;
      yield makeFrame(
        index,
        repeats ? null : { format: this.#request.frameFormat as "PNG" | "JPEG", data: fromBase64(picture) },
        size,
        frameRate,
        () => {},
      );
    }
  }

  async sample(index: number): Promise<BlockAverages> {
    return this.#averages(await this.#capture(index));
  }

  listen(frameCount: number, sound?: PageSound, options?: ListenOptions): Promise<SoundScore> {
    return this.#source.top.listen(frameCount, sound, options);
  }

  unplannedSound(): Promise<string | null> {
    return this.#source.top.unplannedSound();
  }

  async #capture(index: number): Promise<string> {
    const { top, capture } = this.#source;
    await top.seek(index);
    try {
      // Chromium now and then leaves a video out of a page's first picture, though its frame has been presented.
      if (this.#isFirst && this.facts.adapters.includes("media")) await top.whileHere(index, this.#source.take());
      this.#isFirst = false;
      return await top.whileHere(index, this.#source.take());
    } catch (thrown) {
      throw isRenderError(thrown) ? thrown : captureFailed(capture, index, thrown);
    }
  }

  #averages(picture: string): Promise<BlockAverages> {
    return this.#source.top.averages(picture, `image/${this.#source.params.format}`);
  }

  close(): Promise<void> {
    return this.page.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
