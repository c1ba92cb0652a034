import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFull, isRenderError, messageOf, soundFailed, type RenderError } from "../core/errors.ts";
import { atExit } from "../process/at-exit.ts";
import { makeTemporaryFolder, removeTemporaryFolder, removeTemporaryFolderNow } from "../process/temporary-folder.ts";

/** Where a mix and what goes into it lie while they are needed. Whoever makes it removes it. */
export interface SoundFolder {
  readonly path: string;
  /** Another file in it, of which nobody has heard yet. */
  newFile(): string;
  /** What a fault of a file in it means. */
  faultOf(thrown: unknown): Promise<RenderError>;
  /** The disk is full, as ffmpeg said. */
  full(cause?: unknown): Promise<RenderError>;
  /** Never rejects. */
  remove(): Promise<void>;
}

/** @throws RenderError `disk-full`, `sound-failed` */
export async function makeSoundFolder(mixer: string, parent: string = tmpdir()): Promise<SoundFolder> {
  const full = async (cause?: unknown): Promise<RenderError> => {
    const free = await statfs(parent).catch(() => null);
    return diskFull(parent, free && free.bavail * free.bsize, cause);
  };
  const faultOf = async (thrown: unknown): Promise<RenderError> => {
    if (isRenderError(thrown)) return thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") return full(thrown);
    return soundFailed(mixer, null, messageOf(thrown), thrown);
  };
  const path: string = await makeTemporaryFolder(parent, "sound").catch(async (thrown: unknown) => {
    throw await faultOf(thrown);
  });
  const forget: () => void = atExit(() => removeTemporaryFolderNow(path));
  let files = 0;
  return {
    path,
    newFile: () => join(path, `${files++}.f32`),
    faultOf,
    full,
    async remove() {
      await removeTemporaryFolder(path).catch(() => {});
      forget();
    },
  };
}
