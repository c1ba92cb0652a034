import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { outputBusy } from "../core/errors.ts";
import { isGone, ownIdentity, type ProcessIdentity } from "../process/process-identity.ts";

const TEMPORARY_NAME = /^\.[^/\\]*\.[0-9a-f]{8}\.partial$/;

/** Tries to take over a lock while another render does; one that was killed in the middle of that would be waited for without end. */
const ATTEMPTS = 100;

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

/** What a lock file says. */
interface LockOwner extends ProcessIdentity {
  /** Name of what the render keeps beside the lock until it ends. */
  readonly temporaryName: string;
}

/**
 * Takes an output for one render: with a file that only one can make. A lock whose process has ended on this host is taken
 * over, and what that process left is removed.
 *
 * @param output the name that messages call the output by
 * @throws RenderError `output-busy`, and whatever the file system throws
 */
export async function lockOutput(lockPath: string, output: string, temporaryName: string): Promise<OutputLock> {
  const own: LockOwner = { ...(await ownIdentity()), temporaryName };
  const lock: OutputLock = {
    release: () => rm(lockPath, { force: true }).catch(() => {}),
    releaseNow: () => rmSync(lockPath, { force: true }),
  };
  for (let attempt = 1; ; attempt++) {
    if (await makeExclusively(lockPath, own)) return lock;
    const owner: LockOwner | null = await readOwner(lockPath);
    if (owner === null || attempt > ATTEMPTS || !(await isGone(owner))) throw outputBusy(output, describe(owner), lockPath);
    if (!(await takeOver(lockPath, owner, own))) continue;
    await removeLeftovers(dirname(lockPath), owner.temporaryName);
    return lock;
  }
}

/** False where there is such a file already. */
async function makeExclusively(path: string, owner: LockOwner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(owner), { flag: "wx" });
    return true;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // On a full disk the file is there, with nothing in it.
    if (code === "ENOSPC") await rm(path, { force: true });
    throw thrown;
  }
}

/**
 * Puts one's own lock in the place of one whose process is gone; of several that want to, one can. False where things have
 * changed meanwhile.
 */
async function takeOver(lockPath: string, gone: LockOwner, own: LockOwner): Promise<boolean> {
  // Whoever makes this file, and no other, may replace the very lock that it is named after.
  const claim = `${lockPath}.${createHash("sha1").update(JSON.stringify(gone)).digest("hex").slice(0, 8)}`;
  if (!(await makeExclusively(claim, own))) return false;
  if (JSON.stringify(await readOwner(lockPath)) === JSON.stringify(gone)) {
    await rename(claim, lockPath);
    return true;
  }
  await rm(claim, { force: true });
  return false;
}

/** Null for a lock that is just being written, or that is none of ours. */
async function readOwner(lockPath: string): Promise<LockOwner | null> {
  try {
    return JSON.parse(await readFile(lockPath, "utf8")) as LockOwner;
  } catch {
    return null;
  }
}

function describe(owner: LockOwner | null): string {
  return owner === null ? "it does not say which" : `process ${owner.processId} on ${owner.host}`;
}

/** What a render that was killed kept under its temporary name, and under names that begin with it. */
async function removeLeftovers(folder: string, temporaryName: string): Promise<void> {
  // A lock file could be made up: only such names are ever removed as renders give.
  if (!TEMPORARY_NAME.test(temporaryName)) return;
  for (const name of await readdir(folder))
    if (name.startsWith(temporaryName)) await rm(join(folder, name), { recursive: true, force: true });
}
