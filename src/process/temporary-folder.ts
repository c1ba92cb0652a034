import { lstatSync, readdirSync, rmSync, type Stats } from "node:fs";
import { lstat, mkdtemp, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readJsonFile } from "./json-file.ts";
import { isGone, ownershipSchema, ownRecord, RECORD_BYTES, type OwnershipRecord } from "./ownership.ts";

/** What a temporary folder is for. */
export type TemporaryFolderKind = "bench" | "browser" | "doctor" | "media" | "profile" | "render" | "sound";

/** All names that `makeTemporaryFolder` gives, and no others. */
const NAME = /^framewright-(?:bench|browser|doctor|media|profile|render|sound)-\d{1,10}-[A-Za-z0-9]{6}$/;

/** The record of the process that owns the folder, inside it. */
const RECORD = ".framewright-owner.json";
const UNFINISHED_RECORD = `${RECORD}.new`;

/** A folder without a record is about to get one, unless it is older than this, in milliseconds. */
const RECORD_WITHIN_MS = 3_600_000;

/**
 * Makes a folder that only this user can use, with a record of this process inside. Folders of processes that ended without
 * removing them are removed first. Remove it with `removeTemporaryFolder`, and at the exit of this process with
 * `removeTemporaryFolderNow`.
 */
export async function makeTemporaryFolder(parent: string, kind: TemporaryFolderKind): Promise<string> {
  await removeAbandonedFolders(parent);
  const folder: string = await mkdtemp(join(parent, `framewright-${kind}-${process.pid}-`));
  try {
    // A record is there whole or not at all.
    await writeFile(join(folder, UNFINISHED_RECORD), JSON.stringify(await ownRecord()), { mode: 0o600, flag: "wx" });
    await rename(join(folder, UNFINISHED_RECORD), join(folder, RECORD));
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    throw thrown;
  }
  return folder;
}

/**
 * Removes a folder that `makeTemporaryFolder` made. The record goes last, so that a process that is killed in between leaves
 * what the next one can remove. Retries while other processes still write into it.
 */
export async function removeTemporaryFolder(folder: string): Promise<void> {
  const retries = { recursive: true, force: true, maxRetries: 20, retryDelay: 25 } as const;
  const names: string[] = await readdir(folder).catch(() => []);
  for (const name of names) if (name !== RECORD) await rm(join(folder, name), retries);
  await rm(folder, retries);
}

/** As `removeTemporaryFolder`, for the exit of the process, which waits for nothing. */
export function removeTemporaryFolderNow(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
  // Processes that were killed a moment ago may still write.
  const retries = { recursive: true, force: true, maxRetries: 10, retryDelay: 10 } as const;
  for (const name of readdirSync(folder)) if (name !== RECORD) rmSync(join(folder, name), retries);
  rmSync(folder, retries);
}

/** Removes the folders of this user in `parent` whose process is certainly gone. Never rejects. */
export async function removeAbandonedFolders(parent: string): Promise<void> {
  const names: string[] = await readdir(parent).catch(() => []);
  for (const name of names) if (NAME.test(name)) await removeIfAbandoned(join(parent, name)).catch(() => {});
}

async function removeIfAbandoned(folder: string): Promise<void> {
  const facts: Stats = await lstat(folder);
  if (!facts.isDirectory() || !isOwnAndPrivate(facts)) return;
  const record: OwnershipRecord | null = await recordIn(folder);
  if (record !== null && record.user === ownUser() && (await isGone(record))) return removeTemporaryFolder(folder);
  if (record === null && Date.now() - facts.mtimeMs > RECORD_WITHIN_MS) await removeEmpty(folder);
}

/** A process that was killed while it made the folder left nothing else in it. */
async function removeEmpty(folder: string): Promise<void> {
  const names: string[] = await readdir(folder);
  if (names.some((name) => name !== UNFINISHED_RECORD)) return;
  for (const name of names) await rm(join(folder, name));
  await rmdir(folder);
}

/** Null where there is no valid record of this user. */
async function recordIn(folder: string): Promise<OwnershipRecord | null> {
  try {
    const { value, facts } = await readJsonFile(join(folder, RECORD), ownershipSchema, RECORD_BYTES);
    return isOwnAndPrivate(facts) ? value : null;
  } catch {
    return null;
  }
}

function ownUser(): number | null {
  return process.getuid?.() ?? null;
}

/** Nobody else may have put anything into it. Windows has no such modes, and a folder for temporary files of each user. */
function isOwnAndPrivate({ uid, mode }: Stats): boolean {
  const user: number | null = ownUser();
  return user === null || (uid === user && (mode & 0o077) === 0);
}
