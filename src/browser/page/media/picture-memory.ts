import type { FrameCacheStatistics } from "../../../core/frame-cache.ts";
import type { PictureMemory } from "./feed.ts";

/** Where the top window answers for what its pages kept: a function that gives a `FrameCacheStatistics`. */
const STATISTICS_KEY = "__framewrightMediaStatistics";

/** Counts the pictures that a page keeps, over all feeds. */
export class CountedMemory implements PictureMemory {
  #budgetBytes = 0;
  #entries = 0;
  #bytes = 0;
  #peakBytes: number;
  readonly #counts: Record<"hit" | "miss" | "eviction" | "rejection", number>;

  /** Goes on with the counters of the composition that this window held before, and answers for both. */
  constructor(top: Window) {
    const answering = top as unknown as Record<string, (() => FrameCacheStatistics) | undefined>;
    const before: FrameCacheStatistics | undefined = answering[STATISTICS_KEY]?.();
    this.#peakBytes = before?.peakBytes ?? 0;
    this.#counts = {
      hit: before?.hits ?? 0,
      miss: before?.misses ?? 0,
      eviction: before?.evictions ?? 0,
      rejection: before?.rejections ?? 0,
    };
    Object.defineProperty(top, STATISTICS_KEY, { value: () => this.statistics, configurable: true });
  }

  set budgetBytes(bytes: number) {
    this.#budgetBytes = bytes;
  }

  get statistics(): FrameCacheStatistics {
    const { hit, miss, eviction, rejection } = this.#counts;
    return {
      budgetBytes: this.#budgetBytes,
      entries: this.#entries,
      bytes: this.#bytes,
      peakBytes: this.#peakBytes,
      hits: hit,
      misses: miss,
      evictions: eviction,
      rejections: rejection,
    };
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#budgetBytes) return false;
    this.#entries++;
    this.#bytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return true;
  }

  give(bytes: number): void {
    this.#entries--;
    this.#bytes -= bytes;
  }

  count(event: "hit" | "miss" | "eviction" | "rejection"): void {
    this.#counts[event]++;
  }
}
