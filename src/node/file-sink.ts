import { existsSync, renameSync, rmSync } from "node:fs";
import { appendFile, lstat, open, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { diskFull, isRenderError, outputNotWritable, type RenderError } from "../core/errors.ts";
import type { FileSink, Sidecar } from "../core/sink.ts";
import { lockOutput, temporaryNameFor, type OutputLock } from "./output-lock.ts";
import { assertReplaceable, fileTarget, refuseSameFile } from "./output-target.ts";
import { atExit } from "../process/at-exit.ts";

export interface FileSinkOptions {
  /** Sound may go into a file beside this one, whose name is checked as well. @default false */
  readonly soundBeside?: boolean;
}

/**
 * A file that appears under its name only when it is finished and checked; until then it lies beside it under a hidden one,
 * and a lock keeps other renders from the same output. A symbolic link stays, and its target is written. The caller ends the
 * sink with `commit` or `discard`.
 *
 * @throws RenderError `output-not-writable`, also for devices, FIFOs and folders; `output-busy`
 */
export async function openFileSink(output: string, { soundBeside = false }: FileSinkOptions = {}): Promise<FileSink> {
  const fault = (thrown: unknown): RenderError => (isRenderError(thrown) ? thrown : outputNotWritable(output, thrown));
  let [main, beside]: [Paths | null, Paths | null] = [null, null];
  let lock: OutputLock | null = null;
  let file: FileHandle;
  try {
    const target: string = await fileTarget(output);
    const temporaryName: string = temporaryNameFor(basename(target));
    main = pathsIn(target, temporaryName);
    // Its name begins as the other's does: what a killed render left goes by that.
    if (soundBeside) beside = pathsIn(await fileTarget(`${target}.wav`), `${temporaryName}.wav`);
    lock = await lockOutput(join(dirname(target), `.${basename(target)}.lock`), output, temporaryName);
    file = await open(main.temporary, "wx+");
  } catch (thrown) {
    await lock?.release();
    throw fault(thrown);
  }
  const { target, temporary: temporaryPath }: Paths = main;
  const ownLock: OutputLock = lock;
  const soundPaths = async (): Promise<Paths> => (beside ??= pathsIn(await fileTarget(`${target}.wav`), `${basename(temporaryPath)}.wav`));
  const forget: () => void = atExit(() => {
    for (const paths of [main, beside]) if (paths) rmSync(paths.temporary, { force: true });
    ownLock.releaseNow();
  });
  let isEnded = false;
  const end = async (): Promise<void> => {
    isEnded = true;
    await file.close().catch(() => {});
  };
  const release = async (): Promise<void> => {
    for (const paths of [main, beside]) if (paths) await rm(paths.temporary, { force: true }).catch(() => {});
    await ownLock.release();
    forget();
  };
  const freeBytes = (): Promise<number | null> => freeBytesAt(dirname(target));
  // Beside the target of a link, and otherwise called by the name that was given.
  const isLink: boolean = (await lstat(output).catch(() => null))?.isSymbolicLink() === true;
  return {
    kind: "file",
    name: output,
    temporaryPath,
    freeBytes,
    sidecar: appendingTo(
      async () => (await soundPaths()).temporary,
      `${isLink ? target : output}.wav`,
      (thrown) => writeFault(output, freeBytes, thrown),
    ),
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
        if (beside) await rm(beside.temporary, { force: true });
      } catch (thrown) {
        throw fault(thrown);
      }
    },
    refuseReplacing: (files) => refuseSameFile(output, beside ? [target, beside.target] : [target], files),
    async commit() {
      if (isEnded) return;
      try {
        await end();
        publish(output, main, beside);
      } catch (thrown) {
        throw fault(thrown);
      } finally {
        await release();
      }
    },
    async discard() {
      if (isEnded) return;
      await end();
      await release();
    },
  };
}

/** A file before and after it gets its name. */
interface Paths {
  readonly target: string;
  readonly temporary: string;
}

function pathsIn(target: string, temporaryName: string): Paths {
  return { target, temporary: join(dirname(target), temporaryName) };
}

/**
 * The sound first, if there is any: pictures never appear without it. The sound of an earlier render stays until both are
 * there. Synchronous, so that the end of this process leaves all of it or nothing.
 */
function publish(output: string, main: Paths, beside: Paths | null): void {
  assertReplaceable(main.target, output);
  if (beside === null || !existsSync(beside.temporary)) return renameSync(main.temporary, main.target);
  assertReplaceable(beside.target, `${output}.wav`);
  const replaced = `${beside.temporary}.replaced`;
  const hadSound: boolean = existsSync(beside.target);
  if (hadSound) renameSync(beside.target, replaced);
  try {
    renameSync(beside.temporary, beside.target);
    renameSync(main.temporary, main.target);
  } catch (thrown) {
    rmSync(beside.target, { force: true });
    if (hadSound) renameSync(replaced, beside.target);
    throw thrown;
  }
  rmSync(replaced, { force: true });
}

/**
 * @param path called for each write
 * @param fault what a failed write means
 */
export function appendingTo(path: () => Promise<string>, name: string, fault: (thrown: unknown) => Promise<RenderError>): Sidecar {
  return {
    name,
    async append(data) {
      try {
        await appendFile(await path(), data);
      } catch (thrown) {
        throw await fault(thrown);
      }
    },
  };
}

/** Bytes that the disk of a folder can still take; null where nobody knows. */
export async function freeBytesAt(folder: string): Promise<number | null> {
  const facts = await statfs(folder).catch(() => null);
  return facts === null ? null : facts.bavail * facts.bsize;
}

/** What a failed write means. */
export async function writeFault(output: string, freeBytes: () => Promise<number | null>, thrown: unknown): Promise<RenderError> {
  if (isRenderError(thrown)) return thrown;
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
