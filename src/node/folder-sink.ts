import { rmdirSync, rmSync } from "node:fs";
import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { isRenderError, outputNotWritable, type RenderError } from "../core/errors.ts";
import type { FolderSink } from "../core/sink.ts";
import { appendingTo, freeBytesAt, readPart, writeFault } from "./file-sink.ts";
import { lockOutput, temporaryNameFor, type OutputLock } from "./output-lock.ts";
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
 * renders from the same folder.
 *
 * @throws RenderError `output-not-writable`, also where the folder holds other files; `output-busy`
 */
export async function openFolderSink(output: string, { extension }: FolderSinkOptions): Promise<FolderSink> {
  const fault = (thrown: unknown): RenderError => (isRenderError(thrown) ? thrown : outputNotWritable(output, thrown));
  const naming: PictureNaming = namingOf(output, extension);
  let places: Places;
  try {
    places = await openPlaces(resolve(naming.folder), output, naming);
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
    sidecar: appendingTo(join(temporary, SOUND), join(naming.folder, SOUND), (thrown) => writeFault(output, freeBytes, thrown)),
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
    async commit() {
      if (isEnded) return;
      isEnded = true;
      try {
        await replacePictures(places, naming);
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
    if (facts === null) throw thrown;
    if (!facts.isDirectory()) throw new Error(`"${folder}" is a file; pictures need a folder`, { cause: thrown });
    return false;
  }
}

/** Hidden files are nobody's pictures, and are left alone: the system keeps notes of its own in some. */
async function refuseForeign(folder: string, naming: PictureNaming): Promise<void> {
  const pictures = new Set(await picturesIn(folder, naming));
  const names: string[] = (await readdir(folder)).filter((name) => !name.startsWith(".")).toSorted();
  // Sound belongs to an earlier render where its pictures are there.
  const foreign: string | undefined = names.find((name) => !pictures.has(name) && !(name === SOUND && pictures.size > 0));
  if (foreign !== undefined)
    throw new Error(
      `its folder holds "${foreign}", which is no picture such as "${naming.fileName(0)}"; give a new folder, an empty one, or that of an earlier render`,
    );
}

/** Files alone: a folder or a link that is called like a picture is none. */
async function picturesIn(folder: string, naming: PictureNaming): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && naming.isPicture(entry.name)).map(({ name }) => name);
}

/** Moves the earlier pictures away and the new ones in; whatever fails, the earlier ones are there again. */
async function replacePictures({ target, temporary, replaced }: Places, naming: PictureNaming): Promise<void> {
  const pictures: string[] = await picturesIn(target, naming);
  const hasSound: boolean = pictures.length > 0 && (await readdir(target)).includes(SOUND);
  const earlier: string[] = hasSound ? [...pictures, SOUND] : pictures;
  const [movedAway, movedIn]: [string[], string[]] = [[], []];
  try {
    if (earlier.length > 0) await mkdir(replaced);
    for (const name of earlier) {
      await rename(join(target, name), join(replaced, name));
      movedAway.push(name);
    }
    for (const name of await readdir(temporary)) {
      await rename(join(temporary, name), join(target, name));
      movedIn.push(name);
    }
    await rmdir(temporary);
  } catch (thrown) {
    for (const name of movedIn) await rm(join(target, name), { force: true });
    for (const name of movedAway) await rename(join(replaced, name), join(target, name));
    if (earlier.length > 0) await rmdir(replaced).catch(() => {});
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
