import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";

const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;
/** In a folder with this bit, such as the one for temporary files, users cannot replace the files of others. */
const STICKY = 0o1000;

/** Why a page with a URL is not the user's own: nothing tells who writes what a server answers, also not one of this host. */
export const FROM_SERVER = "it comes from a server, not from a file of yours";

/**
 * Why a local page is not the user's own: its file and its folder belong to the user, and nobody else may write there. Null where it
 * is, and where the system has no user ids.
 *
 * @param page the real path of an HTML file
 */
export async function whyForeign(page: string): Promise<string | null> {
  const userId: number | undefined = process.getuid?.();
  if (userId === undefined) return null;
  return whyOfOthers("its file", await stat(page), userId) ?? whyOfOthers("its folder", await stat(dirname(page)), userId);
}

function whyOfOthers(what: string, { uid, gid, mode }: Stats, userId: number): string | null {
  // What belongs to root is as safe as the system itself.
  if (uid !== userId && uid !== 0) return `${what} belongs to another user (id ${uid})`;
  // Some systems give each user a group of one.
  const writers: number = gid === process.getgid?.() ? OTHERS_WRITE : OTHERS_WRITE | GROUP_WRITES;
  return (mode & writers) === 0 || (mode & STICKY) !== 0 ? null : `other users may write to ${what}`;
}
