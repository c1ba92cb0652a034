import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { browserMissing } from "../core/errors.ts";
import { packagedChromium, type PackagedChromium } from "./packaged-chromium.ts";

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
 * @throws RenderError `browser-missing`, `browser-launch-failed` where the package cannot be unpacked
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

async function fromSparticuz(): Promise<BrowserInstall | null> {
  const packaged: PackagedChromium | null = await packagedChromium();
  return packaged && { ...packaged, foundIn: "@sparticuz/chromium" };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
