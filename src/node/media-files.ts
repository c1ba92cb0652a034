import { open, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aborted, diskFull, isRenderError, limitExceeded, mediaUnreadable, messageOf } from "../core/errors.ts";
import type { PageAddress } from "../core/host.ts";
import type { MediaFiles, ReadFromPage } from "../core/media.ts";
import type { MediaFilesOptions } from "../core/media-link.ts";
import { withLeastRate } from "../core/pipeline/transfer-rate.ts";
import { atExit } from "../process/at-exit.ts";
import { makeTemporaryFolder, removeTemporaryFolder, removeTemporaryFolderNow } from "../process/temporary-folder.ts";
import { freeBytesAt } from "./file-sink.ts";

export interface HostMediaOptions extends Partial<MediaFilesOptions> {
  /** How long a transfer is measured before it counts as too slow, in milliseconds. @default 30,000 */
  readonly rateWindowMs?: number;
  /** Where copies of files lie until the render ends. @default the system's folder for temporary files */
  readonly temporaryFolder?: string;
}

const MEDIA_BYTES = 8 * 1024 ** 3;
/** What a page is asked for at a time. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** Free space that is left to others. */
const LEFT_FREE_BYTES = 64 * 1024 * 1024;
/** How much is written before the free space is looked at again. */
const LOOK_EVERY_BYTES = 32 * 1024 * 1024;

/**
 * The media of a page as files of this host: its own are where they lie, others are copied, once each. Only the page reads them,
 * so that nothing comes here that a browser would refuse to the page: this host asks no server by itself. Whoever opened it
 * closes it, which removes the copies.
 */
export function openMediaFiles(address: PageAddress, options: HostMediaOptions = {}): MediaFiles & AsyncDisposable {
  return new HostMedia(address, options);
}

class HostMedia implements MediaFiles, AsyncDisposable {
  readonly #address: PageAddress;
  readonly #most: number;
  readonly #rateWindowMs: number | undefined;
  readonly #parent: string;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #paths = new Map<string, Promise<string>>();
  #folder: Promise<CopyFolder> | null = null;
  #copies = 0;
  /** Of all copies together. */
  #bytes = 0;

  constructor(address: PageAddress, { signal, mediaBytes = MEDIA_BYTES, rateWindowMs, temporaryFolder = tmpdir() }: HostMediaOptions) {
    this.#address = address;
    this.#most = mediaBytes;
    this.#rateWindowMs = rateWindowMs;
    this.#parent = temporaryFolder;
    this.#signal = signal === undefined ? this.#ended.signal : AbortSignal.any([signal, this.#ended.signal]);
  }

  pathOf(source: string, read: ReadFromPage): Promise<string> {
    const known: Promise<string> | undefined = this.#paths.get(source);
    if (known) return known;
    const path: Promise<string> = this.#find(source, read);
    this.#paths.set(source, path);
    // Whoever asks next tries again.
    path.catch(() => this.#paths.delete(source));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Error("the render has ended"));
    await Promise.allSettled(this.#paths.values());
    await (await this.#folder?.catch(() => null))?.remove();
  }

  async #find(source: string, read: ReadFromPage): Promise<string> {
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
    if (this.#address.fileOf && URL.canParse(source)) {
      const url = new URL(source);
      if (url.origin === new URL(this.#address.url).origin && /^https?:$/.test(url.protocol)) return this.#own(source, url);
    }
    return this.#copyOf(source, read);
  }

  /** The page is told why it has no such file, but not where files lie on this host. */
  async #own(source: string, url: URL): Promise<string> {
    let path: string | null;
    try {
      path = await this.#address.fileOf!(url);
      if (path !== null && !(await stat(path)).isFile()) path = null;
    } catch (thrown) {
      throw mediaUnreadable(source, "there is no such file", thrown);
    }
    if (path === null) throw mediaUnreadable(source, "there is no such file in the folder that the page may load files from");
    return path;
  }

  async #copyOf(source: string, read: ReadFromPage): Promise<string> {
    const { folder } = await (this.#folder ??= makeCopyFolder(this.#parent));
    const path: string = join(folder, String(this.#copies++));
    const limits = { signal: this.#signal, tooSlow: (words: string) => mediaUnreadable(source, words) };
    const window = this.#rateWindowMs === undefined ? {} : { windowMs: this.#rateWindowMs };
    let written = 0;
    const count = (byteLength: number): void => {
      written += byteLength;
      this.#bytes += byteLength;
      if (this.#bytes > this.#most) throw limitExceeded("mediaBytes", `The media files of the page exceed ${this.#most} bytes`, this.#most);
    };
    let file: FileHandle | null = null;
    try {
      await refuseFullDisk(folder);
      const opened: FileHandle = (file = await open(path, "wx", 0o600));
      await withLeastRate({ ...limits, ...window }, (arrived, stopped) =>
        write(opened, piecesOf(read), folder, { signal: stopped, count, arrived }),
      );
      return path;
    } catch (thrown) {
      this.#bytes -= written;
      await rm(path, { force: true }).catch(() => {});
      throw isRenderError(thrown) ? thrown : mediaUnreadable(source, messageOf(thrown), thrown);
    } finally {
      // A page that never answers may still be waited for: what it gives later finds the file closed.
      await file?.close();
    }
  }
}

interface CopyFolder {
  readonly folder: string;
  remove(): Promise<void>;
}

async function makeCopyFolder(parent: string): Promise<CopyFolder> {
  const folder: string = await makeTemporaryFolder(parent, "media");
  const forget: () => void = atExit(() => removeTemporaryFolderNow(folder));
  return {
    folder,
    async remove() {
      await removeTemporaryFolder(folder);
      forget();
    },
  };
}

interface Copying {
  readonly signal: AbortSignal;
  /** Throws where it is too much. */
  readonly count: (byteLength: number) => void;
  readonly arrived: (byteLength: number) => void;
}

async function write(
  file: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
  folder: string,
  { signal, count, arrived }: Copying,
): Promise<void> {
  let sinceLook = 0;
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      arrived(piece.byteLength);
      count(piece.byteLength);
      await file.appendFile(piece);
      sinceLook += piece.byteLength;
      if (sinceLook < LOOK_EVERY_BYTES) continue;
      sinceLook = 0;
      await refuseFullDisk(folder);
    }
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw code === "ENOSPC" || code === "EDQUOT" ? diskFull(folder, await freeBytesAt(folder), thrown) : thrown;
  }
}

/** @throws RenderError `disk-full` */
async function refuseFullDisk(folder: string): Promise<void> {
  const freeBytes: number | null = await freeBytesAt(folder);
  if (freeBytes !== null && freeBytes < LEFT_FREE_BYTES) throw diskFull(folder, freeBytes);
}

/** A page gives what has come of a file so far; nothing more at its end. */
async function* piecesOf(read: ReadFromPage): AsyncGenerator<Uint8Array> {
  for (let start = 0; ;) {
    const piece: Uint8Array = await read(start, start + PIECE_BYTES);
    if (piece.byteLength === 0) return;
    if (piece.byteLength > PIECE_BYTES) throw new Error("the page gives more than it was asked for");
    start += piece.byteLength;
    yield piece;
  }
}
