import { rmSync } from "node:fs";
import { appendFile, open, rename, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { diskFull, isRenderError, outputNotWritable, type RenderError } from "../core/errors.ts";
import type { FileSink, Sidecar } from "../core/sink.ts";
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
  // Its name begins as the other's does: what a killed render left goes by that.
  const beside: Paths = { target: `${target}.wav`, temporary: `${temporaryPath}.wav` };
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
    rmSync(beside.temporary, { force: true });
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
    sidecar: appendingTo(beside.temporary, `${output}.wav`, (thrown) => writeFault(output, freeBytes, thrown)),
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
        await rm(beside.temporary, { force: true });
      } catch (thrown) {
        throw fault(thrown);
      }
    },
    async commit() {
      if (isEnded) return;
      try {
        await end();
        await publishBoth({ target, temporary: temporaryPath }, beside);
      } catch (thrown) {
        await rm(temporaryPath, { force: true }).catch(() => {});
        await rm(beside.temporary, { force: true }).catch(() => {});
        throw fault(thrown);
      } finally {
        await release();
      }
    },
    async discard() {
      if (isEnded) return;
      await end();
      await rm(temporaryPath, { force: true }).catch(() => {});
      await rm(beside.temporary, { force: true }).catch(() => {});
      await release();
    },
  };
}

/** A file before and after it gets its name. */
interface Paths {
  readonly target: string;
  readonly temporary: string;
}

/** The sound first, where there is any: pictures are never there without it. The sound of an earlier render stays until both are. */
async function publishBoth(main: Paths, beside: Paths): Promise<void> {
  const sounds: boolean = (await stat(beside.temporary).catch(() => null)) !== null;
  if (!sounds) return rename(main.temporary, main.target);
  const replaced = `${beside.temporary}.replaced`;
  const hadSound: boolean = await rename(beside.target, replaced).then(
    () => true,
    () => false,
  );
  try {
    await rename(beside.temporary, beside.target);
    await rename(main.temporary, main.target);
  } catch (thrown) {
    await rm(beside.target, { force: true }).catch(() => {});
    if (hadSound) await rename(replaced, beside.target).catch(() => {});
    throw thrown;
  }
  await rm(replaced, { force: true }).catch(() => {});
}

/** @param fault what a failed write means */
export function appendingTo(path: string, name: string, fault: (thrown: unknown) => Promise<RenderError>): Sidecar {
  return {
    name,
    async append(data) {
      try {
        await appendFile(path, data);
      } catch (thrown) {
        throw await fault(thrown);
      }
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
