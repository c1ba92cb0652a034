import { constants, rmSync } from "node:fs";
import { lstat, open, readdir, rename, rm, utimes, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { atExit } from "../process/at-exit.ts";
import * as v from "valibot";
import { readJsonFile } from "../process/json-file.ts";
import { isGone, ownershipSchema, ownRecord, RECORD_BYTES, type OwnershipRecord } from "../process/ownership.ts";
import { makePrivateFolder } from "../process/private-folder.ts";
import { userCacheFolder } from "../process/user-cache.ts";

export interface PictureStoreOptions {
  /** Where it lies; in the user's cache where it is not given. */
  readonly folder?: string;
  /** The most that it keeps, in bytes; 2 GB where it is not given. */
  readonly limitBytes?: number;
}

/** Keeps bytes by name on this host's disk, for all renders of this user. What was used last stays longest. */
export interface PictureStore {
  /** What is kept under a name; null where nothing is. Whoever opens it closes it. */
  open(name: string): Promise<StoredBytes | null>;
  /**
   * Keeps bytes, whole or not at all; null where there is no room for them, or none may be written. Whoever keeps closes what it
   * gives. Another process that keeps the same name at the same time does no harm: one of the two stays.
   */
  keep(name: string, parts: readonly Uint8Array[]): Promise<StoredBytes | null>;
}

/** Nobody removes them until they are closed, or the process that has them open ends. */
export interface StoredBytes {
  readonly byteLength: number;
  read(start: number, byteLength: number): Promise<Uint8Array>;
  /** May be called twice, never rejects. */
  close(): Promise<void>;
}

const DEFAULT_LIMIT_BYTES = 2_000_000_000;
/** Stands before the bytes, with their number: a file that lost its end, as in a power cut, is none of ours. */
const MAGIC: Uint8Array = new TextEncoder().encode("framewr1");
const HEADER_BYTES: number = MAGIC.byteLength + 8;

const ENTRY = ".kept";
/** What is not finished, under the name of the lease that it is written by. */
const PARTIAL = ".partial";
const LEASE = ".lease";

/** What a lease file contains. JSON. */
interface Lease {
  readonly owner: OwnershipRecord;
  /** The file name of the entry. */
  readonly entry: string;
}

const leaseSchema: v.GenericSchema<unknown, Lease> = v.object({ owner: ownershipSchema, entry: v.pipe(v.string(), v.maxLength(255)) });

/** Links are not followed; Windows has no such flag. */
const READ_FLAGS: number = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
/** Pictures of films are nobody else's business. */
const OWN_FILE = 0o600;

/** A lease that nobody can ask about, of another host that shares the folder or cut off, counts for a day. */
const LEASE_LASTS_MS: number = 24 * 3600 * 1000;

const stores = new Map<string, PictureStore>();

/** The store of a folder; a process has one of each. */
export function pictureStore({ folder, limitBytes = DEFAULT_LIMIT_BYTES }: PictureStoreOptions = {}): PictureStore {
  const parent: string = join(userCacheFolder(), "framewright");
  const path: string = folder ?? join(parent, "pictures");
  const key = `${limitBytes}\n${path}`;
  const store: PictureStore = stores.get(key) ?? new FolderStore(path, limitBytes, folder === undefined ? parent : null);
  stores.set(key, store);
  return store;
}

class FolderStore implements PictureStore {
  readonly #parent: string | null;
  readonly #folder: string;
  readonly #limitBytes: number;
  readonly #leases = new Set<string>();
  #forget: () => void = () => {};
  #ready: Promise<void> | null = null;
  /** Only one looks for room at a time: two would each remove what the other was about to. */
  #making: Promise<unknown> = Promise.resolve();

  /** @param parent of the folder, where that is ours too */
  constructor(folder: string, limitBytes: number, parent: string | null) {
    this.#parent = parent;
    this.#folder = folder;
    this.#limitBytes = limitBytes;
  }

  async open(name: string): Promise<StoredBytes | null> {
    const entry = `${name}${ENTRY}`;
    let lease: string | null = null;
    try {
      await this.#prepared();
      if (!(await lstat(join(this.#folder, entry))).isFile()) return null;
      // From the lease on nobody removes it; whether that came too late, the opening tells.
      lease = await this.#lease(entry);
      const file: FileHandle = await open(join(this.#folder, entry), READ_FLAGS);
      const stored: StoredBytes | null = await storedBytes(file, () => this.#release(lease!));
      if (stored === null) {
        await this.#release(lease);
        await rm(join(this.#folder, entry), { force: true });
        return null;
      }
      const now = new Date();
      await utimes(join(this.#folder, entry), now, now).catch(() => {});
      return stored;
    } catch {
      if (lease !== null) await this.#release(lease);
      return null;
    }
  }

  async keep(name: string, parts: readonly Uint8Array[]): Promise<StoredBytes | null> {
    const entry = `${name}${ENTRY}`;
    const byteLength: number = HEADER_BYTES + parts.reduce((sum, part) => sum + part.byteLength, 0);
    if (byteLength > this.#limitBytes) return null;
    try {
      await this.#prepared();
      const lease: string = await this.#lease(entry);
      return await this.#write(entry, lease, parts, byteLength);
    } catch {
      // A folder that may not be written to.
      return null;
    }
  }

  async #write(entry: string, lease: string, parts: readonly Uint8Array[], byteLength: number): Promise<StoredBytes | null> {
    const partial: string = join(this.#folder, `${lease}${PARTIAL}`);
    let file: FileHandle | null = null;
    try {
      file = await open(partial, "wx+", OWN_FILE);
      // Others that look for room see from now on how much this one takes.
      await file.truncate(byteLength);
      if (!(await this.#makeRoom(0))) throw new Error("The pictures in use fill the cache");
      const whole: readonly Uint8Array[] = [headerFor(byteLength - HEADER_BYTES), ...parts];
      await writeAll(file, whole).catch(async (thrown: NodeJS.ErrnoException) => {
        // A disk that is full may be so of what lies here.
        if (thrown.code !== "ENOSPC" && thrown.code !== "EDQUOT") throw thrown;
        await this.#makeRoom(2 * byteLength);
        await writeAll(file!, whole);
      });
      await rename(partial, join(this.#folder, entry));
      return await storedBytes(file, () => this.#release(lease));
    } catch {
      await file?.close().catch(() => {});
      await rm(partial, { force: true }).catch(() => {});
      await this.#release(lease);
      return null;
    }
  }

  #prepared(): Promise<void> {
    this.#ready ??= this.#prepare();
    // What failed once is tried again.
    this.#ready.catch(() => {
      this.#ready = null;
    });
    return this.#ready;
  }

  /** Makes the folder, and removes what processes left that are gone. */
  async #prepare(): Promise<void> {
    await makePrivateFolder(this.#parent ?? this.#folder);
    await makePrivateFolder(this.#folder);
    const names: readonly string[] = await readdir(this.#folder);
    // In this order: whoever writes had its lease before it wrote.
    const partials: readonly string[] = names.filter((name) => name.endsWith(PARTIAL));
    const { live, dead } = await this.#leasesThere();
    for (const lease of dead) await rm(join(this.#folder, `${lease}${LEASE}`), { force: true });
    for (const partial of partials) {
      if (!live.has(partial.slice(0, -PARTIAL.length))) await rm(join(this.#folder, partial), { force: true });
    }
  }

  /** Makes the file that keeps others from removing an entry, and gives its name. */
  async #lease(entry: string): Promise<string> {
    const lease: string = crypto.randomUUID();
    if (this.#leases.size === 0) this.#forget = atExit(() => this.#releaseAllNow());
    this.#leases.add(lease);
    try {
      const content: Lease = { owner: await ownRecord(), entry };
      await writeFile(join(this.#folder, `${lease}${LEASE}`), JSON.stringify(content), { flag: "wx", mode: OWN_FILE });
    } catch (thrown) {
      await this.#release(lease);
      throw thrown;
    }
    return lease;
  }

  async #release(lease: string): Promise<void> {
    if (!this.#leases.delete(lease)) return;
    if (this.#leases.size === 0) this.#forget();
    await rm(join(this.#folder, `${lease}${LEASE}`), { force: true }).catch(() => {});
  }

  /** For the exit of the process, which waits for nothing. */
  #releaseAllNow(): void {
    for (const lease of this.#leases)
      for (const extension of [LEASE, PARTIAL]) rmSync(join(this.#folder, `${lease}${extension}`), { force: true });
  }

  /** Which leases there are: those of processes that live, by what they hold, and those of processes that are gone. */
  async #leasesThere(): Promise<{ readonly live: ReadonlyMap<string, string | null>; readonly dead: readonly string[] }> {
    const live = new Map<string, string | null>();
    const dead: string[] = [];
    for (const file of await readdir(this.#folder)) {
      if (!file.endsWith(LEASE)) continue;
      const name: string = file.slice(0, -LEASE.length);
      const said: Lease | null = await readJsonFile(join(this.#folder, file), leaseSchema, RECORD_BYTES)
        .then(({ value }) => value)
        // One that is just being written says nothing yet.
        .catch(() => null);
      const isOver: boolean = (said !== null && (await isGone(said.owner))) || (await isOld(join(this.#folder, file)));
      if (isOver && !this.#leases.has(name)) dead.push(name);
      else live.set(name, said?.entry ?? null);
    }
    return { live, dead };
  }

  /** Removes what was used longest ago: so many bytes at least, and until the limit holds; false where too much is in use for that. */
  #makeRoom(leastBytes: number): Promise<boolean> {
    const made: Promise<boolean> = this.#making.then(() => this.#removeOldest(leastBytes));
    this.#making = made.catch(() => {});
    return made;
  }

  async #removeOldest(leastBytes: number): Promise<boolean> {
    const names: readonly string[] = await readdir(this.#folder);
    const files = (await Promise.all(names.map((name) => this.#fileFacts(name)))).filter((file) => file !== null);
    let excess: number = Math.max(leastBytes, files.reduce((sum, { bytes }) => sum + bytes, 0) - this.#limitBytes);
    if (excess <= 0) return true;
    const held: ReadonlySet<string | null> = new Set((await this.#leasesThere()).live.values());
    for (const { name, bytes } of files.sort((a, b) => a.usedMs - b.usedMs)) {
      if (excess <= 0) break;
      if (!name.endsWith(ENTRY) || held.has(name)) continue;
      await rm(join(this.#folder, name), { force: true });
      excess -= bytes;
    }
    return excess <= 0;
  }

  /** Null for one that another process has just removed. */
  async #fileFacts(name: string): Promise<{ readonly name: string; readonly bytes: number; readonly usedMs: number } | null> {
    const facts = await lstat(join(this.#folder, name)).catch(() => null);
    return facts && { name, bytes: facts.size, usedMs: facts.mtimeMs };
  }
}

async function isOld(path: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => null);
  return facts !== null && Date.now() - facts.mtimeMs > LEASE_LASTS_MS;
}

function headerFor(byteLength: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  new DataView(header.buffer).setBigUint64(MAGIC.byteLength, BigInt(byteLength), true);
  return header;
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let position = 0;
  for (const part of parts) {
    for (let written = 0; written < part.byteLength;) {
      const { bytesWritten } = await file.write(part, written, part.byteLength - written, position);
      written += bytesWritten;
      position += bytesWritten;
    }
  }
}

/** Null, and the file closed, where it is not whole. */
async function storedBytes(file: FileHandle, onClose: () => Promise<void>): Promise<StoredBytes | null> {
  const { size } = await file.stat();
  const byteLength: number = size - HEADER_BYTES;
  const header: Uint8Array | null = byteLength < 0 ? null : await readFully(file, 0, HEADER_BYTES);
  if (header === null || !headerFor(byteLength).every((byte, at) => header[at] === byte)) {
    await file.close();
    return null;
  }
  let closing: Promise<void> | null = null;
  return {
    byteLength,
    read: (start, length) => readFully(file, HEADER_BYTES + start, length),
    close: () =>
      (closing ??= file
        .close()
        .catch(() => {})
        .then(onClose)),
  };
}

async function readFully(file: FileHandle, position: number, byteLength: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(byteLength);
  for (let at = 0; at < byteLength;) {
    const { bytesRead } = await file.read(bytes, at, byteLength - at, position + at);
    if (bytesRead === 0) throw new Error(`The file ends after ${position + at} bytes`);
    at += bytesRead;
  }
  return bytes;
}
