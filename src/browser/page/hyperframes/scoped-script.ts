import { scopedAnimeRegistry, type AnimeRegistry } from "./anime-registry.ts";
import { renderValues, type Variables } from "./variables.ts";
import type { HyperframesApi, HyperframesWindow } from "./hyperframes-window.ts";
import { AUTHORED_ID, renamedSelector, type Scope } from "./scope.ts";

/** What a script of a mounted composition sees under the names of the page. */
export interface ScopedGlobals {
  readonly document: Document;
  readonly gsap: unknown;
  readonly window: HyperframesWindow;
  readonly __hyperframes: HyperframesApi;
  readonly hyperframesAnime: AnimeRegistry;
}

/** Globals by which a script finds only what is in its own composition, and registers under its own id. */
export function scopedGlobals(view: HyperframesWindow, scope: Scope, variables: Variables): ScopedGlobals {
  const find = (selector: string): Element[] => findInScope(view.document, selector, scope);
  const document: Document = passingThrough(view.document, {
    querySelector: (selector: string) => find(selector)[0] ?? null,
    querySelectorAll: find,
    getElementById: (id: string) => elementById(id, scope),
  });
  const hyperframesAnime: AnimeRegistry = scopedAnimeRegistry(view.hyperframesAnime!, (id) =>
    scope.authoredIds.includes(id) ? scope.id : id,
  );
  const api: HyperframesApi = {
    ...view.__hyperframes!,
    getVariables: () => ({ ...variables, ...renderValues(view) }),
    hyperframesAnime,
  };
  const gsap: unknown = view.gsap === undefined ? undefined : scopedGsap(view.gsap, find);
  const registry: object = scopedRegistry(view, scope);
  const window: HyperframesWindow = passingThrough(view, {
    document,
    __hyperframes: api,
    hyperframesAnime,
    ...(gsap === undefined ? {} : { gsap }),
    get __timelines(): object {
      return registry;
    },
    // "window.__timelines = window.__timelines || {}" leaves what is there; a new object is added to it.
    set __timelines(timelines: object) {
      if (timelines !== registry) Object.assign(registry, timelines);
    },
  });
  return { document, gsap, window, __hyperframes: api, hyperframesAnime };
}

function findInScope(document: Document, selector: string, scope: Scope): Element[] {
  return [...document.querySelectorAll(renamedSelector(selector, scope))].filter((element) => scope.host.contains(element));
}

function elementById(id: string, { host, rootId }: Scope): Element | null {
  if (id === host.id) return host;
  return host.querySelector(id === rootId ? `[${AUTHORED_ID}="${CSS.escape(id)}"]` : `#${CSS.escape(id)}`);
}

/** An object as it is, but for some names. Its methods are called on itself, as the browser demands. */
function passingThrough<Target extends object>(target: Target, own: object): Target {
  const bound = new Map<unknown, unknown>();
  return new Proxy(target, {
    get(_, key) {
      if (key in own) return Reflect.get(own, key);
      const value: unknown = Reflect.get(target, key);
      // Classes are functions with a prototype; they are not called on anything.
      if (typeof value !== "function" || "prototype" in value) return value;
      if (!bound.has(value)) bound.set(value, (value as Method).bind(target));
      return bound.get(value);
    },
    set: (_, key, value) => Reflect.set(key in own ? own : target, key, value),
  });
}

/** The registry of timelines, in which a composition finds its own under any of its ids. */
function scopedRegistry(view: HyperframesWindow, { id, authoredIds }: Scope): object {
  const named = (key: string | symbol): string | symbol => (authoredIds.includes(key as string) ? id : key);
  return new Proxy((view.__timelines ??= {}), {
    get: (registry, key) => Reflect.get(registry, named(key)),
    set: (registry, key, value) => Reflect.set(registry, named(key), value),
    has: (registry, key) => Reflect.has(registry, named(key)),
  });
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
/** Of GSAP itself and of its timelines: those whose first argument says what to animate. */
const TARGETING: readonly string[] = ["to", "from", "fromTo", "set"];

/** GSAP, but that the selectors that it is given find only what is in the composition. */
function scopedGsap(gsap: object, find: (selector: string) => Element[]): object {
  const targets = (target: unknown): unknown => {
    if (typeof target === "string") return find(target);
    return Array.isArray(target) ? target.flatMap(targets) : target;
  };
  const targeting =
    (holder: object, method: Method): Method =>
    (target, ...rest) =>
      method.call(holder, targets(target), ...rest);
  const own: Record<string, unknown> = {};
  const methodOf = (name: string): Method => Reflect.get(gsap, name) as Method;
  for (const name of [...TARGETING, "getProperty", "quickSetter", "quickTo", "killTweensOf"]) {
    if (typeof Reflect.get(gsap, name) === "function") own[name] = targeting(gsap, methodOf(name));
  }
  own["timeline"] = (...args: unknown[]): unknown => {
    const timeline = methodOf("timeline").apply(gsap, args) as Record<string, unknown>;
    for (const name of TARGETING) timeline[name] = targeting(timeline, timeline[name] as Method);
    return timeline;
  };
  const utils = Reflect.get(gsap, "utils") as { toArray: Method; selector: Method } | undefined;
  if (utils) {
    own["utils"] = passingThrough(utils, {
      toArray: (target: unknown, ...rest: unknown[]) => utils.toArray(targets(target), ...rest),
    });
  }
  return passingThrough(gsap, own);
}
