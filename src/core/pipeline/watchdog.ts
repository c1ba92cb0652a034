/** Limits silence, never a total: each `beat` starts the time again. */
export interface Watchdog {
  beat(): void;
  stop(): void;
}

/** Calls `onSilence` once if `limitMs` pass without a beat. */
export function watchSilence(limitMs: number, onSilence: () => void): Watchdog {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const beat = (): void => {
    // A late sign of life must not start the time again: the timer would hold the process.
    if (isStopped) return;
    clearTimeout(timer);
    timer = setTimeout(onSilence, limitMs);
  };
  beat();
  return {
    beat,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Gives the promise's outcome, or rejects with `onSilence()` after `limitMs`. */
export async function within<Value>(limitMs: number, work: Promise<Value>, onSilence: () => Error): Promise<Value> {
  let watchdog: Watchdog | undefined;
  const silence: Promise<never> = new Promise((_, reject) => {
    watchdog = watchSilence(limitMs, () => {
      reject(onSilence());
    });
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    watchdog?.stop();
  }
}
