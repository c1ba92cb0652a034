import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { browserMissing } from "../core/errors.ts";

/** A browser that can be started on this host. */
export interface BrowserInstall {
  readonly executablePath: string;
  /** Where it was found, in words a person knows. */
  readonly foundIn: string;
  /** Variables that it needs beside those of this process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Headless shells first: they start faster, and a full browser with a window has lost text in other renderers. */
const shells: readonly string[] = ["chromium-headless-shell", "chrome-headless-shell", "headless_shell"];
const fullBrowsers: readonly string[] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/**
 * Looks in: the path that was asked for, FRAMEWRIGHT_BROWSER, headless shells on the PATH, the browser that Playwright
 * installed, the package @sparticuz/chromium, full browsers on the PATH.
 *
 * @throws RenderError `browser-missing`
 */
export async function findBrowser(asked?: string): Promise<BrowserInstall> {
  const named: string | undefined = asked ?? process.env["FRAMEWRIGHT_BROWSER"];
  if (named !== undefined && named !== "") {
    const foundIn: string = asked === undefined ? "FRAMEWRIGHT_BROWSER" : "the option";
    if (!(await isExecutable(named))) throw browserMissing([foundIn], named);
    return { executablePath: named, foundIn, environment: {} };
  }
  const found: BrowserInstall | null =
    (await onPath(shells)) ?? (await installedByPlaywright()) ?? (await fromSparticuz()) ?? (await onPath(fullBrowsers));
  if (found) return found;
  throw browserMissing(
    ["FRAMEWRIGHT_BROWSER", `PATH (${[...shells, ...fullBrowsers].join(", ")})`, "Playwright's browsers", "@sparticuz/chromium"],
    null,
  );
}

async function onPath(names: readonly string[]): Promise<BrowserInstall | null> {
  for (const name of names) {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      const executablePath: string = join(folder, name);
      if (folder !== "" && (await isExecutable(executablePath))) return { executablePath, foundIn: "PATH", environment: {} };
    }
  }
  return null;
}

async function installedByPlaywright(): Promise<BrowserInstall | null> {
  const executablePath: string = chromium.executablePath();
  if (executablePath === "" || !(await isExecutable(executablePath))) return null;
  return { executablePath, foundIn: "Playwright's browsers", environment: {} };
}

/**
 * Without one outline font on the host, Chromium draws no text while a web font loads, and now and then gives the web font
 * up for good: then the font that the package carries is shown to it.
 */
const SYSTEM_FONTS = "/etc/fonts/fonts.conf";

/** The package carries a compressed headless shell and unpacks it into the folder for temporary files at the first use. */
async function fromSparticuz(): Promise<BrowserInstall | null> {
  const sparticuz: typeof import("@sparticuz/chromium") | null = await import("@sparticuz/chromium").catch(() => null);
  if (sparticuz === null) return null;
  const executablePath: string = await sparticuz.default.executablePath();
  const foundIn = "@sparticuz/chromium";
  const fonts: Record<string, string> = existsSync(SYSTEM_FONTS) ? {} : { FONTCONFIG_PATH: join(tmpdir(), "fonts") };
  if (await starts(executablePath)) return { executablePath, foundIn, environment: fonts };
  // The host lacks libraries such as NSS: the package brings those as well, in an archive that it unpacks only on Lambda.
  const archive: string = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "..", "bin", "al2023.tar.br");
  await sparticuz.inflate(archive);
  return { executablePath, foundIn, environment: { ...fonts, LD_LIBRARY_PATH: join(tmpdir(), "al2023", "lib") } };
}

async function starts(executablePath: string): Promise<boolean> {
  return promisify(execFile)(executablePath, ["--version"]).then(
    () => true,
    () => false,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
