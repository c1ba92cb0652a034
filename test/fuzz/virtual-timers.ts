/** Timers that pass in no time: those of a case fire one after the other once nothing else is left to do. */
export interface VirtualTimers extends Disposable {
  /** Fires the timer that is due next; false where there is none. */
  fireNext(): boolean;
  /** Milliseconds until the next timer is due; 0 where there is none. */
  nextInMs(): number;
  /** Forgets all timers of a case, and says how many there were. */
  clear(): number;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Takes the place of `setTimeout` and `clearTimeout` until it is disposed. */
export function installVirtualTimers(): VirtualTimers {
  const { setTimeout: ownSet, clearTimeout: ownClear } = globalThis;
  const timers = new Map<object, Timer>();
  let nowMs = 0;
  const set = (callback: (...values: unknown[]) => void, delayMs = 0, ...values: unknown[]): object => {
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => true, refresh: () => handle, close: () => clear(handle) };
    timers.set(handle, { dueMs: nowMs + Math.max(1, Number(delayMs) || 1), callback: () => callback(...values) });
    return handle;
  };
  const clear = (handle: unknown): void => {
    timers.delete(handle as object);
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  const nextTimer = (): [object, Timer] | null => {
    let next: [object, Timer] | null = null;
    for (const timer of timers) if (next === null || timer[1].dueMs < next[1].dueMs) next = timer;
    return next;
  };
  return {
    nextInMs: () => (nextTimer()?.[1].dueMs ?? nowMs) - nowMs,
    fireNext() {
      const next = nextTimer();
      if (next === null) return false;
      timers.delete(next[0]);
      nowMs = next[1].dueMs;
      next[1].callback();
      return true;
    },
    clear() {
      const left: number = timers.size;
      timers.clear();
      return left;
    },
    [Symbol.dispose]() {
      Object.assign(globalThis, { setTimeout: ownSet, clearTimeout: ownClear });
    },
  };
}
