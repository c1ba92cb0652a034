import type { PictureStore, StoredBytes } from "./picture-store.ts";
import type { ExtractedPicture } from "./picture-run.ts";

/** A picture of a chunk, in memory or in the store. */
interface ChunkPicture {
  readonly startUs: number;
  read(): Promise<Uint8Array>;
}

/** Decodes a chunk: gives each picture as soon as it is there. */
export type ExtractChunk = (give: (picture: ExtractedPicture) => void) => Promise<void>;

/** Times are rounded on their way through ffmpeg; no two pictures are as near as this. */
const NEAR_US = 100;

/** The pictures of a stretch of a video: from the store, or while they are decoded, and then into the store. */
export class PictureChunk {
  readonly #name: string;
  readonly #store: PictureStore;
  #pictures: ChunkPicture[] = [];
  #stored: StoredBytes | null = null;
  #isWhole = false;
  #fault: { readonly thrown: unknown } | null = null;
  #reads = 0;
  /** Those that wait for the next picture. */
  #waiting: (() => void)[] = [];

  /** @param name Its name in the store */
  constructor(name: string, store: PictureStore) {
    this.#name = name;
    this.#store = store;
  }

  /** All that it will ever hold is there, and nobody is reading it. */
  get isIdle(): boolean {
    return this.#isWhole && this.#reads === 0;
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

  /** Decodes the pictures and hands them to the store. Never rejects: who asks for a picture hears of the fault. */
  async make(extract: ExtractChunk): Promise<void> {
    const extracted: ExtractedPicture[] = [];
    try {
      await extract((picture) => {
        extracted.push(picture);
        this.#pictures.push({ startUs: picture.startUs, read: () => Promise.resolve(picture.data) });
        this.#wake();
      });
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    // Whoever waits for a picture of it need not wait for the disk.
    this.#isWhole = true;
    this.#wake();
    this.#reads++;
    const stored: StoredBytes | null = await this.#store.keep(this.#name, chunkBytes(extracted));
    if (stored !== null) this.#pictures = await picturesIn(stored);
    this.#reads--;
    this.#finish(stored);
  }

  /** It cannot be made. */
  fail(thrown: unknown): void {
    this.#fault = { thrown };
    this.#finish(null);
  }

  /**
   * The last picture that begins by then, as soon as that is sure; null where there is none.
   *
   * @throws what the decoding threw where the picture did not come before that
   */
  async shownAt(timeUs: number, signal?: AbortSignal): Promise<{ readonly startUs: number; readonly data: Uint8Array } | null> {
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

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
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
