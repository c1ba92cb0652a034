import type { Adapter, AdapterTime } from "./adapter.ts";
import { hearGsapCopies } from "./gsap-copies.ts";

/** As much of GSAP 3 as is used here. Its classes keep more than their types tell: what begins with `_` is checked before use. */
interface Gsap {
  readonly ticker: Ticker;
  readonly globalTimeline: Timeline;
  defaults(): { readonly overwrite?: unknown };
}

interface Ticker {
  time: number;
  frame: number;
  tick(): void;
  wake(): void;
  sleep(): void;
  lagSmoothing(thresholdMs: number): void;
  deltaRatio(framesPerSecond?: number): number;
  readonly _listeners?: TickListener[];
}

type TickListener = (seconds: number, deltaMs: number, frame: number, isManual: boolean) => void;

interface Animation {
  readonly vars: Readonly<Record<string, unknown>>;
  paused(): boolean;
  startTime(): number;
  endTime(): number;
  timeScale(): number;
  totalDuration(): number;
  totalTime(seconds: number, suppressEvents: boolean): unknown;
  /** What it calls for the promise that its `then` gave. */
  readonly _prom?: unknown;
}

interface Timeline extends Animation {
  autoRemoveChildren: boolean;
  getChildren(nested: boolean): Animation[];
}

interface GsapWindow extends Window {
  readonly gsap?: Partial<Gsap>;
  /** Timelines that their author leaves paused for whoever renders the page, by the id of their composition. */
  readonly __timelines?: Readonly<Record<string, Partial<Timeline> | undefined>>;
}

/** GSAP gives what repeats for ever this duration, or a longer one. */
const ENDLESS_SECONDS = 1e8;
/** Callbacks that run once when the playhead passes a place; `onUpdate` runs wherever it goes, in either direction. */
const PASSING: readonly string[] = ["onStart", "onComplete", "onRepeat", "onReverseComplete", "onInterrupt"];

/**
 * Takes GSAP's ticker out of the browser's hands: its own clock counts whole milliseconds. The global timeline and the other
 * listeners of the ticker are called with the exact time.
 */
export function gsapAdapter(): Adapter {
  const found = new Map<Gsap, DrivenGsap>();
  const heard: { readonly view: GsapWindow; readonly gsap: Partial<Gsap> }[] = [];
  return {
    name: "gsap",
    runs: "before-frames",
    install(view) {
      hearGsapCopies(view, (gsap) => heard.push({ view, gsap: gsap as Partial<Gsap> }));
    },
    discover(page) {
      const globals = (page.windows as readonly GsapWindow[]).map((view) => ({ view, gsap: view.gsap }));
      for (const { view, gsap } of [...heard.splice(0), ...globals]) {
        if (isDrivable(gsap) && !found.has(gsap)) found.set(gsap, new DrivenGsap(gsap, view, page.now));
      }
      // What is animated later without anything being added comes of callbacks, timers or events.
      if (page.added?.length !== 0) for (const driven of found.values()) driven.look();
      return found.size > 0;
    },
    seek(time) {
      for (const driven of found.values()) driven.seek(time);
    },
    duration() {
      const ends: number[] = [...found.values()].flatMap((driven) => driven.end() ?? []);
      return ends.length === 0 ? null : Math.max(...ends);
    },
    isSequential: () => [...found.values()].some((driven) => driven.isSequential),
  };
}

function isDrivable(gsap: Partial<Gsap> | undefined): gsap is Gsap {
  return Array.isArray(gsap?.ticker?._listeners) && typeof gsap.globalTimeline?.getChildren === "function";
}

class DrivenGsap {
  readonly #gsap: Gsap;
  readonly #view: GsapWindow;
  /** The composition's time at which GSAP's was 0. It stands still while the page loads. */
  readonly #originSeconds: number;
  #lastIndex: number;
  #lastSeconds: number | null = null;
  #deltaMs = 0;
  #passes = false;

  constructor(gsap: Gsap, view: GsapWindow, now: AdapterTime) {
    this.#gsap = gsap;
    this.#view = view;
    const { ticker, globalTimeline } = gsap;
    ticker.lagSmoothing(0);
    if (now.seconds > 0) {
      // It came between two frames. A tick makes it read the clock, and nobody need hear of it.
      const listeners: TickListener[] = ticker._listeners!.splice(0);
      ticker.tick();
      ticker._listeners!.push(...listeners);
    }
    this.#originSeconds = now.seconds - ticker.time;
    this.#lastIndex = now.index - 1;
    ticker.sleep();
    // Every new animation would wake it.
    ticker.wake = () => {};
    ticker.deltaRatio = (framesPerSecond = 60) => (this.#deltaMs * framesPerSecond) / 1000;
    // What has ended would be forgotten, so that there was no way back.
    globalTimeline.autoRemoveChildren = false;
  }

  get isSequential(): boolean {
    return this.#passes;
  }

  /** Looks whether anything will happen that going back would not undo. */
  look(): void {
    this.#passes ||= this.#gsap.defaults().overwrite === "auto" || this.#gsap.ticker._listeners!.length > 1 || this.#played().some(passes);
  }

  seek(time: AdapterTime): void {
    // Tweens read where they begin when they are first shown, so a way of many frames is gone frame by frame, as when it is played.
    for (let index = this.#lastIndex + 1; index < time.index; index++) this.#tick((time.seconds * index) / time.index);
    if (this.#lastSeconds !== time.seconds) this.#tick(time.seconds);
    this.#lastIndex = time.index;
    this.#lastSeconds = time.seconds;
    for (const timeline of this.#declared()) if (timeline.paused()) timeline.totalTime(time.seconds, false);
  }

  /** In seconds of the composition; null where nothing ends. */
  end(): number | null {
    const declared = new Set<Animation>(this.#declared());
    const ends: number[] = this.#played().map((one) =>
      declared.has(one) ? endOf(one) - one.startTime() : this.#originSeconds + endOf(one),
    );
    const finite: number[] = ends.filter(Number.isFinite);
    return finite.length === 0 ? null : Math.max(...finite);
  }

  /** Those of the global timeline that time moves. */
  #played(): Animation[] {
    const declared = new Set<Animation>(this.#declared());
    return this.#gsap.globalTimeline.getChildren(false).filter((one) => !one.paused() || declared.has(one));
  }

  #tick(seconds: number): void {
    const { ticker } = this.#gsap;
    const own: number = Math.max(0, seconds - this.#originSeconds);
    this.#deltaMs = (own - ticker.time) * 1000;
    ticker.time = own;
    ticker.frame++;
    for (const listener of [...ticker._listeners!]) listener(own, this.#deltaMs, ticker.frame, false);
  }

  /** Where the page has no compositions of its own, to whose time they belong. */
  #declared(): Timeline[] {
    const { __timelines, document } = this.#view;
    if (!__timelines || document.querySelector("[data-composition-id]")) return [];
    return Object.values(__timelines).filter(
      (one): one is Timeline => typeof one?.totalTime === "function" && typeof one.paused === "function",
    );
  }
}

/** Whether it, or a part of it, does what is not undone by going back. */
function passes(animation: Animation): boolean {
  const { vars, _prom: promised } = animation;
  if (promised || vars["overwrite"] === "auto" || vars["repeatRefresh"] === true) return true;
  return PASSING.some((name) => typeof vars[name] === "function") || partsOf(animation).some(passes);
}

function partsOf(animation: Animation): Animation[] {
  return "getChildren" in animation ? (animation as Timeline).getChildren(false) : [];
}

/** In seconds of its parent; of what has an endless part the last end of the others. Minus infinity where all is endless. */
function endOf(animation: Animation): number {
  if (animation.totalDuration() < ENDLESS_SECONDS) return animation.endTime();
  const parts: Animation[] = partsOf(animation);
  const repeats: unknown = animation.vars["repeat"] ?? 0;
  if (parts.length === 0 || repeats === Infinity || Number(repeats) < 0) return -Infinity;
  return animation.startTime() + Math.max(...parts.map(endOf)) / Math.abs(animation.timeScale() || 1);
}
