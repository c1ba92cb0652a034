import type { Adapter, AdapterTime } from "./adapter.ts";

/** As much of the engine of anime.js 4 as is used here. */
interface Engine {
  useDefaultMainLoop: boolean;
  reqId: number;
  update(): void;
  wake(): unknown;
  readonly _speed: number;
  _lastTickTime: number;
  /** When it was updated last. */
  readonly _lastTime: number;
  readonly _frameDuration: number;
  readonly _head: Playing | null;
}

/** A timer, an animation or a timeline that the engine plays. Times are in milliseconds of `Date.now()`. */
interface Playing {
  readonly _next: Playing | null;
  readonly _currentTime: number;
  readonly _delay: number;
  readonly _speed: number;
  readonly duration: number;
  _startTime: number;
}

interface AnimeWindow extends Window {
  /** Each copy of the library adds itself. */
  readonly AnimeJS?: readonly { readonly engine?: Partial<Engine> | null }[];
}

/** What starts is shifted so far ahead, for its first frame to show something new. */
const HEAD_START_MS = 12;
/** What repeats for ever lasts as long as this. */
const ENDLESS_MS = 1e12;

/** Takes the main loop of anime.js away, by its own option, and plays by the exact time: its clock counts whole milliseconds. */
export function animeAdapter(): Adapter {
  const found = new Map<Partial<Engine>, DrivenEngine>();
  let seconds = 0;
  return {
    name: "animejs",
    runs: "before-frames",
    discover(page) {
      for (const view of page.windows as readonly AnimeWindow[]) {
        for (const { engine } of view.AnimeJS ?? []) {
          if (isDrivable(engine) && !found.has(engine)) found.set(engine, new DrivenEngine(engine, view, page.now));
        }
      }
      return found.size > 0;
    },
    seek(time) {
      seconds = time.seconds;
      for (const driven of found.values()) driven.seek();
    },
    duration() {
      const left: number[] = [...found.values()].flatMap((driven) => driven.leftSeconds() ?? []);
      return left.length === 0 ? null : seconds + Math.max(...left);
    },
    // What has ended leaves the engine, and callbacks are not undone.
    isSequential: () => [...found.values()].some((driven) => driven.hasPlayed),
  };
}

function isDrivable(engine: Partial<Engine> | null | undefined): engine is Engine {
  return engine?._head !== undefined && typeof engine._lastTickTime === "number" && typeof engine.update === "function";
}

class DrivenEngine {
  readonly #engine: Engine;
  /** Where each that plays was put; one that is found elsewhere has been started anew. */
  readonly #knownStarts = new WeakMap<Playing, number>();
  #lastTickMs: number;
  #isUpdating = false;
  #hasPlayed = false;
  /** Loading takes no time: what it started begins with the first frame. */
  #isLoading: boolean;

  constructor(engine: Engine, view: Window, now: AdapterTime) {
    this.#engine = engine;
    this.#lastTickMs = engine._lastTickTime;
    this.#isLoading = now.seconds === 0;
    engine.useDefaultMainLoop = false;
    view.cancelAnimationFrame(engine.reqId);
    engine.reqId = 0;
    // It is called for each that starts or goes on, as the last thing.
    engine.wake = () => {
      this.#takeStarted();
      return engine;
    };
    this.#takeStarted();
  }

  get hasPlayed(): boolean {
    return this.#hasPlayed || this.#engine._head !== null;
  }

  seek(): void {
    const engine: Engine = this.#engine;
    const clockMs: number = Date.now();
    const lostMs: number = lostByClock();
    if (this.#isLoading) for (const one of this.#playing()) this.#put(one, this.#startNow(one) + lostMs);
    this.#isLoading = false;
    const startsMs = new Map<Playing, number>();
    for (const one of this.#playing()) {
      startsMs.set(one, one._startTime);
      this.#put(one, one._startTime - lostMs);
    }
    this.#hasPlayed ||= startsMs.size > 0;
    // The engine leaves out what comes too soon after its last tick, and each animation that is made counts as one.
    engine._lastTickTime = engine._lastTime >= clockMs ? clockMs - engine._frameDuration : this.#lastTickMs;
    this.#isUpdating = true;
    engine.update();
    this.#isUpdating = false;
    this.#lastTickMs = engine._lastTickTime;
    for (const one of this.#playing()) {
      const startMs: number | undefined = startsMs.get(one);
      // Those that stayed get their very value back: sums would drift.
      this.#put(one, startMs !== undefined && one._startTime === startMs - lostMs ? startMs : one._startTime + lostMs);
    }
  }

  /** How long it is until the last one ends, in seconds; null where none does. */
  leftSeconds(): number | null {
    const left: number[] = [...this.#playing()]
      .filter(({ duration }) => duration < ENDLESS_MS)
      .map(({ duration, _currentTime, _speed }) => (duration - _currentTime) / (_speed * this.#engine._speed));
    return left.length === 0 ? null : Math.max(...left) / 1000;
  }

  *#playing(): Generator<Playing> {
    for (let one: Playing | null = this.#engine._head; one; one = one._next) yield one;
  }

  /** Takes the head start away from those that started just now. */
  #takeStarted(): void {
    for (const one of this.#playing()) {
      if (this.#knownStarts.get(one) === one._startTime) continue;
      const startMs: number = this.#startNow(one);
      const isStarted: boolean = Math.abs(startMs - HEAD_START_MS - one._startTime) < 0.01;
      if (isStarted) this.#put(one, startMs + (this.#isUpdating ? 0 : lostByClock()));
    }
  }

  /** What its start must be to go on now from where it stands. */
  #startNow({ _currentTime, _delay, _speed }: Playing): number {
    return Date.now() - (_currentTime + _delay) / (_speed * this.#engine._speed);
  }

  #put(one: Playing, startMs: number): void {
    one._startTime = startMs;
    this.#knownStarts.set(one, startMs);
  }
}

/** What `Date.now()` leaves out of the present, in milliseconds: during an update starts are earlier by as much. */
function lostByClock(): number {
  const nowMs: number = performance.now();
  return nowMs - Math.floor(nowMs);
}
