import { readdirSync, readFileSync, rmSync } from "node:fs";
import { rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { atExit } from "../process/at-exit.ts";
import { makeTemporaryFolder } from "../process/temporary-folder.ts";

const PREFIX = "framewright-profile-";
const SHARED_MEMORY = "/dev/shm";
/** A profile with a ring of four 4K frames in RGBA and the browser's own files, with room to spare. */
const ROOM_BYTES = 512 * 1024 * 1024;

/**
 * Makes a folder for a browser's profile, in memory where the host has a memory file system with room: frames pass
 * through a file of the profile. Folders of processes that ended without cleaning up are removed on the way.
 */
export async function createProfile(): Promise<string> {
  return makeTemporaryFolder((await hasRoom(SHARED_MEMORY)) ? SHARED_MEMORY : tmpdir(), PREFIX);
}

/** Processes of the browser that end last may still write while the folder is emptied: hence the retries. */
export async function removeProfile(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 });
}

/** Ends the browser and removes the folder too where this process ends first; the answer takes that back. */
export function removeProfileAtExit(folder: string): () => void {
  return atExit(() => {
    // Playwright kills its browsers as well, but after this: one that lives would write into the folder again.
    killUsersOf(folder);
    // What cannot be removed, the next launch removes.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });
  });
}

/** The processes whose command line names the profile: also of a browser that is just starting. On Linux; elsewhere none. */
function killUsersOf(folder: string): void {
  if (process.platform !== "linux") return;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
    try {
      const [, ...args] = readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0");
      if (args.includes(`--user-data-dir=${folder}`)) process.kill(Number(id), "SIGKILL");
    } catch {
      // It has ended, or belongs to another user.
    }
  }
}

async function hasRoom(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
