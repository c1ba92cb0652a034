import { homedir } from "node:os";
import { join } from "node:path";

/** The folder in which this user's programs keep what they could make anew. */
export function userCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== "") return XDG_CACHE_HOME;
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches");
  return process.platform === "win32" && LOCALAPPDATA !== undefined ? LOCALAPPDATA : join(homedir(), ".cache");
}
