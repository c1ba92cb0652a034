import { chromium, type BrowserContext } from "playwright-core";
import { aborted, browserLaunchFailed } from "../core/errors.ts";
import type { Browser, BrowserPage } from "../core/browser.ts";
import type { Size } from "../core/frame.ts";
import { findBrowser, type BrowserInstall } from "./find.ts";
import { openBrowserPage } from "./page.ts";
import { createProfile, removeProfile, removeProfileAtExit } from "./profile.ts";

export interface LaunchOptions {
  /** Path of the browser; found where it is not given. */
  readonly executablePath?: string;
  readonly flags: readonly string[];
  /** An origin that counts as secure although it is plain http and not local: WebCodecs and file access ask for one. */
  readonly treatAsSecure?: string;
  /** Switches the browser's web security off. */
  readonly allowCrossOrigin?: boolean;
  readonly signal?: AbortSignal;
}

/** Flags for every render: nothing talks to the network on its own, and text looks the same on every host. */
const baseFlags: readonly string[] = [
  "--disable-quic",
  "--disable-sync",
  "--disable-component-update",
  "--disable-background-networking",
  "--font-render-hinting=none",
  "--hide-scrollbars",
  "--mute-audio",
];

/** How long a browser may take to close by itself before it is killed, in milliseconds. */
const CLOSE_GRACE_MS = 5_000;

/**
 * Starts a browser with a profile of its own. The caller closes it; so does the end of this process.
 *
 * @throws RenderError `browser-missing`, `browser-launch-failed`, `aborted`
 */
export async function launchBrowser(options: LaunchOptions): Promise<Browser> {
  const install: BrowserInstall = await findBrowser(options.executablePath);
  const profileFolder: string = await createProfile();
  let context: BrowserContext;
  try {
    context = await startContext(install, profileFolder, options);
  } catch (thrown) {
    await removeProfile(profileFolder);
    throw browserLaunchFailed(install.executablePath, thrown);
  }
  const browser: Browser = ownedBrowser(context, profileFolder, await describe(context));
  if (options.signal?.aborted === true) {
    await browser.close();
    throw aborted(options.signal.reason);
  }
  return browser;
}

function startContext(install: BrowserInstall, profileFolder: string, options: LaunchOptions): Promise<BrowserContext> {
  const isRoot: boolean = process.getuid?.() === 0;
  return chromium.launchPersistentContext(profileFolder, {
    executablePath: install.executablePath,
    headless: true,
    chromiumSandbox: !isRoot,
    viewport: null,
    // Signals are the program's own business: the command line ends a render through its AbortSignal.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    env: { ...definedVariables(process.env), ...install.environment },
    args: [
      ...baseFlags,
      ...options.flags,
      ...(options.treatAsSecure === undefined ? [] : [`--unsafely-treat-insecure-origin-as-secure=${options.treatAsSecure}`]),
      ...(options.allowCrossOrigin === true ? ["--disable-web-security"] : []),
    ],
  });
}

interface Description {
  readonly product: string;
  readonly processId: number | null;
}

async function describe(context: BrowserContext): Promise<Description> {
  const page = context.pages()[0] ?? (await context.newPage());
  const session = await context.newCDPSession(page);
  const { product } = await session.send("Browser.getVersion");
  const { processInfo } = await session.send("SystemInfo.getProcessInfo").catch(() => ({ processInfo: [] }));
  await session.detach();
  return { product, processId: processInfo.find(({ type }) => type === "browser")?.id ?? null };
}

function ownedBrowser(context: BrowserContext, profileFolder: string, { product, processId }: Description): Browser {
  const keepAtExit: () => void = removeProfileAtExit(profileFolder);
  let closing: Promise<void> | undefined;
  let isClosed = false;
  const closed: Promise<void> = new Promise((resolve) => {
    context.once("close", () => {
      isClosed = true;
      resolve();
    });
  });
  const close = async (): Promise<void> => {
    const grace: ReturnType<typeof setTimeout> = setTimeout(() => killQuietly(processId), CLOSE_GRACE_MS);
    if (!isClosed) await Promise.race([context.close().catch(() => {}), closed]);
    clearTimeout(grace);
    keepAtExit();
    await removeProfile(profileFolder);
  };
  const browser: Browser = {
    product,
    profileFolder,
    newPage: (size: Size): Promise<BrowserPage> => openBrowserPage(context, size),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => browser.close(),
  };
  return browser;
}

function killQuietly(processId: number | null): void {
  if (processId === null) return;
  try {
    process.kill(processId, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function definedVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
