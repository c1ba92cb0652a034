import { lstat, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { pageStorageExceeded, type RenderError } from "../core/errors.ts";

/** What each origin may store in a browser: databases, private files, caches. In bytes. */
export const ORIGIN_STORAGE_BYTES: number = 256 * 1024 * 1024;
/** What a profile may hold beside the files of transports, which pages of all origins fill, and the browser itself. In bytes. */
const PROFILE_BYTES: number = 1024 * 1024 * 1024;
/** The browser's own cache of what it loaded, in bytes. */
const HTTP_CACHE_BYTES: number = 64 * 1024 * 1024;
/** Of its pool, Chromium gives one origin three quarters. */
const ORIGIN_SHARE = 0.75;
/** Playwright enables these, and of two equal flags the last one counts. */
const PLAYWRIGHT_FEATURES: readonly string[] = ["CDPScreenshotNewSurface", "SkipListAccountsWithoutGaiaCookies"];
/** How often the profile is measured, in milliseconds. */
const MEASURE_EVERY_MS = 1_000;

/**
 * Flags that limit what pages store, whatever their origin: an override by protocol reaches one origin alone, and no frame or worker
 * of another one.
 */
export async function pageStorageFlags(profileFolder: string): Promise<string[]> {
  const { blocks, bsize } = await statfs(profileFolder);
  // Chromium counts its pool as a share of the whole disk.
  const share: number = ORIGIN_STORAGE_BYTES / ORIGIN_SHARE / (blocks * bsize);
  const quota = `StorageQuotaSettings:PoolSizeRatio/${Math.min(1, share).toFixed(12)}`;
  return [`--enable-features=${[...PLAYWRIGHT_FEATURES, quota].join(",")}`, `--disk-cache-size=${HTTP_CACHE_BYTES}`];
}

/** Measures a profile again and again. Whoever starts it stops it. */
export interface ProfileWatch {
  /** A transport has made a file of so many bytes in the profile: it does not count. */
  allow(bytes: number): void;
  stop(): void;
}

/**
 * Calls `onExcess` once when the profile holds more than pages may store: for what has no quota, such as large blobs, and for browsers
 * that do not know the flag.
 */
export function watchProfile(folder: string, onExcess: (fault: RenderError) => void, limitBytes: number = PROFILE_BYTES): ProfileWatch {
  let allowed: number = limitBytes;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const measure = async (): Promise<void> => {
    const bytes: number = await bytesIn(folder);
    if (isStopped) return;
    if (bytes > allowed) {
      isStopped = true;
      onExcess(pageStorageExceeded(bytes, allowed));
    } else schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(() => void measure(), MEASURE_EVERY_MS);
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
