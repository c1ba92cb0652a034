import { realTime } from "../clock/real-time.ts";
import type { PageWindow } from "../clock/page-window.ts";
import type { Adapter, AdapterPage, AdapterTime } from "./adapter.ts";
import { FrozenAnimation, type NativePlay } from "./frozen-animation.ts";

/** Events that a page hears of animations; their handlers may change what is shown. */
const heard: ReadonlySet<string> = new Set([
  "animationstart",
  "animationiteration",
  "animationend",
  "animationcancel",
  "transitionrun",
  "transitionstart",
  "transitionend",
  "transitioncancel",
  "finish",
  "cancel",
  "remove",
]);
/** Handlers that start animations whose events start others are followed so far within one frame. */
const EVENT_ROUNDS = 8;

/** CSS animations and transitions, and the Web Animations API, in virtual time. */
export function animationsAdapter(): Adapter {
  return new Animations();
}

class Animations implements Adapter {
  readonly name = "animations";
  readonly runs = "before-frames";
  readonly #frozen = new Map<Animation, FrozenAnimation>();
  readonly #natives = new WeakMap<object, NativePlay>();
  #page!: AdapterPage;
  /** The browser has events to send. */
  #hasEvents = false;
  #isHeard = false;
  #isSequential = false;

  install(view: Window, page: AdapterPage): void {
    this.#page = page;
    this.#replacePlay(view as PageWindow);
    this.#hearListeners(view as PageWindow);
  }

  discover(page: AdapterPage): boolean {
    // As in a browser's frame: what is known comes to the time first, and transitions that begin start from there.
    if (page.added !== null) this.#show();
    if (page.hasNewStyles) this.#look(page);
    return this.#frozen.size > 0;
  }

  /** Looks in any case: a checked box, the focus, a rule, another animation change what style matches, as the tree does. */
  notice(page: AdapterPage): void {
    this.#show();
    this.#look(page);
  }

  seek({ milliseconds }: AdapterTime): void | Promise<void> {
    for (const one of this.#frozen.values()) one.start(milliseconds);
    this.#show();
    if (this.#hasEvents && this.#isHeard) return this.#letEventsCome();
  }

  duration(): number | null {
    const ends: number[] = [...this.#frozen.values()].flatMap(({ endsAtMs }) => endsAtMs ?? []);
    const { seconds, milliseconds } = this.#page.now;
    return ends.length === 0 ? null : (Math.max(...ends) - milliseconds) / 1000 + seconds;
  }

  isSequential(): boolean {
    // What handlers of events do happens at its time, and not where a later frame is asked for first.
    return this.#isSequential || (this.#isHeard && this.#frozen.size > 0);
  }

  #show(): void {
    const nowMs: number = this.#now();
    for (const one of this.#frozen.values()) if (one.seek(nowMs)) this.#hasEvents = true;
  }

  /** Takes in what style started since the last look, and lets go what style ended. */
  #look({ roots, now, restyled }: AdapterPage): void {
    const nowMs: number = now.milliseconds;
    // One computation of styles for all: between two changes of an animation's time each question would cost one.
    const relevant: Animation[] = roots.flatMap((root) => root.getAnimations());
    for (const animation of relevant) this.#freeze(animation);
    for (const [animation, one] of this.#frozen) {
      // The others change by what scripts call alone.
      if (!one.isOfStyle) continue;
      if (one.isDone && this.#isSequential) {
        this.#frozen.delete(animation);
        continue;
      }
      const state: AnimationPlayState = one.playState;
      if (state === "idle") this.#frozen.delete(animation);
      else if (state === "paused" && one.isRunning) one.hold(nowMs);
      else if (state === "running" && !one.isRunning && one.rate !== 0) one.resume();
      else continue;
      this.#noteChange();
    }
    for (const one of this.#frozen.values()) if (one.isStyledBy(restyled)) one.showAnew();
  }

  #freeze(animation: Animation): FrozenAnimation | null {
    const known: FrozenAnimation | undefined = this.#frozen.get(animation);
    if (known) return known;
    const native: NativePlay | undefined = this.#natives.get(prototypeOf(animation));
    // Those that follow scrolling stand still by themselves.
    if (!native || !followsTime(animation) || native.playState(animation) === "idle") return null;
    const one = new FrozenAnimation(animation, native, animation.playbackRate);
    this.#frozen.set(animation, one);
    this.#noteChange();
    return one;
  }

  /** What happens to an animation at one time is not undone by going back. */
  #noteChange(): void {
    this.#hasEvents = true;
    if (this.#page.now.seconds > 0) this.#isSequential = true;
  }

  /** Events come with the browser's next frame; what their handlers start begins in this one. */
  async #letEventsCome(): Promise<void> {
    for (let round = 0; this.#hasEvents && round < EVENT_ROUNDS; round++) {
      this.#hasEvents = false;
      await realTime.nextFrame();
      await realTime.nextTask();
      this.#show();
      this.#look(this.#page);
      for (const one of this.#frozen.values()) one.start(this.#now());
      this.#show();
    }
  }

  /** What the page reads and writes of an animation's time is virtual. */
  #replacePlay(view: PageWindow): void {
    const { prototype } = view.Animation;
    const own = (name: string): PropertyDescriptor => Object.getOwnPropertyDescriptor(prototype, name)!;
    const [currentTime, startTime, playbackRate, playState] = ["currentTime", "startTime", "playbackRate", "playState"].map(own);
    const { play, pause, reverse, finish, cancel, updatePlaybackRate } = prototype;
    const known = (animation: Animation): FrozenAnimation | undefined => this.#frozen.get(animation);
    const forget = (animation: Animation): void => {
      if (this.#frozen.delete(animation)) this.#noteChange();
    };
    this.#natives.set(view.Animation.prototype, {
      setCurrentTime: (animation, timeMs) => currentTime!.set!.call(animation, timeMs),
      setStart: (animation, startMs) => startTime!.set!.call(animation, startMs),
      setRate: (animation, rate) => playbackRate!.set!.call(animation, rate),
      playState: (animation) => playState!.get!.call(animation) as AnimationPlayState,
      isIdle: (animation) => startTime!.get!.call(animation) === null,
      finish: (animation) => finish.call(animation),
    });
    const frozen = (animation: Animation): FrozenAnimation | null => this.#frozen.get(animation) ?? this.#freeze(animation);
    const act = (animation: Animation, real: () => void, virtual: (one: FrozenAnimation) => void): void => {
      const one: FrozenAnimation | null = frozen(animation);
      if (!one) return real();
      const { isRunning, rate } = one;
      virtual(one);
      if (one.isRunning !== isRunning || one.rate !== rate) this.#noteChange();
    };
    const setRate = (animation: Animation, rate: number): void =>
      act(
        animation,
        () => playbackRate!.set!.call(animation, rate),
        (one) => one.setRate(rate, this.#now()),
      );
    Object.assign(prototype, {
      play(this: Animation): void {
        play.call(this);
        act(
          this,
          () => {},
          (one) => one.isRunning || one.play(now()),
        );
      },
      pause(this: Animation): void {
        pause.call(this);
        act(
          this,
          () => {},
          (one) => one.hold(now()),
        );
      },
      reverse(this: Animation): void {
        act(
          this,
          () => reverse.call(this),
          (one) => one.reverse(now()),
        );
      },
      cancel(this: Animation): void {
        act(
          this,
          () => {},
          (one) => one.letGo(),
        );
        forget(this);
        cancel.call(this);
      },
      finish(this: Animation): void {
        act(
          this,
          () => finish.call(this),
          (one) => one.end(now()),
        );
      },
      updatePlaybackRate(this: Animation, rate: number): void {
        if (frozen(this)) setRate(this, rate);
        else updatePlaybackRate.call(this, rate);
      },
    });
    const now = (): number => this.#now();
    const property = (
      name: string,
      real: PropertyDescriptor,
      get: (one: FrozenAnimation) => unknown,
      set: (one: FrozenAnimation, value: never) => void,
    ): void => {
      Object.defineProperty(prototype, name, {
        ...real,
        get(this: Animation): unknown {
          const one: FrozenAnimation | undefined = known(this);
          return one ? get(one) : real.get!.call(this);
        },
        set(this: Animation, value: unknown) {
          act(
            this,
            () => {
              real.set!.call(this, value);
              // A time may be what starts one that a script made idle.
              const started: FrozenAnimation | null = value === null ? null : frozen(this);
              if (started) set(started, value as never);
            },
            (one) => (value === null ? real.set!.call(this, value) : set(one, value as never)),
          );
        },
      });
    };
    property(
      "currentTime",
      currentTime!,
      (one) => one.shownMs,
      (one, value) => one.setTime(Number(value), now()),
    );
    property(
      "startTime",
      startTime!,
      (one) => one.startMs,
      (one, value) => one.setStart(Number(value), now()),
    );
    property(
      "playbackRate",
      playbackRate!,
      (one) => one.rate,
      (one, value) => one.setRate(Number(value), now()),
    );

    const { animate } = view.Element.prototype;
    const freeze = (animation: Animation): Animation => {
      frozen(animation);
      return animation;
    };
    view.Element.prototype.animate = function (...args) {
      return freeze(animate.apply(this, args));
    };
    // Who asks for the promise acts when it is kept, as who hears an event.
    const finished: PropertyDescriptor = own("finished");
    const hear = (): void => {
      this.#isHeard = true;
    };
    Object.defineProperty(prototype, "finished", {
      ...finished,
      get(this: Animation): unknown {
        hear();
        return finished.get!.call(this);
      },
    });
    const effect: PropertyDescriptor = own("effect");
    Object.defineProperty(prototype, "effect", {
      ...effect,
      set(this: Animation, value: AnimationEffect | null) {
        effect.set!.call(this, value);
        known(this)?.takeEffect();
      },
    });
    const { updateTiming } = view.AnimationEffect.prototype;
    const rereadTiming = (effect: AnimationEffect): void => {
      for (const one of this.#frozen.values()) if (one.effect === effect) one.readTiming();
    };
    view.AnimationEffect.prototype.updateTiming = function (timing) {
      updateTiming.call(this, timing);
      rereadTiming(this);
    };
  }

  #now(): number {
    return this.#page.now.milliseconds;
  }

  #hearListeners(view: PageWindow): void {
    const hear = (type: string): void => {
      this.#isHeard ||= heard.has(type);
    };
    const { addEventListener } = view.EventTarget.prototype;
    view.EventTarget.prototype.addEventListener = function (type: string, ...rest: [never, never]) {
      hear(type);
      return addEventListener.call(this, type, ...rest);
    };
    for (const type of heard) {
      for (const holder of [
        view.Animation.prototype,
        view.HTMLElement.prototype,
        view.SVGElement.prototype,
        view.Document.prototype,
        view,
      ]) {
        const descriptor: PropertyDescriptor | undefined = Object.getOwnPropertyDescriptor(holder, `on${type}`);
        if (!descriptor?.set) continue;
        Object.defineProperty(holder, `on${type}`, {
          ...descriptor,
          set(value) {
            hear(type);
            descriptor.set!.call(this, value);
          },
        });
      }
    }
  }
}

/** `Animation.prototype` of the realm that the animation is of. */
function prototypeOf(animation: Animation): object {
  let prototype: object = Object.getPrototypeOf(animation) as object;
  while (!Object.hasOwn(prototype, "playState")) prototype = Object.getPrototypeOf(prototype) as object;
  return prototype;
}

function followsTime({ timeline, effect }: Animation): boolean {
  return effect !== null && (timeline === null || "originTime" in timeline || timeline.constructor.name === "DocumentTimeline");
}
