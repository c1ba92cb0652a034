import type { Stats } from "node:fs";
import { chmod, lstat, mkdir, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { userCacheFolder } from "./user-cache.ts";

const OTHERS_WRITE = 0o022;

/**
 * Makes a folder of this package in the user's cache, which nobody else can read or write.
 *
 * @throws Error where somebody else could change what is in it, and whatever the file system throws
 */
export async function privateCacheFolder(name: string): Promise<string> {
  const root: string = join(userCacheFolder(), "framewright");
  await makePrivateFolder(root);
  const folder: string = join(root, name);
  await makePrivateFolder(folder);
  return folder;
}

/**
 * Makes a folder that nobody else can read or write; one that others can only read becomes private.
 *
 * @throws Error where somebody else could change what is in it, and whatever the file system throws
 */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const facts: Stats = await lstat(path);
  if (!facts.isDirectory()) throw new Error(`"${path}" is not a folder`);
  refuseForeign(path, facts);
  await refuseReplaceable(await realpath(path));
  if (process.getuid !== undefined && (facts.mode & 0o077) !== 0) await chmod(path, 0o700);
}

/** @throws Error for a file or folder that another user owns or can write. Windows has no such modes. */
export function refuseForeign(path: string, { uid, mode }: Pick<Stats, "uid" | "mode">): void {
  const user: number | undefined = process.getuid?.();
  if (user === undefined) return;
  if (uid !== user) throw new Error(`"${path}" belongs to user ${uid}, not to user ${user}`);
  if ((mode & OTHERS_WRITE) !== 0) throw new Error(`"${path}" can be written by other users (mode ${(mode & 0o777).toString(8)})`);
}

/** Who can write in a folder above can replace a folder below, except where the sticky bit is set, as on /tmp. */
async function refuseReplaceable(path: string): Promise<void> {
  if (process.getuid === undefined) return;
  for (let below = path, above = dirname(path); above !== below; below = above, above = dirname(above)) {
    const { mode } = await stat(above);
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) throw new Error(`"${above}" can be written by every user`);
  }
}
