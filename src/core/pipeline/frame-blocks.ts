import type { FrameRange } from "../frame-rate.ts";

/** Frames that one worker captures in one go. */
export interface FrameBlock extends FrameRange {
  /** A worker died in it: it is given to another only once. */
  readonly wasLost: boolean;
}

type Taker = (block: FrameBlock | null) => void;

/** A range of frames, handed out in small blocks, in rising order, to whoever is free. */
export class FrameBlocks {
  readonly #end: number;
  readonly #blockFrames: number;
  #start: number;
  /** Given back, in rising order; all of them come before those that were never out. */
  readonly #returned: FrameBlock[] = [];
  #out = 0;
  /** They have nothing to do unless a block comes back. */
  readonly #idle: Taker[] = [];
  #isClosed = false;

  constructor({ start, end }: FrameRange, blockFrames: number) {
    this.#start = start;
    this.#end = end;
    this.#blockFrames = blockFrames;
  }

  /** The next block, as soon as there is one; null when every frame is captured. */
  next(): Promise<FrameBlock | null> {
    if (this.#isClosed) return Promise.resolve(null);
    const block: FrameBlock | null = this.#returned.shift() ?? this.#fresh();
    if (block === null && this.#out > 0) return new Promise((taker) => this.#idle.push(taker));
    if (block !== null) this.#out++;
    return Promise.resolve(block);
  }

  /** Whoever had a block is done with it; another captures the rest of it, which may be empty. */
  handIn(rest: FrameBlock): void {
    this.#out--;
    if (rest.start < rest.end) this.#passOn(rest);
    if (this.#out === 0) this.#dismiss();
  }

  /** Whether the frame is in a block that came back and that nobody has taken since. */
  isUnclaimed(index: number): boolean {
    return this.#returned.some(({ start, end }) => index >= start && index < end);
  }

  /** Nobody gets a block any more. */
  close(): void {
    this.#isClosed = true;
    this.#dismiss();
  }

  #fresh(): FrameBlock | null {
    if (this.#start >= this.#end) return null;
    const start: number = this.#start;
    this.#start = Math.min(start + this.#blockFrames, this.#end);
    return { start, end: this.#start, wasLost: false };
  }

  #passOn(rest: FrameBlock): void {
    const taker: Taker | undefined = this.#idle.shift();
    if (taker) {
      this.#out++;
      taker(rest);
    } else {
      this.#returned.push(rest);
      this.#returned.sort((one, other) => one.start - other.start);
    }
  }

  #dismiss(): void {
    for (const taker of this.#idle.splice(0)) taker(null);
  }
}
