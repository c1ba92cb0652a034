import type { CachedPicture, FrameCache, FrameCacheStatistics } from "./frame-cache.ts";

/** A cache that holds at most so many bytes of pictures: those that were asked for longest ago give way. */
export function lruFrameCache(budgetBytes: number): FrameCache {
  return new LruFrameCache(budgetBytes);
}

class LruFrameCache implements FrameCache {
  readonly #budgetBytes: number;
  /** In the order in which they were asked for last. */
  #kept = new Map<string, CachedPicture>();
  #coming = new Map<string, Promise<CachedPicture>>();
  #bytes = 0;
  #peakBytes = 0;
  #hits = 0;
  #misses = 0;
  #evictions = 0;
  #rejections = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  get statistics(): FrameCacheStatistics {
    return {
      budgetBytes: this.#budgetBytes,
      entries: this.#kept.size,
      bytes: this.#bytes,
      peakBytes: this.#peakBytes,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      rejections: this.#rejections,
    };
  }

  async get(key: string, make: () => Promise<CachedPicture>): Promise<CachedPicture> {
    const there: CachedPicture | Promise<CachedPicture> | undefined = this.#renewed(key) ?? this.#coming.get(key);
    if (there !== undefined) {
      this.#hits++;
      return there;
    }
    this.#misses++;
    const coming: Map<string, Promise<CachedPicture>> = this.#coming;
    const made: Promise<CachedPicture> = make();
    coming.set(key, made);
    try {
      const picture: CachedPicture = await made;
      // What was asked for before the cache was emptied is not kept.
      return coming === this.#coming ? this.#keep(key, picture) : picture;
    } finally {
      coming.delete(key);
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#coming = new Map();
    this.#bytes = 0;
  }

  #renewed(key: string): CachedPicture | undefined {
    const picture: CachedPicture | undefined = this.#kept.get(key);
    if (picture === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, picture);
    return picture;
  }

  #keep(key: string, given: CachedPicture): CachedPicture {
    const { byteLength } = given.data;
    if (byteLength > this.#budgetBytes) {
      this.#rejections++;
      return given;
    }
    for (const [oldest, { data }] of this.#kept) {
      if (this.#bytes + byteLength <= this.#budgetBytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= data.byteLength;
      this.#evictions++;
    }
    const picture: CachedPicture = { ...given, data: alone(given.data) };
    this.#kept.set(key, picture);
    this.#bytes += byteLength;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return picture;
  }
}

/** A piece of a larger buffer would keep all of it in memory, and nobody would have counted that. */
function alone(data: Uint8Array): Uint8Array {
  return data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data);
}
