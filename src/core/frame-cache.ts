/** What a cache of pictures did. JSON. */
export interface FrameCacheStatistics {
  /** What it may hold, in bytes. */
  readonly budgetBytes: number;
  /** What it holds at the end, and the most it held. */
  readonly entries: number;
  readonly bytes: number;
  readonly peakBytes: number;
  /** Pictures that were asked for and were there or about to come, or had to be made. */
  readonly hits: number;
  readonly misses: number;
  /** Pictures that gave way to others. */
  readonly evictions: number;
  /** Pictures that were larger than what the cache may hold. */
  readonly rejections: number;
}

/** Keeps pictures of a job by name, those that were asked for last, within a number of bytes. All workers share one. */
export interface FrameCache {
  readonly statistics: FrameCacheStatistics;
  /** The picture, or what `make` gives: asked for twice at once, it is made once. */
  get(key: string, make: () => Promise<CachedPicture>): Promise<CachedPicture>;
  clear(): void;
}

/** An encoded picture and the time that it is shown. */
export interface CachedPicture {
  readonly type: "image/jpeg" | "image/png" | "image/webp";
  readonly data: Uint8Array;
  /** Seconds of its video: shown from `start` until `end`; infinite for the last. */
  readonly start: number;
  readonly end: number;
}
