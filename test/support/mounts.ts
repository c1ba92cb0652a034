import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";

/** Whether this process may mount file systems: the tests that need one run wherever it may. */
export const isRoot: boolean = process.getuid?.() === 0;

export interface Mount extends AsyncDisposable {
  readonly folder: string;
}

/** Mounts a file system in memory at a new folder, and takes it away at the end of the scope. A refusal is a failure of the test. */
export async function mountMemory(folder: string, options: string): Promise<Mount> {
  await mkdir(folder);
  try {
    await promisify(execFile)("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
  } catch (thrown) {
    throw new Error(`This test needs to mount a file system, which root was refused at "${folder}" (${options})`, { cause: thrown });
  }
  return {
    folder,
    async [Symbol.asyncDispose]() {
      await promisify(execFile)("umount", [folder]);
    },
  };
}
