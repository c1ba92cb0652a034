/** Warnings of one render that are kept in full; the rest are counted. */
export const MOST_WARNINGS = 100;
/** Warnings that one page, or one browser, passes on. */
export const MOST_WARNINGS_OF_SOURCE = 50;
/** Characters of one warning. */
export const WARNING_CHARACTERS = 500;

/** A warning of limited length. */
export function shortWarning(reason: string): string {
  return reason.length <= WARNING_CHARACTERS ? reason : `${reason.slice(0, WARNING_CHARACTERS - 1)}…`;
}

/**
 * The warnings of one render, each once. A page decides how many it raises: one more takes constant time, and beyond the limit no
 * memory.
 */
export class WarningLog {
  readonly #kept = new Set<string>();
  #more = 0;

  /** The warning as it is kept; null where it is there already, or is only counted. */
  add(reason: string): string | null {
    const short: string = shortWarning(reason);
    if (this.#kept.has(short)) return null;
    if (this.#kept.size >= MOST_WARNINGS) {
      this.#more++;
      return null;
    }
    this.#kept.add(short);
    return short;
  }

  /** How many were only counted, in words; null where all were kept. */
  get summary(): string | null {
    if (this.#more === 0) return null;
    return `and ${this.#more.toLocaleString("en-US")} more ${this.#more === 1 ? "warning" : "warnings"}`;
  }

  /** What was kept, and how many more there were. */
  get all(): string[] {
    const { summary } = this;
    return summary === null ? [...this.#kept] : [...this.#kept, summary];
  }
}
