import type { Timeline } from "./timeline.ts";

/** An animation or timeline of anime.js 4. Its times are milliseconds. */
export interface AnimeInstance {
  seek(milliseconds: number): unknown;
  pause?(): unknown;
  /** Undoes what it did to the page. */
  revert?(): unknown;
  /** Of all its rounds. */
  readonly duration?: unknown;
}

interface AnimeRegistration {
  readonly id: string;
  readonly instance: AnimeInstance;
  /** Seconds. */
  readonly labels: Readonly<Record<string, number>>;
}

/** `hyperframesAnime`: where compositions register what anime.js is to play. */
export interface AnimeRegistry {
  register(id: string, instance: AnimeInstance, options?: Partial<Pick<AnimeRegistration, "labels">>): AnimeRegistration;
  unregister(id: string): void;
  get(id: string): AnimeRegistration | null;
  entries(): AnimeRegistration[];
  /** Seconds; null where there is no such label. */
  resolveLabel(id: string, label: string): number | null;
}

export function animeRegistry(): AnimeRegistry {
  const registered = new Map<string, AnimeRegistration>();
  return {
    register(id, instance, { labels = {} } = {}) {
      const registration: AnimeRegistration = { id, instance, labels };
      registered.set(id, registration);
      return registration;
    },
    unregister: (id) => void registered.delete(id),
    get: (id) => registered.get(id) ?? null,
    entries: () => [...registered.values()],
    resolveLabel: (id, label) => registered.get(id)?.labels[label] ?? null,
  };
}

/** The registry as a mounted composition sees it, in which any of its ids means its own. */
export function scopedAnimeRegistry(registry: AnimeRegistry, named: (id: string) => string): AnimeRegistry {
  return {
    register: (id, instance, options) => registry.register(named(id), instance, options),
    unregister: (id) => registry.unregister(named(id)),
    get: (id) => registry.get(named(id)),
    entries: () => registry.entries(),
    resolveLabel: (id, label) => registry.resolveLabel(named(id), label),
  };
}

export function isAnimeInstance(value: unknown): value is AnimeInstance {
  return typeof (value as Partial<AnimeInstance> | null)?.seek === "function";
}

/** What repeats for ever lasts as long as this, or longer, in milliseconds. */
const ENDLESS_MS = 1e12;
/** Longer than any that does not say how long it is, in milliseconds. */
const LONG_MS = 36e6;

const timelines = new WeakMap<AnimeInstance, Timeline>();

/** What was registered, as a timeline. */
export function animeTimeline(instance: AnimeInstance, document: Document): Timeline {
  const known: Timeline | undefined = timelines.get(instance);
  if (known) return known;
  const durationMs = (): number => {
    const { duration } = instance;
    return Number(typeof duration === "function" ? duration.call(instance) : duration);
  };
  let hasBeenSeen = false;
  const timeline: Timeline = {
    isSequential: true,
    seek(seconds) {
      if (!hasBeenSeen) seeWhole(instance, durationMs(), document);
      hasBeenSeen = true;
      // A sum of seconds may fall short of the millisecond at which something begins.
      instance.seek(Math.round(seconds * 1e9) / 1e6);
    },
    pause: () => instance.pause?.(),
    duration: () => (durationMs() < ENDLESS_MS ? durationMs() / 1000 : null),
    revert: () => instance.revert?.(),
  };
  timelines.set(instance, timeline);
  return timeline;
}

/** A part of a timeline shows where it begins only once it has been seen. */
function seeWhole(instance: AnimeInstance, durationMs: number, document: Document): void {
  // Words such as "hidden" are not put back by going back.
  const words: [CSSStyleDeclaration, string, string][] = [...document.querySelectorAll<HTMLElement>("*")].flatMap(({ style }) =>
    style ? [[style, style.visibility, style.display]] : [],
  );
  instance.seek(durationMs > 0 && durationMs < ENDLESS_MS ? durationMs : LONG_MS);
  instance.seek(0);
  for (const [style, visibility, display] of words) {
    if (style.visibility !== visibility) style.visibility = visibility;
    if (style.display !== display) style.display = display;
  }
}
