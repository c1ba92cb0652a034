/** Reads a file in large pieces, whatever small ones are asked for. */
export class ByteWindow {
  readonly length: number;
  readonly #read: (start: number, end: number) => Promise<Uint8Array>;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(length: number, read: (start: number, end: number) => Promise<Uint8Array>) {
    this.length = length;
    this.#read = read;
  }

  /**
   * The bytes `[position, position + count)`; a view that holds until the next call.
   *
   * @throws Error where the file ends before
   */
  async at(position: number, count: number): Promise<DataView<ArrayBufferLike>> {
    const from: number = position - this.#start;
    if (from < 0 || from + count > this.#bytes.length) await this.#move(position, count);
    const at: number = this.#bytes.byteOffset + position - this.#start;
    return new DataView(this.#bytes.buffer, at, count);
  }

  async #move(position: number, count: number): Promise<void> {
    this.#bytes = await this.#read(position, Math.min(this.length, position + Math.max(count, PIECE_BYTES)));
    this.#start = position;
    if (this.#bytes.length < count) throw new Error(`it ends at byte ${position + this.#bytes.length}, in the middle of a part`);
  }
}

const PIECE_BYTES = 256 * 1024;

/** Four or more characters of a file's own words. */
export function textAt(view: DataView, start: number, length: number): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + start, length));
}
