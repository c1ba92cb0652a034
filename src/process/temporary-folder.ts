import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Makes a folder of this process. Those of processes that ended without cleaning up are removed on the way. Whoever makes it
 * removes it, also where this process ends first: see `atExit`.
 *
 * @param prefix No other kind of folder begins with it
 */
export async function makeTemporaryFolder(parent: string, prefix: string): Promise<string> {
  await removeAbandoned(parent, prefix);
  return mkdtemp(join(parent, `${prefix}${process.pid}-`));
}

async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  const names: string[] = await readdir(parent).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(prefix))) {
    const owner = Number(name.slice(prefix.length).split("-")[0]);
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
