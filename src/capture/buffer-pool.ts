/** Buffers of one size, used again and again: a frame of pixels each. */
export class BufferPool {
  readonly #byteLength: number;
  readonly #free: Uint8Array[] = [];

  constructor(byteLength: number) {
    this.#byteLength = byteLength;
  }

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(this.#byteLength);
  }

  give(buffer: Uint8Array): void {
    this.#free.push(buffer);
  }
}
