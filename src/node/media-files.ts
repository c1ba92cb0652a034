import { open, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aborted, diskFull, isRenderError, mediaUnreadable, messageOf } from "../core/errors.ts";
import type { PageAddress } from "../core/host.ts";
import type { MediaFiles, ReadFromPage } from "../core/media.ts";
import { allows, reachable, type NetworkAccess, type NetworkAddress } from "../core/network.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import { atExit } from "../process/at-exit.ts";
import { makeTemporaryFolder, removeTemporaryFolder, removeTemporaryFolderNow } from "../process/temporary-folder.ts";
import { freeBytesAt } from "./file-sink.ts";

export interface MediaFilesOptions {
  /** Longest silence in milliseconds of whoever gives a file; 30,000 unless said. */
  readonly silenceLimitMs?: number;
  /** Where copies of files lie until the render ends; the system's folder for temporary files unless said. */
  readonly temporaryFolder?: string;
}

const MOST_REDIRECTS = 10;
/** What a page is asked for at a time. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** Free space that is left to others. */
const LEFT_FREE_BYTES = 64 * 1024 * 1024;
/** How much is written before the free space is looked at again. */
const LOOK_EVERY_BYTES = 32 * 1024 * 1024;
/** The page may have what its server asks for. */
const WANTS_RIGHTS: ReadonlySet<number> = new Set([401, 403]);

/**
 * The media of a page as files of this host: its own are where they lie, others are copied, once each. Whoever opened it
 * closes it, which removes the copies.
 */
export function openMediaFiles(
  address: PageAddress,
  network: NetworkAccess,
  options: MediaFilesOptions = {},
): MediaFiles & AsyncDisposable {
  return new HostMedia(address, network, options);
}

class HostMedia implements MediaFiles, AsyncDisposable {
  readonly #address: PageAddress;
  readonly #network: NetworkAccess;
  readonly #allowed: readonly NetworkAddress[] | null;
  readonly #silenceLimitMs: number;
  readonly #parent: string;
  readonly #ended = new AbortController();
  readonly #paths = new Map<string, Promise<string>>();
  #folder: Promise<CopyFolder> | null = null;
  #copies = 0;

  constructor(address: PageAddress, network: NetworkAccess, { silenceLimitMs = 30_000, temporaryFolder = tmpdir() }: MediaFilesOptions) {
    this.#address = address;
    this.#network = network;
    this.#allowed = reachable(network, new URL(address.url).origin);
    this.#silenceLimitMs = silenceLimitMs;
    this.#parent = temporaryFolder;
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
    if (this.#ended.signal.aborted) throw aborted(this.#ended.signal.reason);
    if (!/^https?:/i.test(source) || !URL.canParse(source)) return this.#copyOfPages(source, read);
    const url = new URL(source);
    if (this.#address.fileOf && url.origin === new URL(this.#address.url).origin) return this.#own(source, url);
    const refusal: number | string = await this.#fetched(source, url);
    if (typeof refusal === "string") return refusal;
    return this.#copyOfPages(source, read).catch((thrown: unknown) => {
      const isMore: boolean = isRenderError(thrown) && thrown.code !== "media-unreadable";
      throw isMore ? thrown : mediaUnreadable(source, `its server answered with status ${refusal}`);
    });
  }

  async #own(source: string, url: URL): Promise<string> {
    let path: string | null;
    try {
      path = await this.#address.fileOf!(url);
      if (path !== null && !(await stat(path)).isFile()) throw new Error("it is no file");
    } catch (thrown) {
      throw mediaUnreadable(source, messageOf(thrown), thrown);
    }
    if (path === null) throw mediaUnreadable(source, "it lies outside of the folder that the page may load files from");
    return path;
  }

  /** A copy, or the status where its server asks for rights. */
  #fetched(source: string, url: URL): Promise<string | number> {
    return this.#guarded(source, async (beat, signal) => {
      const response: Response = await this.#answer(url, signal);
      beat();
      if (response.ok && response.body !== null) {
        // Of a compressed answer this is less than what comes.
        return this.#copy(response.body, { expectedBytes: Number(response.headers.get("content-length") ?? 0), beat, signal });
      }
      await response.body?.cancel();
      if (WANTS_RIGHTS.has(response.status)) return response.status;
      throw new Error(`its server answered with status ${response.status}`);
    });
  }

  /** What the server answers where the file is found in the end. Each one on the way must be allowed to the page. */
  async #answer(first: URL, signal: AbortSignal): Promise<Response> {
    let url: URL = first;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      if (!allows(this.#allowed, url)) {
        const where: string = redirects === 0 ? "it lies" : `it redirects to "${url.href}",`;
        throw new Error(`${where} where network: ${JSON.stringify(this.#network)} forbids to go`);
      }
      const response: Response = await fetch(url, { redirect: "manual", signal });
      const location: string | null = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || location === null) return response;
      await response.body?.cancel();
      if (!URL.canParse(location, url.href) || !/^https?:$/.test(new URL(location, url).protocol))
        throw new Error(`it redirects to "${location}"`);
      url = new URL(location, url);
    }
    throw new Error(`it redirects more than ${MOST_REDIRECTS} times`);
  }

  #copyOfPages(source: string, read: ReadFromPage): Promise<string> {
    return this.#guarded(source, (beat, signal) => this.#copy(piecesOf(read), { expectedBytes: 0, beat, signal }));
  }

  async #copy(pieces: AsyncIterable<Uint8Array>, copying: Copying): Promise<string> {
    const { folder } = await (this.#folder ??= makeCopyFolder(this.#parent));
    const path: string = join(folder, String(this.#copies++));
    try {
      await refuseFullDisk(folder, copying.expectedBytes);
      await write(path, pieces, folder, copying);
      return path;
    } catch (thrown) {
      await rm(path, { force: true }).catch(() => {});
      throw thrown;
    }
  }

  /** Work with a limit on its silence, whose faults name the source. The signal ends what goes on when it has failed. */
  async #guarded<Value>(source: string, work: (beat: () => void, signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const stop = new AbortController();
    const supervisor = new Supervisor(this.#silenceLimitMs, this.#ended.signal);
    const silence = (): Error => mediaUnreadable(source, `nothing more came of it for ${this.#silenceLimitMs} ms`);
    try {
      return await supervisor.run(
        work(() => supervisor.beat(), stop.signal),
        silence,
      );
    } catch (thrown) {
      stop.abort(thrown);
      throw isRenderError(thrown) ? thrown : mediaUnreadable(source, whyOf(thrown), thrown);
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
  readonly expectedBytes: number;
  /** Called whenever something came. */
  readonly beat: () => void;
  readonly signal: AbortSignal;
}

async function write(path: string, pieces: AsyncIterable<Uint8Array>, folder: string, { beat, signal }: Copying): Promise<void> {
  const file: FileHandle = await open(path, "wx");
  let sinceLook = 0;
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      beat();
      await file.appendFile(piece);
      sinceLook += piece.byteLength;
      if (sinceLook < LOOK_EVERY_BYTES) continue;
      sinceLook = 0;
      await refuseFullDisk(folder, 0);
    }
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw code === "ENOSPC" || code === "EDQUOT" ? diskFull(folder, await freeBytesAt(folder), thrown) : thrown;
  } finally {
    await file.close();
  }
}

/** @throws RenderError `disk-full` */
async function refuseFullDisk(folder: string, neededBytes: number): Promise<void> {
  const freeBytes: number | null = await freeBytesAt(folder);
  if (freeBytes !== null && freeBytes - neededBytes < LEFT_FREE_BYTES) throw diskFull(folder, freeBytes);
}

async function* piecesOf(read: ReadFromPage): AsyncGenerator<Uint8Array> {
  for (let start = 0; ; start += PIECE_BYTES) {
    const piece: Uint8Array = await read(start, start + PIECE_BYTES);
    if (piece.byteLength > 0) yield piece;
    if (piece.byteLength < PIECE_BYTES) return;
  }
}

/** What `fetch` says of a connection stands in its cause. */
function whyOf(thrown: unknown): string {
  const { cause } = thrown as { readonly cause?: unknown };
  return messageOf(cause ?? thrown);
}
