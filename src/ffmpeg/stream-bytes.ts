import type { Readable } from "node:stream";
import { mediaUnreadable } from "../core/errors.ts";
import { within } from "../core/pipeline/watchdog.ts";

/** Longest silence of an ffmpeg that is read from, in milliseconds: it may decode some seconds of a large picture before it writes the first. */
const SILENCE_MS = 120_000;

/** Reads a stream in pieces that the reader names, and no further than it must. */
export class StreamBytes {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #source: string;
  #kept: Uint8Array[] = [];
  #byteLength = 0;

  /** @param source The file that is read, for messages */
  constructor(stream: Readable, source: string) {
    this.#pieces = stream[Symbol.asyncIterator]();
    this.#source = source;
  }

  /** So many bytes; null where the stream ends before. @throws RenderError `media-unreadable` where nothing comes any more */
  async take(byteLength: number): Promise<Uint8Array | null> {
    while (this.#byteLength < byteLength) if (!(await this.#more())) return null;
    const all: Uint8Array = this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept);
    this.#keep(all.subarray(byteLength));
    // No Buffer, which JSON and comparisons treat otherwise.
    return new Uint8Array(all.buffer, all.byteOffset, byteLength);
  }

  /** Text up to the next line feed, which is left out; null at the end. Throws as `take` does. */
  async line(): Promise<string | null> {
    for (;;) {
      const all: Uint8Array = this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept);
      const at: number = all.indexOf(10);
      if (at >= 0) {
        this.#keep(all.subarray(at + 1));
        return new TextDecoder().decode(all.subarray(0, at));
      }
      this.#keep(all);
      if (!(await this.#more())) return null;
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#kept = bytes.byteLength === 0 ? [] : [bytes];
    this.#byteLength = bytes.byteLength;
  }

  async #more(): Promise<boolean> {
    // A stream that was destroyed, because its process was ended, has ended.
    const next: Promise<IteratorResult<Uint8Array>> = this.#pieces.next().catch(() => ({ done: true, value: undefined }));
    const { done, value } = await within(SILENCE_MS, next, () =>
      mediaUnreadable(this.#source, `ffmpeg read it and gave nothing for ${SILENCE_MS} ms`),
    );
    if (done === true) return false;
    this.#kept.push(value);
    this.#byteLength += value.byteLength;
    return true;
  }
}
