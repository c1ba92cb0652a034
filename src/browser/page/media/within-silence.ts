import { ownFunctions } from "./own-functions.ts";

/** A server that says nothing for so many milliseconds is given up. */
export const SILENCE_MS = 30_000;

/** What a promise gives, unless it takes longer than a limit: then it is no longer waited for, and `giveUp` says what happened. */
export async function withinSilence<Value>(work: Promise<Value>, giveUp: () => Error, limitMs: number = SILENCE_MS): Promise<Value> {
  const { setTimeout, clearTimeout } = ownFunctions();
  let timer = 0;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(giveUp()), limitMs);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}
