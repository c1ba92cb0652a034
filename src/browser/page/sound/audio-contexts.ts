import type { PageWindow } from "../clock/page-window.ts";
import type { VirtualClock } from "../clock/virtual-clock.ts";
import { installAudioContexts } from "./install-audio-contexts.ts";
import type { LiveContext } from "./live-context.ts";
import { MediaNodes, type MediaToHear } from "./media-nodes.ts";

/** Sound that one context made, at its own sample rate. */
export interface MadeSound {
  readonly sampleRate: number;
  /** Seconds of the video. */
  readonly start: number;
  readonly channels: readonly Float32Array[];
}

/** The AudioContexts of a page, in virtual time, and what they play. */
export class AudioContexts {
  readonly #clock: VirtualClock;
  readonly #warn: (reason: string) => void;
  readonly #live = new Map<BaseAudioContext, LiveContext>();
  readonly #nodes: MediaNodes;
  #isListening = false;

  constructor(clock: VirtualClock, media: MediaToHear, warn: (reason: string) => void) {
    this.#clock = clock;
    this.#warn = warn;
    this.#nodes = new MediaNodes(media, warn);
  }

  install(view: PageWindow): void {
    installAudioContexts(view, this.#clock, {
      opened: (live) => this.#add(live),
      liveOf: (context) => this.#live.get(context) ?? null,
      mediaNode: (live, element) => this.#nodes.open(live, element),
      warn: this.#warn,
    });
  }

  get areInUse(): boolean {
    return this.#live.size > 0;
  }

  /** What the page shows may depend on what it heard, so that it cannot go back. */
  get areLookedAt(): boolean {
    return [...this.#live.values()].some(({ isLookedAt }) => isLookedAt);
  }

  /** Whether the sound of an element goes through one of them, instead of being heard by itself. */
  carry(element: HTMLMediaElement): boolean {
    return this.#nodes.carry(element);
  }

  /** Keeps what is played from now on. */
  listen(): void {
    this.#isListening = true;
    for (const { lockstep } of this.#live.values()) lockstep.record();
  }

  /** Plays up to a time of the page, where anybody hears it or looks at it. Nothing, and at once, otherwise. */
  async advance(pageMs: number): Promise<void> {
    for (const live of this.#live.values()) {
      if (!this.#isListening && !live.isLookedAt) continue;
      this.#nodes.follow(live);
      await live.lockstep.advance(live.time.at(pageMs));
    }
  }

  /**
   * What was played, of each context and each time that it ran, and of nothing before the video.
   *
   * @param loadedMs the page's time at the beginning of the video, in milliseconds
   * @param endSeconds where the video ends
   */
  async played(loadedMs: number, endSeconds: number): Promise<MadeSound[]> {
    this.#isListening = false;
    const made: MadeSound[] = [];
    for (const { context, time, lockstep } of this.#live.values()) {
      const { sampleRate } = context;
      const endMs: number = loadedMs + endSeconds * 1000;
      const spans = time.running
        .map(({ fromMs, untilMs, fromSeconds }) => ({ fromMs, untilMs: Math.min(untilMs ?? endMs, endMs), fromSeconds }))
        .filter(({ fromMs, untilMs }) => untilMs > Math.max(fromMs, loadedMs));
      const last = spans.at(-1);
      if (!last) continue;
      const channels = await lockstep.recorded(last.fromSeconds + (last.untilMs - last.fromMs) / 1000);
      if (lockstep.fault !== null) this.#warn(`An AudioContext of the page could not be played, and is not heard: ${lockstep.fault}`);
      for (const { fromMs, untilMs, fromSeconds } of spans) {
        const lateMs: number = Math.max(0, loadedMs - fromMs);
        const first: number = Math.round((fromSeconds + lateMs / 1000) * sampleRate);
        const end: number = Math.round((fromSeconds + (untilMs - fromMs) / 1000) * sampleRate);
        made.push({
          sampleRate,
          start: (fromMs + lateMs - loadedMs) / 1000,
          channels: channels.map((channel) => channel.subarray(first, end)),
        });
      }
    }
    return made;
  }

  #add(live: LiveContext): void {
    this.#live.set(live.context, live);
    if (this.#isListening) live.lockstep.record();
  }
}
