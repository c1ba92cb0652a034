import { decoders, type DecoderPlace } from "./decoder-pool.ts";
import type { Extraction } from "./extraction.ts";
import type { PictureChunk } from "./picture-chunk.ts";

export interface ChunkDecoderOptions {
  /** What its process takes, in bytes. */
  readonly memoryBytes: number;
  readonly isNeeded: boolean;
  readonly signal: AbortSignal;
  /** Starts its ffmpeg. */
  begin(): Promise<Extraction>;
}

/** An ffmpeg that goes through a file from one chunk to the next, in its place among all decoders. Whoever makes it ends it. */
export class ChunkDecoder {
  readonly #options: ChunkDecoderOptions;
  readonly #place: DecoderPlace;
  #extraction: Extraction | null = null;
  #chunk: PictureChunk | null = null;
  #isToFinish = false;

  constructor(options: ChunkDecoderOptions) {
    const { memoryBytes, isNeeded, signal } = options;
    this.#options = options;
    this.#place = decoders.add({ memoryBytes, isNeeded, signal, finish: () => this.finish() });
  }

  /**
   * Fills a chunk, which is the next in the file, and says whether it can go on to the one after it. Never rejects once its turn has
   * come: who asks the chunk for a picture hears of the fault.
   *
   * @param lastUs When the chunk's last picture begins
   * @throws the signal's reason where it was aborted before its turn came
   */
  async fill(chunk: PictureChunk, lastUs: number): Promise<boolean> {
    this.#chunk = chunk;
    if (this.#isToFinish) chunk.hurry();
    await this.#place.turn;
    let hasMore = false;
    await chunk.make(async (take) => {
      this.#extraction ??= await this.#options.begin();
      hasMore = await this.#extraction.upTo(lastUs, take);
    }, this.#options.signal);
    return hasMore && !this.#isToFinish;
  }

  /** Somebody waits for its pictures. */
  use(): void {
    this.#place.use();
  }

  /** All that is wanted of it for now is there. */
  rest(): void {
    this.#place.rest();
  }

  /** It fills its chunk, whoever asks for that, and goes no further: its place is needed. */
  finish(): void {
    this.#isToFinish = true;
    this.#chunk?.hurry();
  }

  /** May be called twice, never rejects. */
  async end(): Promise<void> {
    await this.#extraction?.stop();
    this.#place.leave();
  }
}
