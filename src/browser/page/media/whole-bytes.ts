import type { ByteSource } from "./byte-source.ts";
import { ownFunctions } from "./own-functions.ts";

/** What has come as a whole. */
export class WholeBytes implements ByteSource {
  readonly #blob: Blob;

  constructor(blob: Blob) {
    this.#blob = blob;
  }

  get byteLength(): number {
    return this.#blob.size;
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    return new Uint8Array(await ownFunctions().bytesOf(this.#blob.slice(start, end)));
  }
}
