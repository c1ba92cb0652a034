/** The page's half of a transport: takes filled buffers to the host through a ring of slots. */
export interface Sender {
  /** A buffer of one slot's size that may be filled. Waits until the host has given a slot back. */
  acquire(): Promise<SenderBuffer>;
  /** Resolves once the pixels stand in the slot and the host may take them. */
  send(buffer: SenderBuffer): Promise<void>;
  /** The host has taken the slot's pixels out. */
  release(slot: number): void;
}

export interface SenderBuffer {
  readonly slot: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Slots that nobody uses, and those who wait for one. */
export class FreeSlots {
  readonly #free: number[];
  readonly #waiting: ((slot: number) => void)[] = [];

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, slot) => slot);
  }

  take(): Promise<number> {
    const slot: number | undefined = this.#free.shift();
    if (slot !== undefined) return Promise.resolve(slot);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(slot: number): void {
    const next = this.#waiting.shift();
    if (next) next(slot);
    else this.#free.push(slot);
  }
}
