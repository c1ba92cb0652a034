/** What changed in the composition's trees. */
export interface DomChanges {
  readonly added: readonly Element[];
  /** Elements that were told to show another file. */
  readonly sourced: readonly Element[];
  readonly hasNewStyles: boolean;
}

/** Hears of changes in trees, so that nobody need look through them at every frame. */
export class DomWatch {
  readonly #observer: MutationObserver = new MutationObserver((records) => this.#take(records));
  #added: Element[] = [];
  readonly #sourced = new Set<Element>();
  #hasNewStyles = false;

  observe(root: Document | ShadowRoot): void {
    this.#observer.observe(root, { subtree: true, childList: true, attributes: true });
  }

  /** What changed since the last call. */
  take(): DomChanges {
    this.#take(this.#observer.takeRecords());
    if (!this.#hasNewStyles) return unchanged;
    const changes: DomChanges = { added: this.#added, sourced: [...this.#sourced], hasNewStyles: true };
    this.#added = [];
    this.#sourced.clear();
    this.#hasNewStyles = false;
    return changes;
  }

  #take(records: readonly MutationRecord[]): void {
    if (records.length > 0) this.#hasNewStyles = true;
    for (const { addedNodes, attributeName, target } of records) {
      if (attributeName !== null && sources.has(attributeName)) this.#sourced.add(target as Element);
      for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) this.#added.push(node as Element);
    }
  }
}

const sources: ReadonlySet<string> = new Set(["src", "srcset", "href", "sizes", "data"]);

export const unchanged: DomChanges = { added: [], sourced: [], hasNewStyles: false };

/** Two rows of changes as one. */
export function joined(earlier: DomChanges, later: DomChanges): DomChanges {
  if (!later.hasNewStyles) return earlier;
  if (!earlier.hasNewStyles) return later;
  return {
    added: [...earlier.added, ...later.added],
    sourced: [...earlier.sourced, ...later.sourced],
    hasNewStyles: true,
  };
}
