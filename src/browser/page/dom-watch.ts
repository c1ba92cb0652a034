/** What changed in the composition's trees. */
export interface DomChanges {
  readonly added: readonly Element[];
  /** Elements whose `style` attribute changed; null where other things did, so that any style may be another. */
  readonly restyled: ReadonlySet<Element> | null;
  /** Elements that were told to show another file, as their background too. */
  readonly sourced: readonly Element[];
  readonly hasNewStyles: boolean;
}

/** Hears of changes in trees, so that nobody need look through them at every frame. */
export class DomWatch {
  readonly #observer: MutationObserver = new MutationObserver((records) => this.#take(records));
  #added: Element[] = [];
  #restyled: Set<Element> | null = new Set();
  readonly #sourced = new Set<Element>();
  #hasNewStyles = false;

  observe(root: Document | ShadowRoot): void {
    this.#observer.observe(root, { subtree: true, childList: true, attributes: true });
  }

  /** What changed since the last call. */
  take(): DomChanges {
    this.#take(this.#observer.takeRecords());
    if (!this.#hasNewStyles) return unchanged;
    const changes: DomChanges = { added: this.#added, restyled: this.#restyled, sourced: [...this.#sourced], hasNewStyles: true };
    this.#added = [];
    this.#restyled = new Set();
    this.#sourced.clear();
    this.#hasNewStyles = false;
    return changes;
  }

  #take(records: readonly MutationRecord[]): void {
    if (records.length > 0) this.#hasNewStyles = true;
    for (const { addedNodes, attributeName, target } of records) {
      if (attributeName === "style") {
        this.#restyled?.add(target as Element);
        if ((target as HTMLElement).style?.backgroundImage.includes("url(")) this.#sourced.add(target as Element);
      } else this.#restyled = null;
      if (attributeName !== null && sources.has(attributeName)) this.#sourced.add(target as Element);
      for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) this.#added.push(node as Element);
    }
  }
}

const sources: ReadonlySet<string> = new Set(["src", "srcset", "href", "sizes", "data"]);

export const unchanged: DomChanges = { added: [], restyled: new Set(), sourced: [], hasNewStyles: false };

/** Two rows of changes as one. */
export function joined(earlier: DomChanges, later: DomChanges): DomChanges {
  if (!later.hasNewStyles) return earlier;
  if (!earlier.hasNewStyles) return later;
  return {
    added: [...earlier.added, ...later.added],
    restyled: earlier.restyled && later.restyled && new Set([...earlier.restyled, ...later.restyled]),
    sourced: [...earlier.sourced, ...later.sourced],
    hasNewStyles: true,
  };
}
