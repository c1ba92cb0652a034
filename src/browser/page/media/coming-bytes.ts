import { mediaFault } from "./media-fault.ts";
import { bodyPieces } from "./ranged-bytes.ts";
import { WholeBytes } from "./whole-bytes.ts";

/** A file without ranges comes as a whole, in blobs of so many bytes, which the browser keeps outside the page. */
const PART_BYTES = 4 << 20;
/** The browser keeps all of it: longer files have to come from servers that give parts of them. */
const MOST_BYTES = 2 ** 31;

interface Part {
  readonly start: number;
  readonly blob: Blob;
}

/** A file from a server that gives no parts of it, while it comes. */
export class ComingBytes {
  /** Rejects with a `MediaFault`. */
  readonly whole: Promise<WholeBytes>;
  readonly #parts: Part[] = [];
  #pending: Uint8Array<ArrayBuffer>[] = [];
  #pendingBytes = 0;
  #keptBytes = 0;
  #hasEnded = false;
  #waiting: (() => void)[] = [];

  constructor(response: Response) {
    this.whole = this.#take(response);
    // The readers that wait for the next piece wait no longer.
    void this.whole.catch(() => {}).then(() => this.#wake());
  }

  /** See `OpenedBytes`. */
  async available(start: number, end: number): Promise<Uint8Array> {
    this.#keep();
    while (this.#keptBytes <= start && !this.#hasEnded) {
      await Promise.race([this.whole, new Promise<void>((resolve) => this.#waiting.push(resolve))]);
      this.#keep();
    }
    const part: Part | undefined = this.#parts.findLast((one) => one.start <= start);
    return part === undefined ? new Uint8Array() : new WholeBytes(part.blob).read(start - part.start, end - part.start);
  }

  async #take(response: Response): Promise<WholeBytes> {
    for await (const piece of bodyPieces(response)) {
      this.#pending.push(piece);
      this.#pendingBytes += piece.length;
      if (this.#keptBytes + this.#pendingBytes > MOST_BYTES)
        throw mediaFault("missing", `its server gives no parts of it (Range), and it is longer than ${MOST_BYTES} bytes`);
      if (this.#pendingBytes >= PART_BYTES) this.#keep();
      this.#wake();
    }
    this.#keep();
    this.#hasEnded = true;
    return new WholeBytes(new Blob(this.#parts.map(({ blob }) => blob)));
  }

  #keep(): void {
    if (this.#pendingBytes === 0) return;
    this.#parts.push({ start: this.#keptBytes, blob: new Blob(this.#pending) });
    this.#keptBytes += this.#pendingBytes;
    [this.#pending, this.#pendingBytes] = [[], 0];
  }

  #wake(): void {
    const waiting: readonly (() => void)[] = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
