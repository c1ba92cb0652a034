import type { PageWindow } from "../clock/page-window.ts";
import type { VirtualClock } from "../clock/virtual-clock.ts";
import type { ContextKeeper } from "./install-audio-contexts.ts";
import type { LiveContext } from "./live-context.ts";

type AddListener = (this: EventTarget, ...options: unknown[]) => void;

/** Sources of sound begin and end at the page's time, to the sample: what has no time, or one that has passed, counts from now. */
export function installScheduling(view: PageWindow, clock: VirtualClock, { liveOf }: ContextKeeper): void {
  const { AudioScheduledSourceNode, AudioBufferSourceNode } = view;
  /** The end that each node was given last. */
  const ends = new WeakMap<AudioScheduledSourceNode, number>();
  const endAt = (node: AudioScheduledSourceNode, seconds: number): void => {
    const waitMs: number = Math.max(0, seconds - liveOf(node.context)!.time.exactSeconds) * 1000;
    const id: number = clock.setTimer(() => ends.get(node) === id && node.dispatchEvent(new view.Event("ended")), Math.ceil(waitMs), false);
    ends.set(node, id);
  };
  const fromNow = ({ time }: LiveContext, when: number): number => Math.max(when, time.exactSeconds);

  const { start, stop } = AudioScheduledSourceNode.prototype;
  AudioScheduledSourceNode.prototype.start = function (when = 0) {
    const live: LiveContext | null = liveOf(this.context);
    start.call(this, live ? fromNow(live, when) : when);
  };
  AudioScheduledSourceNode.prototype.stop = function (when = 0) {
    const live: LiveContext | null = liveOf(this.context);
    stop.call(this, live ? fromNow(live, when) : when);
    if (live) endAt(this, when);
  };
  const { start: startBuffer } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (when = 0, ...range) {
    const live: LiveContext | null = liveOf(this.context);
    if (!live) return startBuffer.call(this, when, ...range);
    startBuffer.call(this, fromNow(live, when), ...range);
    const [offset = 0, duration = (this.buffer?.duration ?? 0) - offset] = range;
    if (!this.loop) endAt(this, fromNow(live, when) + duration / this.playbackRate.value);
  };
  hideOwnEnds(view, liveOf);
}

/** The browser renders ahead or behind in its own time: its word that a source has ended is not the page's. */
function hideOwnEnds(view: PageWindow, liveOf: ContextKeeper["liveOf"]): void {
  const { prototype } = view.AudioScheduledSourceNode;
  const addListener = prototype.addEventListener as AddListener;
  const hidden = new WeakSet<AudioScheduledSourceNode>();
  const hide = (node: AudioScheduledSourceNode): void => {
    if (hidden.has(node) || !liveOf(node.context)) return;
    hidden.add(node);
    addListener.call(node, "ended", (event: Event) => void (event.isTrusted && event.stopImmediatePropagation()));
  };
  prototype.addEventListener = function (this: AudioScheduledSourceNode, ...options: unknown[]) {
    hide(this);
    addListener.apply(this, options);
  } as typeof prototype.addEventListener;
  const onended: PropertyDescriptor = Object.getOwnPropertyDescriptor(prototype, "onended")!;
  Object.defineProperty(prototype, "onended", {
    ...onended,
    set(this: AudioScheduledSourceNode, listener: unknown) {
      hide(this);
      onended.set!.call(this, listener);
    },
  });
}
