import { expect } from "vitest";
import type { EncoderSession } from "../../src/core/encoder.ts";
import { aborted } from "../../src/core/errors.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { FrameSource } from "../../src/core/source.ts";

const SIZE = { width: 2, height: 2 } as const;
const FRAME_RATE = { numerator: 30, denominator: 1 } as const;

/** Frames that are open: whoever is given one closes it, on every path, and once. */
export class Ledger {
  readonly #open = new Map<object, { readonly index: number; readonly bytes: number }>();
  /** Indices of all frames that were made, in the order of their making. */
  readonly madeIndices: number[] = [];
  /** Indices of frames that were closed again. */
  readonly closedAgain: number[] = [];
  openBytes = 0;

  /** @param data Null for a frame that repeats the one before */
  frame(index: number, data: Uint8Array | null): Frame {
    const key: object = {};
    this.madeIndices.push(index);
    const bytes: number = data?.byteLength ?? 0;
    this.#open.set(key, { index, bytes });
    this.openBytes += bytes;
    const close = (): void => {
      if (!this.#open.delete(key)) return void this.closedAgain.push(index);
      this.openBytes -= bytes;
      // As a source does that uses the memory again.
      data?.fill(255);
    };
    return {
      index,
      timestampUs: index * 1000,
      durationUs: 1000,
      size: SIZE,
      repeats: data === null,
      pixels: data && { format: "RGBA", data },
      close,
    };
  }

  get made(): number {
    return this.madeIndices.length;
  }

  get open(): number[] {
    return [...this.#open.values()].map(({ index }) => index);
  }
}

/** A piece of work whose end the test decides. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(reason: unknown): void;
}

export function deferred<Value = void>(): Deferred<Value> {
  let settle!: Omit<Deferred<Value>, "promise">;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

export interface FakeSource extends FrameSource {
  /** The reader left the loop. */
  readonly isReleased: () => boolean;
  /** The ranges that were asked for, as "start-end". */
  readonly ranges: readonly string[];
}

export interface FakeSourceOptions {
  readonly ledger: Ledger;
  readonly frameCount: number;
  readonly access?: FrameSource["access"];
  /** Lets each frame be given: a source that is slow, that fails, that hangs. */
  before?(index: number): Promise<void>;
  /** What it does when its reader leaves. */
  leave?(): Promise<void>;
  /** The pixels of a frame; where they equal those before, within one reading, it says that it repeats them. */
  picture?(index: number): Uint8Array;
}

/** 16 bytes; every third equals the one before. */
function thirdsRepeat(index: number): Uint8Array {
  return new Uint8Array(16).fill(index % 3 === 2 ? index - 1 : index);
}

export function fakeSource(options: FakeSourceOptions): FakeSource {
  const { ledger, frameCount, access = "random", before, leave, picture = thirdsRepeat } = options;
  let isReleased = false;
  let isBeingRead = false;
  const ranges: string[] = [];
  return {
    frameCount,
    frameRate: FRAME_RATE,
    size: SIZE,
    access,
    ranges,
    isReleased: () => isReleased,
    async *read({ start, end }, signal) {
      expect(isBeingRead, "it is read by one at a time").toBe(false);
      isBeingRead = true;
      ranges.push(`${start}-${end}`);
      let last = "";
      try {
        for (let index = start; index < Math.min(end, frameCount); index++) {
          if (signal?.aborted === true) throw aborted(signal.reason);
          await before?.(index);
          const data: Uint8Array = picture(index);
          const isRepeat: boolean = data.join() === last;
          last = data.join();
          yield ledger.frame(index, isRepeat ? null : data);
        }
      } finally {
        await leave?.();
        isBeingRead = false;
        isReleased = true;
      }
    },
  };
}

export interface FakeEncoder extends EncoderSession {
  readonly written: number[];
  /** The bytes that a player would show for each frame that was written. */
  readonly shown: string[];
  /** How many of them came as repetitions. */
  readonly repeats: () => number;
  /** The most writes that were ever in flight. */
  readonly mostAtOnce: () => number;
}

/** Takes each frame after `before` has let it, and closes it on every path, as the contract says. */
export function fakeEncoder(before: (index: number) => Promise<void> = async () => {}): FakeEncoder {
  const written: number[] = [];
  const shown: string[] = [];
  let [inFlight, mostAtOnce, repeats] = [0, 0, 0];
  return {
    written,
    shown,
    repeats: () => repeats,
    mostAtOnce: () => mostAtOnce,
    async write(frame) {
      mostAtOnce = Math.max(mostAtOnce, ++inFlight);
      try {
        await before(frame.index);
        written.push(frame.index);
        if (frame.repeats) repeats++;
        const { pixels } = frame;
        shown.push(pixels === null || pixels.format === "page" ? (shown.at(-1) ?? "nothing") : pixels.data.join());
      } finally {
        inFlight--;
        frame.close();
      }
    },
    finish: () => Promise.reject(new Error("the pump does not finish")),
    abort: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

export async function rejectionOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => expect.fail(`it resolved with ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
}
