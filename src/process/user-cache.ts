import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";

/** The folder in which this user's programs keep what they can make again. */
export function userCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  // Relative paths are invalid there, by the specification of XDG.
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  if (process.platform === "win32" && LOCALAPPDATA !== undefined) return LOCALAPPDATA;
  return process.platform === "darwin" ? join(home(), "Library", "Caches") : join(home(), ".cache");
}

/** A user without a home, as in some containers, has a folder in that for temporary files. */
function home(): string {
  try {
    return homedir();
  } catch {
    return join(tmpdir(), `framewright-home-${process.getuid?.() ?? "user"}`);
  }
}
