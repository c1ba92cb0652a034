import { availableParallelism } from "node:os";

/** Work that waits for its turn or goes on. */
export interface QueuedWork {
  /** Ends as the work does; rejects with the signal's reason where it was taken back before its turn. */
  readonly done: Promise<void>;
  /** Somebody waits for it now: it goes before all that nobody waits for. */
  hurry(): void;
}

interface Item {
  begin: () => void;
  isNeeded: boolean;
  /** Which of the places it took when its turn came. */
  place: "needed" | "ahead" | null;
}

/** Lets a number of pieces of work go on at once: those that somebody waits for first, in the order in which they were asked for. */
export class WorkQueue {
  readonly #places: number;
  readonly #waiting: Item[] = [];
  readonly #taken = { needed: 0, ahead: 0 };

  /** @param places At least 2: one is kept for what is needed */
  constructor(places: number) {
    this.#places = places;
  }

  add(work: () => Promise<void>, isNeeded: boolean, signal: AbortSignal): QueuedWork {
    let leave: () => void = () => {};
    const item: Item = { begin: () => {}, isNeeded, place: null };
    const turn = new Promise<void>((resolve, reject) => {
      item.begin = resolve;
      leave = () => {
        const at: number = this.#waiting.indexOf(item);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal.reason);
      };
    });
    if (signal.aborted) leave();
    else this.#waiting.push(item);
    signal.addEventListener("abort", leave, { once: true });
    const done: Promise<void> = turn.then(async () => {
      signal.removeEventListener("abort", leave);
      try {
        await work();
      } finally {
        this.#taken[item.place!]--;
        this.#next();
      }
    });
    this.#next();
    return {
      done,
      hurry: () => {
        item.isNeeded = true;
        this.#next();
      },
    };
  }

  #next(): void {
    while (this.#taken.needed + this.#taken.ahead < this.#places) {
      const needed: number = this.#waiting.findIndex(({ isNeeded }) => isNeeded);
      // What is made ahead never takes the last place: what is needed next would wait for it.
      if (needed < 0 && this.#taken.ahead >= this.#places - 1) return;
      const [item] = this.#waiting.splice(Math.max(0, needed), 1);
      if (item === undefined) return;
      item.place = item.isNeeded ? "needed" : "ahead";
      this.#taken[item.place]++;
      item.begin();
    }
  }
}

/** All decoding of this process: a decoder keeps a core busy. */
export const decoding: WorkQueue = new WorkQueue(Math.max(2, availableParallelism()));
