import { lstat, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { enabledFeatures } from "./chromium-flags.ts";
import { pageStorageExceeded, type RenderError } from "../core/errors.ts";

/** What each origin may store in a browser: databases, private files, caches. In bytes. */
export const ORIGIN_STORAGE_BYTES: number = 256 * 1024 * 1024;
/** What a profile may hold beside the files of transports, which pages of all origins fill, and the browser itself. In bytes. */
export const PROFILE_BYTES: number = 1024 * 1024 * 1024;
/** The browser's own cache of what it loaded, in bytes. */
const HTTP_CACHE_BYTES: number = 64 * 1024 * 1024;
/** Of its pool, Chromium gives one origin three quarters. */
const ORIGIN_SHARE = 0.75;
/** How often the disk of a profile is looked at, in milliseconds. */
const LOOK_EVERY_MS = 500;
/** The files are counted at each so many looks, whatever the disk says: others may free there what pages take. */
const LOOKS_PER_COUNT = 20;

/**
 * Flags that limit what pages store, whatever their origin: an override by protocol reaches one origin alone, and no frame or worker
 * of another one.
 */
export async function pageStorageFlags(profileFolder: string): Promise<string[]> {
  const { blocks, bsize } = await statfs(profileFolder);
  // Chromium counts its pool as a share of the whole disk.
  const share: number = ORIGIN_STORAGE_BYTES / ORIGIN_SHARE / (blocks * bsize);
  const quota = `StorageQuotaSettings:PoolSizeRatio/${Math.min(1, share).toFixed(12)}`;
  return [
    // Of two equal flags the last one counts.
    `--enable-features=${[...enabledFeatures, quota].join(",")}`,
    `--disk-cache-size=${HTTP_CACHE_BYTES}`,
  ];
}

/** Looks at a profile again and again. Whoever starts it stops it. */
export interface ProfileWatch {
  /** A transport may make a file of so many bytes in the profile: they do not count. */
  allow(bytes: number): void;
  stop(): void;
}

/**
 * Calls `onExcess` once when the profile holds more than pages may store: for what has no quota, such as large blobs, for pages of many
 * origins, and for browsers that do not know the flag. To count the files takes some milliseconds, so that it is done only where
 * the disk filled by as much as pages may still store.
 */
export function watchProfile(folder: string, onExcess: (fault: RenderError) => void, limitBytes: number = PROFILE_BYTES): ProfileWatch {
  let allowed: number = limitBytes;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  let looks = 0;
  /** At the last count. */
  let [usedThen, bytesThen]: [number, number] = [Number.NEGATIVE_INFINITY, 0];
  const look = async (): Promise<void> => {
    const used: number = await usedBytes(folder);
    const mayExceed: boolean = used - usedThen + bytesThen > allowed;
    if (mayExceed || looks++ % LOOKS_PER_COUNT === 0) [usedThen, bytesThen] = [used, await bytesIn(folder)];
    if (isStopped) return;
    if (bytesThen <= allowed) return schedule();
    isStopped = true;
    onExcess(pageStorageExceeded(bytesThen, allowed));
  };
  const schedule = (): void => {
    timer = setTimeout(() => void look(), LOOK_EVERY_MS);
    // It must not keep the process alive.
    timer.unref();
  };
  schedule();
  return {
    allow: (bytes) => void (allowed += bytes),
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Of the disk that a folder lies on; 0 where it is gone. */
async function usedBytes(folder: string): Promise<number> {
  const facts = await statfs(folder).catch(() => null);
  return facts === null ? 0 : (facts.blocks - facts.bfree) * facts.bsize;
}

/** Bytes on disk, or in the memory that stands for one: a file with holes takes fewer than its length. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true }).catch((): string[] => [])) {
    // Files of the browser come and go meanwhile.
    const facts = await lstat(join(folder, name)).catch(() => null);
    if (facts?.isFile() === true) bytes += facts.blocks * 512;
  }
  return bytes;
}
