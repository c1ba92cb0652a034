import { join } from "node:path";
import { chromium as playwright, type Browser as PlaywrightBrowser, type BrowserContext, type CDPSession } from "playwright-core";
import { automationFlags } from "./chromium-flags.ts";
import { startChromium, type ChromiumEnd, type ChromiumProcess } from "./chromium-process.ts";
import { ProtocolPipe, type OversizedMessage } from "./protocol-pipe.ts";

export interface ConnectOptions {
  readonly executablePath: string;
  readonly profileFolder: string;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly sandbox: boolean;
  /** IANA name. */
  readonly timeZone: string;
  /** BCP 47 name. */
  readonly locale: string;
  /** Longest time in milliseconds until it answers. */
  readonly timeoutMs: number;
  /** Kills a browser that is starting. */
  readonly signal: AbortSignal | undefined;
  /** Called for each event that a page made larger than the protocol's limit. */
  onOversized(message: OversizedMessage): void;
}

/** A Chromium that answers. Whoever connected calls `end`. */
export interface ConnectedChromium {
  readonly process: ChromiumProcess;
  /** That of the profile on disk. */
  readonly context: BrowserContext;
  /** The browser's own session: permissions, downloads and processes are asked for here, not in a page's. */
  readonly session: CDPSession;
  /** Asks it to close, and kills it after `graceMs`. Resolves when it has ended; never rejects. */
  end(graceMs: number): Promise<void>;
}

/** Its standard error, where it did not start. */
export class ChromiumDidNotStart extends Error {
  override readonly name: string = "ChromiumDidNotStart";
  readonly end: ChromiumEnd;

  constructor(end: ChromiumEnd) {
    super(`it ended with ${end.signal === null ? `code ${end.code}` : end.signal}`);
    this.end = end;
  }
}

/**
 * Starts Chromium with a profile on disk and speaks to it over its pipe, whose messages are bounded (see `ProtocolPipe`):
 * Playwright's own launch reads messages of any size.
 *
 * @throws ChromiumDidNotStart, or what Playwright throws
 */
export async function connectChromium(options: ConnectOptions): Promise<ConnectedChromium> {
  const { executablePath, profileFolder, environment, timeZone, locale, timeoutMs, onOversized, signal } = options;
  signal?.throwIfAborted();
  const process: ChromiumProcess = await startChromium(executablePath, commandLine(options), environment);
  const pipe = new ProtocolPipe(process.pipe.input, process.pipe.output, {
    targetCommands: [
      { method: "Emulation.setTimezoneOverride", params: { timezoneId: timeZone } },
      { method: "Emulation.setLocaleOverride", params: { locale } },
    ],
    onOversized,
    onGarbled: () => process.kill(),
  });
  const died: Promise<never> = process.ended.then((end) => {
    throw new ChromiumDidNotStart(end);
  });
  died.catch(() => {});
  signal?.addEventListener("abort", process.kill, { once: true });
  try {
    const artifactsDir: string = join(profileFolder, "artifacts");
    const connecting: Promise<PlaywrightBrowser> = playwright.connectOverCDP(pipe, { artifactsDir, timeout: timeoutMs, isLocal: true });
    connecting.catch(() => {});
    const browser: PlaywrightBrowser = await Promise.race([connecting, died]);
    const context: BrowserContext = browser.contexts()[0]!;
    const session: CDPSession = await Promise.race([browser.newBrowserCDPSession(), died]);
    await session.send("Browser.setDownloadBehavior", { behavior: "deny", eventsEnabled: true });
    return { process, context, session, end: (graceMs) => end(process, session, graceMs) };
  } catch (thrown) {
    process.kill();
    await process.ended;
    throw thrown;
  } finally {
    signal?.removeEventListener("abort", process.kill);
  }
}

async function end({ kill, ended }: ChromiumProcess, session: CDPSession, graceMs: number): Promise<void> {
  const timer: ReturnType<typeof setTimeout> = setTimeout(kill, graceMs);
  session.send("Browser.close").catch(() => {});
  await ended;
  clearTimeout(timer);
  // What it started may outlive it.
  kill();
}

function commandLine({ profileFolder, flags, sandbox, locale }: ConnectOptions): string[] {
  return [
    ...automationFlags,
    ...(sandbox ? [] : ["--no-sandbox"]),
    `--user-data-dir=${profileFolder}`,
    // What pages see as `navigator.language`, and the header Accept-Language.
    `--lang=${locale}`,
    `--accept-lang=${locale}`,
    ...flags,
    "about:blank",
  ];
}
