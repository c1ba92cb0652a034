import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { mkdir, readdir, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isRenderError, outputNotWritable, type RenderError } from "../core/errors.ts";
import type { FolderSink } from "../core/sink.ts";
import { appendingTo, freeBytesAt, readPart, writeFault } from "./file-sink.ts";
import { lockOutput, temporaryNameFor, type OutputLock } from "./output-lock.ts";
import { assertReplaceable, folderTarget, refuseSameFile } from "./output-target.ts";
import { namingOf, type PictureNaming } from "./picture-naming.ts";
import { atExit } from "../process/at-exit.ts";

export interface FolderSinkOptions {
  /** Of the pictures, with the dot, where the output does not say it itself. */
  readonly extension: string;
}

/** The sound of the pictures, among them; no picture can be called so. */
const SOUND = "sound.wav";

/** What holds pictures until they are checked, and the earlier ones while they are replaced; both hidden inside the target. */
interface Places {
  readonly target: string;
  readonly isNew: boolean;
  readonly temporary: string;
  readonly replaced: string;
  readonly lock: OutputLock;
}

/**
 * A folder of numbered pictures: "frames" holds 000000.png and so on, "frames/shot-%04d.png" names them. They lie in a hidden
 * folder inside it until all are finished and checked; then they replace those of an earlier render. A lock keeps other
 * renders from the same folder. A symbolic link to a folder stays. The caller ends the sink with `commit` or `discard`.
 *
 * @throws RenderError `output-not-writable`, also where the folder holds other files or is none; `output-busy`
 */
export async function openFolderSink(output: string, { extension }: FolderSinkOptions): Promise<FolderSink> {
  const fault = (thrown: unknown): RenderError => (isRenderError(thrown) ? thrown : outputNotWritable(output, thrown));
  const naming: PictureNaming = namingOf(output, extension);
  let places: Places;
  try {
    places = await openPlaces(await folderTarget(naming.folder, output), output, naming);
  } catch (thrown) {
    throw fault(thrown);
  }
  const { target, isNew, temporary, replaced, lock } = places;
  const forget: () => void = atExit(() => {
    rmSync(temporary, { recursive: true, force: true });
    lock.releaseNow();
    if (isNew) removeEmptyNow(target);
  });
  const release = async (): Promise<void> => {
    await lock.release();
    forget();
  };
  let isEnded = false;
  const freeBytes = (): Promise<number | null> => freeBytesAt(temporary);
  const fileNames = async (): Promise<string[]> => (await readdir(temporary)).filter((name) => name !== SOUND).toSorted(naming.compare);
  const guarded = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } catch (thrown) {
      throw fault(thrown);
    }
  };
  return {
    kind: "folder",
    name: output,
    temporaryPath: temporary,
    fileName: naming.fileName,
    pattern: naming.pattern,
    freeBytes,
    sidecar: appendingTo(
      async () => join(temporary, SOUND),
      join(naming.folder, SOUND),
      (thrown) => writeFault(output, freeBytes, thrown),
    ),
    async writeFile(fileName, data) {
      try {
        await writeFile(join(temporary, fileName), data);
      } catch (thrown) {
        throw await writeFault(output, freeBytes, thrown);
      }
    },
    fileNames: () => guarded(fileNames),
    readFile: (fileName, start, end) => guarded(() => readSlice(join(temporary, fileName), start, end)),
    byteLength: () =>
      guarded(async () => {
        let total = 0;
        for (const name of await fileNames()) total += (await stat(join(temporary, name))).size;
        return total;
      }),
    clear: () =>
      guarded(async () => {
        await rm(temporary, { recursive: true, force: true });
        await mkdir(temporary);
      }),
    refuseReplacing: (files) =>
      guarded(async () => {
        const earlier: string[] = (await readdir(target)).filter((name) => naming.isPicture(name) || name === SOUND);
        await refuseSameFile(
          output,
          earlier.map((name) => join(target, name)),
          files,
        );
      }),
    async commit() {
      if (isEnded) return;
      isEnded = true;
      try {
        replacePictures(places, naming);
      } catch (thrown) {
        await rm(temporary, { recursive: true, force: true }).catch(() => {});
        throw fault(thrown);
      } finally {
        await release();
        if (isNew) await rmdir(target).catch(() => {});
      }
      await rm(replaced, { recursive: true, force: true }).catch(() => {});
    },
    async discard() {
      if (isEnded) return;
      isEnded = true;
      await rm(temporary, { recursive: true, force: true }).catch(() => {});
      await release();
      // Only an empty one goes: what somebody else put there stays.
      if (isNew) await rmdir(target).catch(() => {});
    },
  };
}

/** Inside the target, not beside it: it may be a disk of its own, in a folder that only others may write in. */
async function openPlaces(target: string, output: string, naming: PictureNaming): Promise<Places> {
  const isNew: boolean = await makeFolder(target);
  let lock: OutputLock | null = null;
  try {
    await refuseForeign(target, naming);
    const temporaryName: string = temporaryNameFor(basename(target));
    lock = await lockOutput(join(target, ".framewright.lock"), output, temporaryName);
    const temporary: string = join(target, temporaryName);
    await mkdir(temporary);
    return { target, isNew, temporary, replaced: `${temporary}.replaced`, lock };
  } catch (thrown) {
    await lock?.release();
    if (isNew) await rmdir(target).catch(() => {});
    throw thrown;
  }
}

/** Says whether it was not there before. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (thrown) {
    const facts = await stat(folder).catch(() => null);
    if (facts?.isDirectory() !== true) throw thrown;
    return false;
  }
}

/** Hidden files are nobody's pictures, and are left alone: the system keeps notes of its own in some. */
async function refuseForeign(folder: string, naming: PictureNaming): Promise<void> {
  const files: readonly string[] = (await readdir(folder, { withFileTypes: true })).filter((one) => one.isFile()).map(({ name }) => name);
  const pictures = new Set(files.filter((name) => naming.isPicture(name)));
  // Sound belongs to an earlier render where its pictures are there.
  const isOwn = (name: string): boolean => pictures.has(name) || (name === SOUND && pictures.size > 0 && files.includes(SOUND));
  const names: string[] = (await readdir(folder)).filter((name) => !name.startsWith(".")).toSorted();
  const foreign: string | undefined = names.find((name) => !isOwn(name));
  if (foreign !== undefined)
    throw new Error(
      `its folder holds "${foreign}", which is no picture such as "${naming.fileName(0)}"; give a new folder, an empty one, or that of an earlier render`,
    );
}

/**
 * Moves the earlier pictures away and the new ones in; whatever fails, the earlier ones are there again. Synchronous, so that
 * the end of this process leaves all of it or nothing.
 */
function replacePictures({ target, temporary, replaced }: Places, naming: PictureNaming): void {
  // Files alone: a folder, a link or a FIFO that has the name of a picture is none.
  const files = new Set(
    readdirSync(target, { withFileTypes: true })
      .filter((one) => one.isFile())
      .map(({ name }) => name),
  );
  const pictures: string[] = [...files].filter((name) => naming.isPicture(name));
  const earlier: string[] = pictures.length > 0 && files.has(SOUND) ? [...pictures, SOUND] : pictures;
  const [movedAway, movedIn]: [string[], string[]] = [[], []];
  try {
    if (earlier.length > 0) mkdirSync(replaced);
    for (const name of earlier) {
      renameSync(join(target, name), join(replaced, name));
      movedAway.push(name);
    }
    for (const name of readdirSync(temporary)) {
      assertReplaceable(join(target, name), join(naming.folder, name));
      renameSync(join(temporary, name), join(target, name));
      movedIn.push(name);
    }
    rmdirSync(temporary);
  } catch (thrown) {
    for (const name of movedIn) rmSync(join(target, name), { force: true });
    for (const name of movedAway) renameSync(join(replaced, name), join(target, name));
    if (earlier.length > 0) rmSync(replaced, { recursive: true, force: true });
    throw thrown;
  }
}

async function readSlice(path: string, start = 0, end = Infinity): Promise<Uint8Array> {
  const { size } = await stat(path);
  const position = (at: number): number => Math.min(size, at < 0 ? Math.max(0, size + at) : at);
  return readPart(path, position(start), position(end));
}

function removeEmptyNow(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something is in it, or it is gone.
  }
}
