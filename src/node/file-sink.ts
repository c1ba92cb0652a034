import { open, rename, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import { rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { diskFull, outputNotWritable } from "../core/errors.ts";
import type { OutputSink } from "../core/sink.ts";

/**
 * A file that appears under its name only when it is finished and checked; until then it lies beside it under a hidden one.
 *
 * @throws RenderError `output-not-writable`
 */
export async function openFileSink(output: string): Promise<OutputSink> {
  const target: string = resolve(output);
  const temporaryPath: string = join(dirname(target), `.${basename(target)}.${crypto.randomUUID().slice(0, 8)}.partial`);
  let file: FileHandle;
  try {
    await refuseFolder(target);
    file = await open(temporaryPath, "wx+");
  } catch (thrown) {
    throw outputNotWritable(output, thrown);
  }
  const removeAtExit = (): void => rmSync(temporaryPath, { force: true });
  process.once("exit", removeAtExit);
  let isEnded = false;
  const end = async (): Promise<void> => {
    isEnded = true;
    await file.close().catch(() => {});
    process.off("exit", removeAtExit);
  };
  const freeBytes = async (): Promise<number | null> => {
    const facts = await statfs(dirname(target)).catch(() => null);
    return facts === null ? null : facts.bavail * facts.bsize;
  };
  return {
    name: output,
    temporaryPath,
    freeBytes,
    async write(data, position) {
      try {
        let done = 0;
        while (done < data.byteLength) done += (await file.write(data, done, data.byteLength - done, position + done)).bytesWritten;
      } catch (thrown) {
        throw (thrown as NodeJS.ErrnoException).code === "ENOSPC"
          ? diskFull(output, await freeBytes(), thrown)
          : outputNotWritable(output, thrown);
      }
    },
    // By path, not by the open file: a process may have replaced it.
    byteLength: async () => (await stat(temporaryPath)).size,
    async read(start, stop) {
      const bytes = new Uint8Array(stop - start);
      const reader: FileHandle = await open(temporaryPath, "r");
      try {
        const { bytesRead } = await reader.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      } finally {
        await reader.close();
      }
    },
    async clear() {
      try {
        await file.truncate();
      } catch (thrown) {
        throw outputNotWritable(output, thrown);
      }
    },
    async commit() {
      if (isEnded) return;
      try {
        await end();
        await rename(temporaryPath, target);
      } catch (thrown) {
        await rm(temporaryPath, { force: true });
        throw outputNotWritable(output, thrown);
      }
    },
    async discard() {
      if (isEnded) return;
      await end();
      await rm(temporaryPath, { force: true }).catch(() => {});
    },
  };
}

async function refuseFolder(target: string): Promise<void> {
  const facts = await stat(target).catch(() => null);
  if (facts?.isDirectory() === true) throw new Error("it is a folder");
}
