/** The browser's own time, kept from before the page's time was made virtual. Ours alone: the page does not see it. */
export interface RealTime {
  /** Milliseconds. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): number;
  clearTimeout(id: number): void;
  /** Resolves in a task of its own: promises and messages of the page that were ready have run by then. */
  nextTask(): Promise<void>;
  /** Resolves in the browser's next frame, when it has sent the events of animations. */
  nextFrame(): Promise<void>;
}

const {
  setTimeout: realSetTimeout,
  clearTimeout: realClearTimeout,
  requestAnimationFrame: realRequestAnimationFrame,
  performance: realPerformance,
} = globalThis;
const now: () => number = realPerformance.now.bind(realPerformance);
const turns = new MessageChannel();
const { postMessage } = MessagePort.prototype;
const waiting: (() => void)[] = [];
turns.port1.onmessage = () => waiting.shift()?.();

export const realTime: RealTime = {
  now,
  setTimeout: (callback, delayMs) => realSetTimeout.call(globalThis, callback, delayMs),
  clearTimeout: (id) => realClearTimeout.call(globalThis, id),
  nextTask: () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      postMessage.call(turns.port2, 0);
    }),
  nextFrame: () => new Promise((resolve) => void realRequestAnimationFrame.call(globalThis, () => resolve())),
};
