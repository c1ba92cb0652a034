import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { lstat, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { brotliDecompress, createBrotliDecompress } from "node:zlib";
import { parseTar } from "nanotar";
import * as v from "valibot";
import { readJsonFile } from "../process/json-file.ts";
import { refuseForeign } from "../process/private-folder.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../process/temporary-folder.ts";

/** Paths of what the package consists of: compressed with Brotli, and all but the browser itself in TAR. */
export interface ChromiumArchives {
  readonly packageFile: string;
  readonly chromium: string;
  /** Libraries for software rendering, which the browser looks for beside itself. */
  readonly graphics: string;
  readonly fonts: string;
  /** Libraries that bare hosts lack. */
  readonly libraries: string;
}

/** Names of all files and their sizes, inside the folder. A power cut can leave files that are cut off. */
const MANIFEST = "files.json";
const MANIFEST_BYTES = 65_536;
/** What a TAR of the package may unpack to: the largest takes 8 MB. */
const MOST_TAR_BYTES: number = 256 << 20;

const manifestSchema: v.GenericSchema<unknown, Record<string, number>> = v.record(
  v.pipe(v.string(), v.regex(/^(?!\/)(?!.*\.\.)/)),
  v.pipe(v.number(), v.integer(), v.minValue(0)),
);

const unpacking: Map<string, Promise<void>> = new Map();

/**
 * Gives `folder`, which holds the unpacked browser and nothing that another user could have changed. Unpacks it where it is not
 * there yet: into a private folder that then gets the name at once, so that no process ever sees half of it.
 *
 * @param parent of `folder`; private
 */
export async function unpackOnce(parent: string, folder: string, archives: ChromiumArchives): Promise<string> {
  if (!(await isUsable(folder))) {
    const running: Promise<void> = unpacking.get(folder) ?? unpackBeside(parent, folder, archives);
    unpacking.set(folder, running);
    await running.finally(() => unpacking.delete(folder));
    await checkUnpacked(folder);
  }
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
  return folder;
}

async function isUsable(folder: string): Promise<boolean> {
  return checkUnpacked(folder).then(
    () => true,
    () => false,
  );
}

async function unpackBeside(parent: string, folder: string, archives: ChromiumArchives): Promise<void> {
  const staging: string = await makeTemporaryFolder(parent, "browser");
  try {
    const unfinished: string = join(staging, "chromium");
    await unpackInto(unfinished, archives, folder);
    // Another process may have been faster; what is there and is broken goes.
    if (await isUsable(folder)) return;
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder).catch(async (thrown: unknown) => {
      if (!(await isUsable(folder))) throw thrown;
    });
    await removeUnused(parent, folder);
  } finally {
    await removeTemporaryFolder(staging);
  }
}

/** @param finalFolder where the files will be used; the fonts' settings name it */
export async function unpackInto(folder: string, archives: ChromiumArchives, finalFolder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await pipeline(
    createReadStream(archives.chromium),
    createBrotliDecompress({ chunkSize: 1 << 20 }),
    createWriteStream(join(folder, "chromium"), { mode: 0o700, flags: "wx" }),
  );
  await unpackTar(archives.graphics, folder);
  await unpackTar(archives.libraries, join(folder, "libraries"));
  await unpackTar(archives.fonts, join(folder, "fonts"));
  await writeFile(join(folder, "fonts", "fonts.conf"), fontSettings(finalFolder), { mode: 0o600 });
  const sizes: Record<string, number> = {};
  for (const path of await filesIn(folder)) sizes[relative(folder, path)] = (await lstat(path)).size;
  await writeFile(join(folder, MANIFEST), JSON.stringify(sizes), { mode: 0o600, flag: "wx" });
}

async function unpackTar(archive: string, folder: string): Promise<void> {
  const bytes: Uint8Array = await promisify(brotliDecompress)(await readFile(archive), { maxOutputLength: MOST_TAR_BYTES });
  for (const { name, type, data, attrs } of parseTar(bytes)) {
    if (type === "directory") continue;
    if (type !== "file" || name.startsWith("/") || name.split("/").includes("..")) throw new Error(`"${archive}" holds "${name}"`);
    const path: string = join(folder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const isProgram: boolean = (Number.parseInt(attrs?.mode ?? "0", 8) & 0o100) !== 0;
    await writeFile(path, data ?? new Uint8Array(), { mode: isProgram ? 0o700 : 0o600, flag: "wx" });
  }
}

/** The package's own settings name folders for temporary files, where any user can put a font. */
function fontSettings(folder: string): string {
  const escaped: string = folder.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/var/task/.fonts</dir>
  <dir>/var/task/fonts</dir>
  <dir>/opt/fonts</dir>
  <dir>${escaped}/fonts/fonts</dir>
  <cachedir>${escaped}/fonts-cache</cachedir>
</fontconfig>
`;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const paths = entries.map((entry) => {
    const path: string = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
  return (await Promise.all(paths)).flat();
}

/**
 * Checks that all files are there, whole, and that nobody else could have changed one.
 *
 * @throws Error where that is not so
 */
export async function checkUnpacked(folder: string): Promise<void> {
  await checkFolder(folder);
  const { value: sizes, facts } = await readJsonFile(join(folder, MANIFEST), manifestSchema, MANIFEST_BYTES);
  refuseForeign(join(folder, MANIFEST), facts);
  if (sizes?.["chromium"] === undefined) throw new Error(`"${folder}" has no valid list of its files`);
  const names: readonly string[] = Object.keys(sizes);
  for (const below of new Set(names.flatMap((name) => foldersAbove(name)))) await checkFolder(join(folder, below));
  for (const name of names) {
    const path: string = join(folder, name);
    const file: Stats = await lstat(path);
    if (!file.isFile() || file.size !== sizes[name]) throw new Error(`"${path}" is not the file that was unpacked`);
    refuseForeign(path, file);
  }
}

function foldersAbove(name: string): readonly string[] {
  const parts: readonly string[] = name.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

async function checkFolder(path: string): Promise<void> {
  const facts: Stats = await lstat(path);
  if (!facts.isDirectory()) throw new Error(`"${path}" is not a folder`);
  refuseForeign(path, facts);
}

/** Other versions that no process has used for so long, in milliseconds, are removed: each takes 220 MB. */
const UNUSED_MS: number = 30 * 24 * 3_600_000;

async function removeUnused(parent: string, current: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const folder: string = join(parent, name);
    if (!/^chromium-[\w.-]+-[0-9a-f]{16}$/.test(name) || folder === current) continue;
    const facts: Stats | null = await lstat(folder).catch(() => null);
    const isUnused: boolean = facts !== null && Date.now() - facts.mtimeMs > UNUSED_MS;
    if (isUnused) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}
