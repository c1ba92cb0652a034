import type { PolicyInput } from "./plan.ts";

/**
 * Of the memory that the process may use, the share that pictures of videos may take. Workers take half and waiting frames another
 * eighth (work.ts, workers.ts): a quarter stays for the encoder, the host process, and the system.
 */
const CACHE_SHARE = 1 / 8;
/** More would keep what nobody asks for again: pictures are asked for in order. */
const LARGEST_CACHE: number = 1024 ** 3;
/** Less would not hold what is needed ahead for a handful of videos, and each picture would be made twice. */
const SMALLEST_CACHE: number = 64 * 1024 ** 2;

/** Bytes of pictures that a job may keep, over all workers. */
export function cacheBytesOf({ job, host }: Pick<PolicyInput, "job" | "host">): number {
  const share: number = Math.floor(host.memoryBytes * CACHE_SHARE);
  return job.media.cacheBytes ?? Math.max(SMALLEST_CACHE, Math.min(LARGEST_CACHE, share));
}
