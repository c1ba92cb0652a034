import { lstatSync, type BigIntStats, type Stats } from "node:fs";
import { readlink, lstat, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { outputNotWritable } from "../core/errors.ts";

/** More than any system follows. */
const MOST_LINKS = 40;

/**
 * The path that a file of this name is written to: symbolic links are followed, also one whose target does not exist yet.
 * Nothing but a regular file is ever replaced.
 *
 * @throws RenderError `output-not-writable` for devices, FIFOs, sockets and folders; and what the file system throws
 */
export async function fileTarget(output: string): Promise<string> {
  const facts: Stats | null = await factsOf(output);
  if (facts !== null && !facts.isFile()) throw notAFile(output, facts);
  return followLinks(output);
}

/**
 * The path of the folder that pictures are written to; symbolic links are followed. There need not be one yet.
 *
 * @throws RenderError `output-not-writable` for everything else that has its name; and what the file system throws
 */
export async function folderTarget(folder: string, output: string): Promise<string> {
  const facts: Stats | null = await factsOf(folder);
  if (facts !== null && !facts.isDirectory())
    throw outputNotWritable(output, `"${folder}" is ${kindOf(facts)}; pictures need a folder`, "Name another one");
  return followLinks(folder);
}

/**
 * Checks again right before a file is replaced. Synchronous, so that nothing of this process happens in between.
 *
 * @param path as `fileTarget` gave it
 * @throws RenderError `output-not-writable`
 */
export function assertReplaceable(path: string, output: string): void {
  const facts: Stats | undefined = lstatSync(path, { throwIfNoEntry: false });
  if (facts !== undefined && !facts.isFile()) throw notAFile(output, facts);
}

/**
 * Rejects where one of the files is among those that would be replaced, under whatever name.
 *
 * @param replaced paths that an output is written to, whether they exist or not
 * @param files called only where something would be replaced
 * @param user who uses the files, for the message
 * @throws RenderError `output-not-writable`
 */
export async function refuseSameFile(
  output: string,
  replaced: readonly string[],
  files: () => Promise<readonly string[]>,
  user = "the page uses",
): Promise<void> {
  const identities = new Set((await Promise.all(replaced.map(identityOf))).filter((one) => one !== null));
  if (identities.size === 0) return;
  for (const file of await files()) {
    const identity: string | null = await identityOf(file);
    if (identity === null || !identities.has(identity)) continue;
    throw outputNotWritable(output, `${user} the file "${file}", which it would replace`, "Name another file");
  }
}

function notAFile(output: string, facts: Stats): Error {
  return outputNotWritable(output, `it is ${kindOf(facts)}`, "Name a file that is new or may be replaced");
}

function kindOf(facts: Stats): string {
  if (facts.isFile()) return "a file";
  if (facts.isDirectory()) return "a folder";
  if (facts.isFIFO()) return "a FIFO (named pipe)";
  if (facts.isCharacterDevice()) return "a character device";
  if (facts.isBlockDevice()) return "a block device";
  return facts.isSocket() ? "a socket" : "a symbolic link";
}

/** Of what a path leads to; null where nothing is there yet. */
async function factsOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    throw code === "ELOOP" ? new Error("it is one of symbolic links that lead back to themselves", { cause: thrown }) : thrown;
  }
}

async function followLinks(output: string): Promise<string> {
  let path: string = resolve(output);
  for (let links = 0; links <= MOST_LINKS; links++) {
    path = join(await realpath(dirname(path)), basename(path));
    const facts: Stats | null = await lstat(path).catch(() => null);
    if (facts?.isSymbolicLink() !== true) return path;
    path = resolve(dirname(path), await readlink(path));
  }
  throw new Error(`it is a symbolic link that leads over more than ${MOST_LINKS} others`);
}

/** Equal for hard links to one file; null where there is none. */
async function identityOf(path: string): Promise<string | null> {
  const facts: BigIntStats | null = await stat(path, { bigint: true }).catch(() => null);
  return facts === null ? null : `${facts.dev}:${facts.ino}`;
}
