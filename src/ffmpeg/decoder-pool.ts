import { availableParallelism, totalmem } from "node:os";

/** A decoder's place among those that are alive: taken before it starts, and left when it has ended. */
export interface DecoderPlace {
  /** Resolves when it may start; rejects with the signal's reason where it was taken back before. */
  readonly turn: Promise<void>;
  /** Somebody waits for its pictures: it goes before all that nobody waits for, and stays longest. */
  use(): void;
  /** It has decoded what is wanted of it for now. */
  rest(): void;
  /** May be called twice. */
  leave(): void;
}

export interface DecoderRequest {
  /** What its process takes, in bytes. */
  readonly memoryBytes: number;
  readonly isNeeded: boolean;
  /** Takes it back while it waits for its turn. */
  readonly signal: AbortSignal;
  /** Others need its place: it is to end as soon as its work can be put away. */
  finish(): void;
}

type Stage = "waiting" | "starting" | "resting" | "over";

interface Entry {
  readonly request: DecoderRequest;
  stage: Stage;
  isNeeded: boolean;
  /** Counts up with each use. */
  usedAt: number;
  isToldToFinish: boolean;
  begin(): void;
}

/** A decoder that was not used while all others were so many times is left behind: what starts ahead may have its place. */
const LEFT_USES = 8;

/**
 * Decoders live on between pictures, for what they have done to get where they are is lost with them. So many start at once as
 * the machine has cores; as many may rest as memory bears.
 */
export class DecoderPool {
  readonly #starts: number;
  readonly #memoryBytes: number;
  readonly #entries = new Set<Entry>();
  #uses = 0;

  /** @param starts How many may start at once, at least 2: one of them is kept for what is needed */
  constructor(starts: number, memoryBytes: number) {
    this.#starts = starts;
    this.#memoryBytes = memoryBytes;
  }

  /** How many are alive, or about to be. */
  get size(): number {
    return this.#entries.size;
  }

  add(request: DecoderRequest): DecoderPlace {
    const { signal, isNeeded } = request;
    const entry: Entry = { request, stage: "waiting", isNeeded, usedAt: ++this.#uses, isToldToFinish: false, begin: () => {} };
    const leave = (): void => {
      if (entry.stage === "over") return;
      entry.stage = "over";
      this.#entries.delete(entry);
      this.#next();
    };
    const turn = new Promise<void>((resolve, reject) => {
      const takeBack = (): void => {
        if (entry.stage !== "waiting") return;
        leave();
        reject(signal.reason);
      };
      entry.begin = () => {
        signal.removeEventListener("abort", takeBack);
        resolve();
      };
      if (signal.aborted) return takeBack();
      this.#entries.add(entry);
      signal.addEventListener("abort", takeBack, { once: true });
    });
    this.#next();
    return {
      turn,
      use: () => {
        entry.usedAt = ++this.#uses;
        entry.isNeeded = true;
        this.#next();
      },
      rest: () => {
        if (entry.stage !== "starting") return;
        entry.stage = "resting";
        this.#next();
      },
      leave,
    };
  }

  #next(): void {
    for (let entry = this.#first(); entry !== undefined; entry = this.#first()) {
      if (!this.#hasRoom(entry)) {
        this.#tellToFinish(entry.isNeeded ? 0 : LEFT_USES);
        return;
      }
      entry.stage = "starting";
      entry.begin();
    }
  }

  /** The one whose turn it is; undefined where all starts are taken. */
  #first(): Entry | undefined {
    const starting: readonly Entry[] = [...this.#entries].filter(({ stage }) => stage === "starting");
    if (starting.length >= this.#starts) return undefined;
    const waiting: readonly Entry[] = [...this.#entries].filter(({ stage }) => stage === "waiting");
    const needed: Entry | undefined = waiting.find(({ isNeeded }) => isNeeded);
    // What starts ahead never takes the last place: what is needed next would wait for it.
    const mayStartAhead: boolean = starting.filter(({ isNeeded }) => !isNeeded).length < this.#starts - 1;
    return needed ?? (mayStartAhead ? waiting[0] : undefined);
  }

  #hasRoom({ request }: Entry): boolean {
    const alive: readonly Entry[] = [...this.#entries].filter(({ stage }) => stage !== "waiting");
    const taken: number = alive.reduce((sum, one) => sum + one.request.memoryBytes, 0);
    return alive.length === 0 || taken + request.memoryBytes <= this.#memoryBytes;
  }

  /** The one that was used longest ago, where that is so many uses of each ago; one at a time. */
  #tellToFinish(usesEach: number): void {
    const alive: readonly Entry[] = [...this.#entries].filter(({ stage }) => stage !== "waiting");
    if (alive.some(({ isToldToFinish }) => isToldToFinish)) return;
    const [oldest] = alive.toSorted((one, other) => one.usedAt - other.usedAt);
    if (oldest === undefined || this.#uses - oldest.usedAt < usesEach * alive.length) return;
    oldest.isToldToFinish = true;
    oldest.request.finish();
  }
}

const MOST_MEMORY_BYTES: number = 512 << 20;

/** All decoding of videos in this process. */
export const decoders: DecoderPool = new DecoderPool(Math.max(2, availableParallelism()), Math.min(MOST_MEMORY_BYTES, totalmem() / 8));

/**
 * What an ffmpeg takes that decodes with one thread, in bytes, beside what all of them share: measured with H.264, 14.6 MB at
 * 480×270 and 34.5 MB at 1920×1080.
 */
export function decoderBytes(pixels: number): number {
  return 14_000_000 + 10 * pixels;
}
