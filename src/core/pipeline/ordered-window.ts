/** What a window held at most. JSON. */
export interface WindowUse {
  readonly budgetBytes: number;
  /** May be above the budget by one frame: the one that was waited for. */
  readonly peakBytes: number;
  readonly peakFrames: number;
}

interface Held<Item> {
  readonly item: Item;
  readonly bytes: number;
}

interface Waiting<Item> extends Held<Item> {
  answer(isIn: boolean): void;
}

/**
 * Items that come in any order and leave in the order of their indices. It holds as many bytes as its budget allows; the item
 * at the cursor, which is the next to leave, is let in always, or a window full of later items would wait for it for ever.
 */
export class OrderedWindow<Item> {
  readonly #budgetBytes: number;
  readonly #held = new Map<number, Held<Item>>();
  readonly #waiting = new Map<number, Waiting<Item>>();
  #cursor: number;
  #end: number;
  #bytes = 0;
  /** Of the item that was taken; null where none is out. */
  #takenBytes: number | null = null;
  #peakBytes = 0;
  #peakFrames = 0;
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(range: { readonly start: number; readonly end: number }, budgetBytes: number) {
    this.#cursor = range.start;
    this.#end = range.end;
    this.#budgetBytes = budgetBytes;
  }

  /** Index of the item that leaves next, or that has been taken and not yet been let go. */
  get cursor(): number {
    return this.#cursor;
  }

  get use(): WindowUse {
    return { budgetBytes: this.#budgetBytes, peakBytes: this.#peakBytes, peakFrames: this.#peakFrames };
  }

  hasRoom(index: number, bytes: number): boolean {
    return index === this.#cursor || this.#bytes + bytes <= this.#budgetBytes;
  }

  /** Lets the item in when there is room: true. False where it was turned away, or the window is closed: it is the caller's again. */
  put(index: number, item: Item, bytes: number): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    if (!this.hasRoom(index, bytes)) return new Promise((answer) => this.#waiting.set(index, { item, bytes, answer }));
    this.#admit(index, { item, bytes });
    return Promise.resolve(true);
  }

  /** Resolves when `take` has an answer. */
  async ready(): Promise<void> {
    while (!this.#isClosed && this.#cursor < this.#end && !this.#held.has(this.#cursor)) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  /** The item at the cursor, whose bytes count until `advance`; null where no other will leave. To be called after `ready`. */
  take(): Item | null {
    const held: Held<Item> | undefined = this.#held.get(this.#cursor);
    if (!held) return null;
    this.#held.delete(this.#cursor);
    this.#takenBytes = held.bytes;
    return held.item;
  }

  /** Lets go of the item that was taken: the next one is waited for, and others have its room. */
  advance(): void {
    this.#bytes -= this.#takenBytes ?? 0;
    this.#takenBytes = null;
    this.#cursor++;
    const inOrder = [...this.#waiting].sort(([one], [other]) => one - other);
    for (const [index, waiting] of inOrder) {
      if (!this.hasRoom(index, waiting.bytes)) continue;
      this.#waiting.delete(index);
      this.#admit(index, waiting);
      waiting.answer(true);
    }
  }

  /** Turns away the item with the highest index of those that wait for room, if one does. */
  turnAwayLatest(): void {
    const latest: number = Math.max(...this.#waiting.keys());
    this.#waiting.get(latest)?.answer(false);
    this.#waiting.delete(latest);
  }

  /** No item from this index on will come. */
  endAt(index: number): void {
    this.#end = index;
    this.#wake();
  }

  /** Turns away all who wait, and gives out the items that nobody took. */
  close(): Item[] {
    this.#isClosed = true;
    const left: Item[] = [...this.#held.values()].map(({ item }) => item);
    this.#held.clear();
    for (const { answer } of this.#waiting.values()) answer(false);
    this.#waiting.clear();
    this.#wake();
    return left;
  }

  #admit(index: number, held: Held<Item>): void {
    this.#held.set(index, held);
    this.#bytes += held.bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    this.#peakFrames = Math.max(this.#peakFrames, this.#held.size + (this.#takenBytes === null ? 0 : 1));
    if (index === this.#cursor) this.#wake();
  }
}
