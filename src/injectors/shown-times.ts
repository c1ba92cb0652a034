/** Seconds of a video: a picture is shown from `start` until `end`. */
export interface ShownTime {
  readonly start: number;
  readonly end: number;
}

/** What is known of when the pictures of a video are shown. */
export class ShownTimes {
  /** In order, none over another. `from`: the first time that showed it; before the first picture of a video that is shown too. */
  readonly #known: (ShownTime & { readonly from: number })[] = [];

  /** The start of the picture that is shown then; null where nobody knows. */
  startAt(seconds: number): number | null {
    const before = this.#known[this.#after(seconds) - 1];
    return before !== undefined && seconds < before.end ? before.start : null;
  }

  /** @param seconds When it was shown */
  learn(seconds: number, { start, end }: ShownTime): void {
    const from: number = Math.min(seconds, start);
    const at: number = this.#after(from);
    const [before, next] = [this.#known[at - 1], this.#known[at]];
    if (before?.start === start) return;
    // It was known from a later time on.
    this.#known.splice(at, next?.start === start ? 1 : 0, { from, start, end });
  }

  /** How many are shown from this time or before it. */
  #after(seconds: number): number {
    let [low, high] = [0, this.#known.length];
    while (low < high) {
      const middle: number = (low + high) >> 1;
      if (this.#known[middle]!.from <= seconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** As JSON, which knows no infinite end. */
export function timesOf({ start, end }: ShownTime): { readonly start: number; readonly end: number | null } {
  return { start, end: Number.isFinite(end) ? end : null };
}
