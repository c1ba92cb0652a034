import { readdir, readFile } from "node:fs/promises";

const LOOK_AGAIN_MS = 10;
const GONE_WITHIN_MS = 5_000;

/**
 * Kills all processes whose environment has a variable with this value, and waits until they have ended. Whoever starts
 * browsers and ffmpeg may be gone by then, so that neither parents nor process groups lead to them. Does nothing on systems
 * without `/proc`.
 */
export async function killMarked(name: string, value: string): Promise<void> {
  const entry = `${name}=${value}\0`;
  const deadline: number = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const ids: readonly number[] = await processesWith(entry);
    if (ids.length === 0 || performance.now() > deadline) return;
    for (const id of ids) kill(id);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** Those that have ended, but were not waited for, have no environment any more. */
async function processesWith(entry: string): Promise<number[]> {
  const names: string[] = await readdir("/proc").catch(() => []);
  const ids: number[] = names.flatMap((name) => (/^\d+$/.test(name) && Number(name) !== process.pid ? [Number(name)] : []));
  const marked: boolean[] = await Promise.all(
    ids.map((id) =>
      readFile(`/proc/${id}/environ`, "utf8").then(
        (environment) => environment.includes(entry),
        () => false,
      ),
    ),
  );
  return ids.filter((_, at) => marked[at]);
}

function kill(id: number): void {
  try {
    process.kill(id, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
