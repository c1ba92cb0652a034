import { createHash } from "node:crypto";
import { lstatSync, readFileSync, rmSync, type Stats } from "node:fs";
import { link, lstat, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { outputBusy } from "../core/errors.ts";
import { readJsonFile } from "../process/json-file.ts";
import { isGone, ownershipSchema, ownRecord, RECORD_BYTES, type OwnershipRecord } from "../process/ownership.ts";

const TEMPORARY_END = /\.[0-9a-f]{8}\.partial$/;

/** Tries to take over a lock while another render does the same. */
const ATTEMPTS = 100;
/** Taking over is itself guarded by a lock, which a process that was killed may have left, and so on. */
const DEEPEST_CLAIM = 4;

/** How often a render refreshes its lock, in milliseconds. */
const REFRESH_MS = 30_000;
/** A lock that was not refreshed for this time, in milliseconds, belongs to no render, whatever it says. */
const LEASE_MS = 10 * 60_000;
/** A file that is no lock may be one that is being written, on a file system without hard links; for so many milliseconds. */
const WRITTEN_WITHIN_MS = 10_000;

/** A hidden name for what is not finished yet; no two are the same. */
export function temporaryNameFor(name: string): string {
  return `.${name}.${crypto.randomUUID().slice(0, 8)}.partial`;
}

/** Keeps other renders from an output. */
export interface OutputLock {
  /** Never rejects. */
  release(): Promise<void>;
  /** For the exit of the process, which waits for nothing. */
  releaseNow(): void;
}

/** What a lock file contains. JSON. */
interface LockContent {
  readonly owner: OwnershipRecord;
  /** Name of what the render keeps beside the lock until it ends. */
  readonly temporaryName: string;
}

const lockSchema: v.GenericSchema<unknown, LockContent> = v.object({
  owner: ownershipSchema,
  temporaryName: v.pipe(v.string(), v.maxLength(1024)),
});

/** A lock file as it was found. */
interface FoundLock {
  /** Null where it is no lock of ours. */
  readonly content: LockContent | null;
  /** Tells it from the lock that comes after it. */
  readonly text: string;
  readonly isStale: boolean;
}

/**
 * Takes an output for one render, with a file that only one can make. A lock is taken over, and what its render left is removed,
 * where its process has ended on this host, where it was not refreshed for ten minutes, and where it is not a lock at all.
 *
 * @param output the name that messages call the output by
 * @throws RenderError `output-busy`, and whatever the file system throws
 */
export async function lockOutput(lockPath: string, output: string, temporaryName: string): Promise<OutputLock> {
  const own: LockContent = { owner: await ownRecord(), temporaryName };
  const text: string = JSON.stringify(own);
  const replaced: FoundLock | "nothing" | "busy" = await take(lockPath, text, 0);
  if (replaced === "busy") throw outputBusy(output, describe((await findLock(lockPath))?.content ?? null), lockPath);
  if (replaced !== "nothing") await removeLeftovers(lockPath, replaced.content?.temporaryName ?? null, temporaryName);
  // After a long sleep of the machine another render may have taken over.
  const isHeld = async (): Promise<boolean> => (await findLock(lockPath).catch(() => null))?.text === text;
  const refreshing: ReturnType<typeof setInterval> = setInterval(() => {
    void isHeld().then((held) => (held ? refresh(lockPath) : clearInterval(refreshing)));
  }, REFRESH_MS);
  refreshing.unref();
  return {
    async release() {
      clearInterval(refreshing);
      if (await isHeld()) await rm(lockPath, { force: true }).catch(() => {});
    },
    releaseNow() {
      if (isFileWith(lockPath, text)) rmSync(lockPath, { force: true });
    },
  };
}

function isFileWith(path: string, text: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path, "utf8") === text;
}

/** What the lock replaced, or that another one holds it. */
async function take(path: string, text: string, depth: number): Promise<FoundLock | "nothing" | "busy"> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await makeExclusively(path, text)) return "nothing";
    const found: FoundLock | null = await findLock(path);
    // It was released meanwhile.
    if (found === null) continue;
    if (!found.isStale || depth === DEEPEST_CLAIM) return "busy";
    if (await replace(path, found, text, depth)) return found;
  }
  return "busy";
}

/** Replaces a stale lock; of several that want to, one can. False where things have changed meanwhile. */
async function replace(path: string, stale: FoundLock, text: string, depth: number): Promise<boolean> {
  // Whoever has this file, and no other, may replace the very lock that it is named after.
  const claim = `${path}.${createHash("sha256").update(stale.text).digest("hex").slice(0, 8)}`;
  if ((await take(claim, text, depth + 1)) === "busy") return false;
  try {
    const now: FoundLock | null = await findLock(path);
    const isSame: boolean = now !== null && now.isStale && now.text === stale.text;
    if (isSame) await rename(claim, path);
    return isSame;
  } finally {
    await rm(claim, { force: true });
  }
}

/** Makes a file that is there with its content or not at all. False where there is such a file already. */
async function makeExclusively(path: string, text: string): Promise<boolean> {
  const unlinked = `${path}.${crypto.randomUUID().slice(0, 8)}.new`;
  try {
    await writeFile(unlinked, text, { flag: "wx" });
    await link(unlinked, path).catch((thrown: unknown) => {
      if (!NO_LINKS.has((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
      return writeFile(path, text, { flag: "wx" });
    });
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw thrown;
  } finally {
    await rm(unlinked, { force: true });
  }
}

/** What file systems without hard links say. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** Null where there is no such file. */
async function findLock(path: string): Promise<FoundLock | null> {
  const facts: Stats | null = await lstat(path).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  });
  if (facts === null) return null;
  // A link, a FIFO or a large file is no lock; one of another user may be.
  const read = await readJsonFile(path, lockSchema, RECORD_BYTES).catch((thrown: unknown) => (thrown as NodeJS.ErrnoException).code);
  if (read === "ENOENT") return null;
  const isUnreadable: boolean = read === "EACCES" || read === "EPERM";
  const content: LockContent | null = typeof read === "object" ? read.value : null;
  // A time in the future is none that a render gave.
  const ageMs: number = Math.abs(Date.now() - facts.mtimeMs);
  const isStale: boolean =
    ageMs > LEASE_MS || (content === null ? !isUnreadable && ageMs > WRITTEN_WITHIN_MS : await isGone(content.owner));
  return { content, text: typeof read === "object" ? read.text : "", isStale };
}

/** Where that fails, the lock is as old as it is. */
async function refresh(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}

function describe(content: LockContent | null): string {
  return content === null ? "it does not say which" : `process ${content.owner.processId} on ${content.owner.host}`;
}

/** What a render that was killed kept under its temporary name and under names that begin with it, and what became of its lock. */
async function removeLeftovers(lockPath: string, temporaryName: string | null, own: string): Promise<void> {
  const folder: string = dirname(lockPath);
  // A lock file could be made up: only names that renders to this output give are ever removed.
  const isOurs: boolean =
    temporaryName !== null &&
    TEMPORARY_END.test(temporaryName) &&
    temporaryName.replace(TEMPORARY_END, "") === own.replace(TEMPORARY_END, "");
  for (const name of await readdir(folder)) {
    const path: string = join(folder, name);
    if (isOurs && name.startsWith(temporaryName!)) await rm(path, { recursive: true, force: true });
    else if (isPartOfLock(name, basename(lockPath)) && (await isOld(path))) await rm(path, { force: true });
  }
}

function isPartOfLock(name: string, lockName: string): boolean {
  return name.startsWith(`${lockName}.`) && /^(?:\.[0-9a-f]{8})+(?:\.new)?$/.test(name.slice(lockName.length));
}

async function isOld(path: string): Promise<boolean> {
  const facts: Stats | null = await lstat(path).catch(() => null);
  return facts !== null && facts.isFile() && Math.abs(Date.now() - facts.mtimeMs) > LEASE_MS;
}
