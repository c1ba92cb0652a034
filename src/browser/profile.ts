import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "../process/at-exit.ts";

const PREFIX = "framewright-profile-";
const SHARED_MEMORY = "/dev/shm";
/** A profile with a ring of four 4K frames in RGBA and the browser's own files, with room to spare. */
const ROOM_BYTES = 512 * 1024 * 1024;

/**
 * Makes a folder for a browser's profile, in memory where the host has a memory file system with room: frames pass
 * through a file of the profile. Folders of processes that ended without cleaning up are removed on the way.
 */
export async function createProfile(): Promise<string> {
  const parent: string = (await hasRoom(SHARED_MEMORY)) ? SHARED_MEMORY : tmpdir();
  await removeAbandoned(parent);
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}

/** Processes of the browser that end last may still write while the folder is emptied: hence the retries. */
export async function removeProfile(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 });
}

/** Removes the folder too where this process ends first; the answer takes that back. */
export function removeProfileAtExit(folder: string): () => void {
  // While the browser still writes this may fail; the next launch removes what is left.
  return atExit(() => rmSync(folder, { recursive: true, force: true }));
}

async function hasRoom(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  const names: string[] = await readdir(parent).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    const owner = Number(name.slice(PREFIX.length).split("-")[0]);
    if (!isAlive(owner)) await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (thrown) {
    // Somebody else's process is alive too.
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
