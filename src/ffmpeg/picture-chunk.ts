import type { PictureStore, StoredBytes } from "./picture-store.ts";
import type { ExtractedPicture } from "./picture-run.ts";
import { NEAR_US } from "./video-index.ts";

/** A picture of a chunk, in memory or in the store. */
interface ChunkPicture {
  readonly startUs: number;
  read(): Promise<Uint8Array>;
}

/** Decodes a chunk: hands each picture over as soon as it is there, and goes on once it was taken. */
export type ExtractChunk = (take: (picture: ExtractedPicture) => Promise<void>) => Promise<void>;

/**
 * Pictures that are decoded beyond those that were asked for. Each film goes so far and no further: of many films that play at
 * once none has to wait until others are through.
 */
const AHEAD_PICTURES = 12;

/** The pictures of a stretch of a video: from the store, or decoded as they are asked for, and then into the store. */
export class PictureChunk {
  readonly #name: string;
  readonly #store: PictureStore;
  #pictures: ChunkPicture[] = [];
  #extracted: ExtractedPicture[] = [];
  #stored: StoredBytes | null = null;
  #isWhole = false;
  #fault: { readonly thrown: unknown } | null = null;
  #reads = 0;
  /** The latest time that was asked for. */
  #askedUs: number = Number.NEGATIVE_INFINITY;
  #isHurried = false;
  /** Those that wait for the next picture, and the decoder while it rests. */
  #waiting: (() => void)[] = [];
  readonly #onRest: () => void;

  /**
   * @param name Its name in the store
   * @param onRest Called when all pictures are there that are wanted for now
   */
  constructor(name: string, store: PictureStore, onRest: () => void) {
    this.#name = name;
    this.#store = store;
    this.#onRest = onRest;
  }

  /** All that it will ever hold is there, the store has it, and nobody is reading it. */
  get isIdle(): boolean {
    return this.#isWhole && this.#extracted.length === 0 && this.#reads === 0;
  }

  /** Its pictures take memory, for the store did not take them. */
  get isHeld(): boolean {
    return this.#stored === null;
  }

  /** Takes the pictures from the store; false where they are not there. */
  async load(): Promise<boolean> {
    const stored: StoredBytes | null = await this.#store.open(this.#name);
    if (stored === null) return false;
    this.#pictures = await picturesIn(stored);
    this.#finish(stored);
    return true;
  }

  /** The rest of its pictures is to be decoded at once, whoever asks for them. */
  hurry(): void {
    this.#isHurried = true;
    this.#wake();
  }

  /**
   * Has the pictures decoded, no further than is wanted. Never rejects: who asks for a picture hears of the fault.
   *
   * @param signal Ends the rest of the decoder
   */
  async make(extract: ExtractChunk, signal: AbortSignal): Promise<void> {
    try {
      await extract(async (picture) => {
        // Before it is taken, so that the last one of a chunk never holds its end up.
        await this.#wanted(signal);
        this.#extracted.push(picture);
        this.#pictures.push({ startUs: picture.startUs, read: () => Promise.resolve(picture.data) });
        this.#wake();
      });
      this.#isWhole = true;
      this.#wake();
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Hands what was decoded to the store; from then on it takes no memory. */
  async keep(): Promise<void> {
    if (this.#fault !== null) return;
    const stored: StoredBytes | null = await this.#store.keep(this.#name, chunkBytes(this.#extracted));
    if (stored !== null) this.#pictures = await picturesIn(stored);
    this.#extracted = [];
    this.#finish(stored);
  }

  /** It cannot be made. */
  fail(thrown: unknown): void {
    this.#fault = { thrown };
    this.#extracted = [];
    this.#finish(null);
  }

  /**
   * The last picture that begins by then, as soon as that is sure; null where there is none.
   *
   * @throws what the decoding threw where the picture did not come before that
   */
  async shownAt(timeUs: number, signal?: AbortSignal): Promise<{ readonly startUs: number; readonly data: Uint8Array } | null> {
    if (timeUs > this.#askedUs) {
      this.#askedUs = timeUs;
      this.#wake();
    }
    for (;;) {
      const after: number = this.#pictures.findIndex(({ startUs }) => startUs > timeUs + NEAR_US);
      const shown: ChunkPicture | undefined = after < 0 ? this.#pictures.at(-1) : this.#pictures[after - 1];
      const isSure: boolean = after >= 0 || (shown !== undefined && shown.startUs >= timeUs - NEAR_US);
      if (!isSure && this.#fault) throw this.#fault.thrown;
      if (isSure || this.#isWhole) return shown === undefined ? null : this.#read(shown);
      await this.#change(signal);
    }
  }

  /** The first picture; null where there is none. Throws as `shownAt` does. */
  async first(signal?: AbortSignal): Promise<{ readonly startUs: number; readonly data: Uint8Array } | null> {
    while (this.#pictures.length === 0 && !this.#isWhole) await this.#change(signal);
    if (this.#pictures.length === 0 && this.#fault) throw this.#fault.thrown;
    return this.#pictures.length === 0 ? null : this.#read(this.#pictures[0]!);
  }

  /** Nobody asks it any more. Never rejects. */
  async close(): Promise<void> {
    this.#pictures = [];
    await this.#stored?.close();
  }

  async #read(picture: ChunkPicture): Promise<{ readonly startUs: number; readonly data: Uint8Array }> {
    this.#reads++;
    try {
      return { startUs: picture.startUs, data: await picture.read() };
    } finally {
      this.#reads--;
    }
  }

  /** Resolves when one more picture is wanted. */
  async #wanted(signal: AbortSignal): Promise<void> {
    while (!this.#isHurried && this.#isAhead) {
      this.#onRest();
      await this.#change(signal);
    }
  }

  get #isAhead(): boolean {
    const last: ChunkPicture | undefined = this.#pictures.at(-AHEAD_PICTURES);
    return last !== undefined && last.startUs > this.#askedUs;
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== wake);
        reject(signal!.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      this.#waiting.push(wake);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  #finish(stored: StoredBytes | null): void {
    this.#stored = stored;
    this.#isWhole = true;
    this.#wake();
  }

  #wake(): void {
    const waiting: readonly (() => void)[] = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** What stands before the pictures: of each its time and its bytes. JSON. */
type ChunkTable = readonly (readonly [startUs: number, byteLength: number])[];

/** The number of bytes of the table, the table, the pictures. */
export function chunkBytes(pictures: readonly ExtractedPicture[]): Uint8Array[] {
  const table: ChunkTable = pictures.map(({ startUs, data }) => [startUs, data.byteLength]);
  const text: Uint8Array = new TextEncoder().encode(JSON.stringify(table));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.byteLength, true);
  return [length, text, ...pictures.map(({ data }) => data)];
}

async function picturesIn(stored: StoredBytes): Promise<ChunkPicture[]> {
  const length: Uint8Array = await stored.read(0, 4);
  const tableBytes: number = new DataView(length.buffer).getUint32(0, true);
  const table = JSON.parse(new TextDecoder().decode(await stored.read(4, tableBytes))) as ChunkTable;
  let position: number = 4 + tableBytes;
  return table.map(([startUs, byteLength]) => {
    const start: number = position;
    position += byteLength;
    return { startUs, read: () => stored.read(start, byteLength) };
  });
}
