import { mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "../process/at-exit.ts";
import {
  makeTemporaryFolder,
  removeAbandonedFolders,
  removeTemporaryFolder,
  removeTemporaryFolderNow,
} from "../process/temporary-folder.ts";

const SHARED_MEMORY = "/dev/shm";
/** A profile with a ring of four 4K frames in RGBA and the browser's own files, with room to spare. */
const ROOM_BYTES = 512 * 1024 * 1024;

/**
 * Makes a folder for a browser's profile, in memory where the host has a memory file system with room: frames pass
 * through a file of the profile. Every render starts a browser: what processes that ended left in the folders for temporary
 * files, of whatever kind, is removed here.
 *
 * @param parent A folder of the caller, who removes it with everything in it; made as described if it is missing
 */
export async function createProfile(parent?: string): Promise<string> {
  // Short, for sockets lie in it: their paths hold 107 characters.
  if (parent !== undefined) return mkdtemp(join(parent, "p-"));
  for (const folder of new Set([SHARED_MEMORY, tmpdir()])) await removeAbandonedFolders(folder);
  return makeTemporaryFolder((await hasRoom(SHARED_MEMORY)) ? SHARED_MEMORY : tmpdir(), "profile");
}

/** Processes of the browser that end last may still write while the folder is emptied. */
export function removeProfile(folder: string): Promise<void> {
  return removeTemporaryFolder(folder);
}

/** Removes the folder too where this process ends first; the answer takes that back. */
export function removeProfileAtExit(folder: string): () => void {
  // While the browser still writes this may fail; the next launch removes what is left.
  return atExit(() => removeTemporaryFolderNow(folder));
}

async function hasRoom(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
