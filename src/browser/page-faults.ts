/**
 * Messages of pages that break the rules, in one browser. All its pages belong to one render, and the protocol does not always
 * say which one sent what was too large to read: every page of the browser is told.
 */
export class PageFaults {
  readonly #listeners = new Set<(what: string) => void>();
  #first: string | null = null;

  /** @param what the message, and what is wrong with it */
  report(what: string): void {
    this.#first ??= what;
    for (const listener of this.#listeners) listener(what);
  }

  /** Calls the listener for each fault, at once where there has been one. The answer stops it. */
  listen(listener: (what: string) => void): () => void {
    this.#listeners.add(listener);
    if (this.#first !== null) listener(this.#first);
    return () => void this.#listeners.delete(listener);
  }
}
