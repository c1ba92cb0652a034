import type { AdapterPage } from "./adapter.ts";

/** Finds elements of a kind as they come: a tree is searched once, afterwards only what was added to it. */
export class NewElements<Found extends Element> {
  readonly #selector: string;
  readonly #searched = new WeakSet<Document | ShadowRoot>();

  constructor(selector: string) {
    this.#selector = selector;
  }

  /** Those that came since the last call. One that was moved comes again, and at a look at the whole page all do. */
  *take({ roots, added }: AdapterPage): Generator<Found> {
    for (const root of roots) {
      if (added !== null && this.#searched.has(root)) continue;
      this.#searched.add(root);
      yield* root.querySelectorAll<Found>(this.#selector);
    }
    for (const element of added ?? []) {
      if (element.matches(this.#selector)) yield element as Found;
      yield* element.querySelectorAll<Found>(this.#selector);
    }
  }
}
