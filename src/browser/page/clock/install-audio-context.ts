import type { PageWindow } from "./page-window.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/**
 * Lets a page's AudioContext run in virtual time. Without a person's click the browser keeps it suspended: `resume()` would
 * never answer, `currentTime` never move, and a page that waits for either would stand still for ever.
 */
export function installAudioContext(view: PageWindow, clock: VirtualClock): void {
  const { AudioContext, AudioScheduledSourceNode, AudioBufferSourceNode } = view;
  const contexts = new WeakMap<BaseAudioContext, ContextTime>();
  const timeOf = (context: BaseAudioContext): ContextTime => {
    const known: ContextTime = contexts.get(context) ?? new ContextTime(clock);
    contexts.set(context, known);
    return known;
  };
  // The time of an offline context is its own: it runs as fast as it can.
  const isLive = (context: BaseAudioContext): boolean => context instanceof AudioContext;
  const { prototype } = AudioContext;
  for (const [name, state] of [
    ["resume", "running"],
    ["suspend", "suspended"],
    ["close", "closed"],
  ] as const) {
    prototype[name] = async function (this: AudioContext) {
      if (timeOf(this).change(state)) this.dispatchEvent(new view.Event("statechange"));
    };
  }
  const base: object = view.BaseAudioContext.prototype;
  for (const [name, read] of [
    ["currentTime", (time: ContextTime) => time.seconds],
    ["state", (time: ContextTime) => time.state],
  ] as const) {
    const descriptor: PropertyDescriptor = Object.getOwnPropertyDescriptor(base, name)!;
    Object.defineProperty(base, name, {
      ...descriptor,
      get(this: BaseAudioContext) {
        return isLive(this) ? read(timeOf(this)) : (descriptor.get!.call(this) as unknown);
      },
    });
  }

  // Nothing sounds, so nothing ends by itself.
  const endAt = (node: AudioScheduledSourceNode, seconds: number): void => {
    if (!isLive(node.context)) return;
    const waitMs: number = Math.max(0, seconds - timeOf(node.context).seconds) * 1000;
    clock.setTimer(() => node.dispatchEvent(new view.Event("ended")), Math.ceil(waitMs), false);
  };
  const { stop } = AudioScheduledSourceNode.prototype;
  AudioScheduledSourceNode.prototype.stop = function (when = 0) {
    stop.call(this, when);
    endAt(this, when);
  };
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (when = 0, ...range) {
    start.call(this, when, ...range);
    const [offset = 0, duration = (this.buffer?.duration ?? 0) - offset] = range;
    if (!this.loop) endAt(this, Math.max(when, timeOf(this.context).seconds) + duration / this.playbackRate.value);
  };
}

/** The time of one context: it moves while the context runs. */
class ContextTime {
  readonly #clock: VirtualClock;
  #state: AudioContextState = "running";
  #runsSinceMs: number;
  #passedMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.#runsSinceMs = clock.nowMs;
  }

  get state(): AudioContextState {
    return this.#state;
  }

  get seconds(): number {
    return (this.#passedMs + (this.#state === "running" ? this.#clock.read() - this.#runsSinceMs : 0)) / 1000;
  }

  /** Says whether the state is another now. */
  change(state: AudioContextState): boolean {
    if (this.#state === "closed" || this.#state === state) return false;
    this.#passedMs = this.seconds * 1000;
    this.#runsSinceMs = this.#clock.nowMs;
    this.#state = state;
    return true;
  }
}
