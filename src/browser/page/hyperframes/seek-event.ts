/** What listeners to `hf-seek` get. */
interface SeekDetail {
  /** Seconds. */
  readonly time: number;
  /** The picture is taken when the promise has settled. Only while the event is heard. */
  waitUntil(promise: PromiseLike<unknown>): void;
}

/** Tells the page its time; resolves when all that its listeners asked to wait for is done, and rejects as the first of it does. */
export function dispatchSeek(view: Window & typeof globalThis, seconds: number): Promise<unknown> | null {
  const awaited: PromiseLike<unknown>[] = [];
  let isHeard = true;
  const detail: SeekDetail = {
    time: seconds,
    waitUntil(promise) {
      if (!isHeard) throw new view.Error("waitUntil() of hf-seek must be called while the event is heard, not later");
      awaited.push(promise);
    },
  };
  view.dispatchEvent(new view.CustomEvent<SeekDetail>("hf-seek", { detail }));
  isHeard = false;
  return awaited.length === 0 ? null : Promise.all(awaited);
}
