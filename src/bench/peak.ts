import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** A value that is looked at again and again while something runs. */
export interface Peak {
  /** Looks once more, and gives the largest value. */
  stop(): Promise<number>;
}

/** Looks at a value now and every so many milliseconds; never at two at a time. */
export function watchPeak(look: () => Promise<number>, everyMs: number): Peak {
  let largest = 0;
  let looking: Promise<void> | null = null;
  const again = (): Promise<void> =>
    (looking ??= look()
      .then((value) => {
        largest = Math.max(largest, value);
      })
      .finally(() => {
        looking = null;
      }));
  void again();
  const timer: ReturnType<typeof setInterval> = setInterval(() => void again(), everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
      await again();
      return largest;
    },
  };
}

/** Bytes of all files in a folder and those below, each once, whatever its names; what goes away meanwhile counts nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const found = await Promise.all(
    entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => stat(join(parentPath, name)).catch(() => null)),
  );
  const sizes = new Map<number, number>(found.filter((facts) => facts !== null).map(({ ino, size }) => [ino, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
