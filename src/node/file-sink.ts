import { rmSync } from "node:fs";
import { open, rename, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { diskFull, isRenderError, outputNotWritable, type RenderError } from "../core/errors.ts";
import type { FileSink } from "../core/sink.ts";
import { lockOutput, temporaryNameFor, type OutputLock } from "./output-lock.ts";
import { atExit } from "../process/at-exit.ts";

/**
 * A file that appears under its name only when it is finished and checked; until then it lies beside it under a hidden one,
 * and a lock keeps other renders from the same output.
 *
 * @throws RenderError `output-not-writable`, `output-busy`
 */
export async function openFileSink(output: string): Promise<FileSink> {
  const target: string = resolve(output);
  const temporaryName: string = temporaryNameFor(basename(target));
  const temporaryPath: string = join(dirname(target), temporaryName);
  const fault = (thrown: unknown): RenderError => (isRenderError(thrown) ? thrown : outputNotWritable(output, thrown));
  let lock: OutputLock | null = null;
  let file: FileHandle;
  try {
    await refuseFolder(target);
    lock = await lockOutput(join(dirname(target), `.${basename(target)}.lock`), output, temporaryName);
    file = await open(temporaryPath, "wx+");
  } catch (thrown) {
    await lock?.release();
    throw fault(thrown);
  }
  const ownLock: OutputLock = lock;
  const forget: () => void = atExit(() => {
    rmSync(temporaryPath, { force: true });
    ownLock.releaseNow();
  });
  let isEnded = false;
  const end = async (): Promise<void> => {
    isEnded = true;
    await file.close().catch(() => {});
  };
  const release = async (): Promise<void> => {
    await ownLock.release();
    forget();
  };
  const freeBytes = (): Promise<number | null> => freeBytesAt(dirname(target));
  return {
    kind: "file",
    name: output,
    temporaryPath,
    freeBytes,
    async write(data, position) {
      try {
        let done = 0;
        while (done < data.byteLength) done += (await file.write(data, done, data.byteLength - done, position + done)).bytesWritten;
      } catch (thrown) {
        throw await writeFault(output, freeBytes, thrown);
      }
    },
    // By path, not by the open file: a process may have replaced it.
    async byteLength() {
      try {
        return (await stat(temporaryPath)).size;
      } catch (thrown) {
        throw fault(thrown);
      }
    },
    async read(start, stop) {
      try {
        return await readPart(temporaryPath, start, stop);
      } catch (thrown) {
        throw fault(thrown);
      }
    },
    async clear() {
      try {
        await file.truncate();
      } catch (thrown) {
        throw fault(thrown);
      }
    },
    async commit() {
      if (isEnded) return;
      try {
        await end();
        await rename(temporaryPath, target);
      } catch (thrown) {
        await rm(temporaryPath, { force: true }).catch(() => {});
        throw fault(thrown);
      } finally {
        await release();
      }
    },
    async discard() {
      if (isEnded) return;
      await end();
      await rm(temporaryPath, { force: true }).catch(() => {});
      await release();
    },
  };
}

async function refuseFolder(target: string): Promise<void> {
  const facts = await stat(target).catch(() => null);
  if (facts?.isDirectory() === true) throw new Error("it is a folder");
}

/** Bytes that the disk of a folder can still take; null where nobody knows. */
export async function freeBytesAt(folder: string): Promise<number | null> {
  const facts = await statfs(folder).catch(() => null);
  return facts === null ? null : facts.bavail * facts.bsize;
}

/** What a failed write means. */
export async function writeFault(output: string, freeBytes: () => Promise<number | null>, thrown: unknown): Promise<RenderError> {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT" ? diskFull(output, await freeBytes(), thrown) : outputNotWritable(output, thrown);
}

/** Reads `[start, end)` of a file, or as much of it as there is. */
export async function readPart(path: string, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - start));
  const reader: FileHandle = await open(path, "r");
  try {
    const { bytesRead } = await reader.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead);
  } finally {
    await reader.close();
  }
}
