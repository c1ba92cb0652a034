import type { PageWindow } from "./clock/page-window.ts";
import { paintedRoots, registryOf, remember, rootsFromNow, type PaintedRoot } from "./painted-roots.ts";

/** The documents and shadow trees of a composition: whoever watches them is told of each before anything is in it. */
export class WatchedRoots {
  readonly #view: Window;
  readonly #observe: (root: PaintedRoot) => void;
  #painted: () => PaintedRoot[];

  constructor(view: Window, observe: (root: PaintedRoot) => void) {
    this.#view = view;
    this.#observe = observe;
    this.#painted = () => paintedRoots(view);
  }

  /** Hears of the shadow trees of a window. To be called before its scripts run. */
  install(view: PageWindow): void {
    const { attachShadow } = view.Element.prototype;
    const add = (root: ShadowRoot): void => this.add(root);
    view.Element.prototype.attachShadow = function (this: Element, init: ShadowRootInit): ShadowRoot {
      const root: ShadowRoot = attachShadow.call(this, init);
      add(root);
      return root;
    };
  }

  add(root: PaintedRoot): void {
    const registry = registryOf(this.#view);
    if (registry) remember(registry, root);
    this.#observe(root);
  }

  /** The parser is done: from now on trees only come as `add` is told, and nobody needs to walk through the page any more. */
  addParsed(): void {
    this.#painted = rootsFromNow(this.#view);
    for (const root of this.#painted()) this.add(root);
  }

  /** Those that are painted now. */
  get painted(): PaintedRoot[] {
    return this.#painted();
  }
}
