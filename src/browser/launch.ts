import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";
import { aborted, browserLaunchFailed, browserSandboxMissing, messageOf, type RenderError } from "../core/errors.ts";
import type { Browser, BrowserPage, BrowserSandbox } from "../core/browser.ts";
import type { Size } from "../core/frame.ts";
import { isFromNetwork, networkRule, type NetworkAccess } from "../core/network.ts";
import { loopbackPermission, type AllowLoopback } from "./allow-loopback.ts";
import { findBrowser, type BrowserInstall } from "./find.ts";
import { endInterruptions } from "./interruptions.ts";
import { openNetworkGate, type NetworkGate } from "./network-gate.ts";
import { networkFlags } from "./network-policy.ts";
import { openBrowserPage } from "./page.ts";
import { createProfile, removeProfile, removeProfileAtExit } from "./profile.ts";
import { sandboxOf, sandboxToAskFor } from "./sandbox.ts";
import { leaksByWebRtc } from "./webrtc-leak.ts";

export interface LaunchOptions {
  /** Path of the browser; found where it is not given. */
  readonly executablePath?: string;
  readonly flags: readonly string[];
  /** An origin that counts as secure although it is plain http and not local: WebCodecs and file access ask for one. */
  readonly treatAsSecure?: string;
  /** Switches the browser's web security off. */
  readonly allowCrossOrigin?: boolean;
  /** What pages of this origin may reach; everything unless said. */
  readonly network?: { readonly access: NetworkAccess; readonly origin: string };
  /** IANA name; "UTC" unless said. */
  readonly timeZone?: string;
  /** BCP 47 name; "en-US" unless said. */
  readonly locale?: string;
  /** False takes the sandbox away, where the system lets the browser make none. */
  readonly sandbox?: boolean;
  /** Hears what pages asked for and were refused: once for each reason. */
  readonly onWarning?: (reason: string) => void;
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
  // window.open gives null.
  "--block-new-web-contents",
  // On a thread of its own the compositor moves what has just begun, by real time, before anybody can stop it.
  "--disable-threaded-animation",
];

/**
 * How long a browser may take to start, in milliseconds. Playwright does not hear of one that dies in the middle of its
 * start: it is given up then.
 */
const LAUNCH_LIMIT_MS = 60_000;
/**
 * How long a browser may take to close by itself before it is killed, in milliseconds. One whose page never returns takes
 * for ever; its profile is thrown away, so that nothing is lost with it.
 */
const CLOSE_GRACE_MS = 2_000;
/** How long the processes of a browser that was killed may take to end, in milliseconds. */
const ORPHANS_GRACE_MS = 1_000;

/**
 * Starts a browser with a profile of its own. The caller closes it; so does the end of this process.
 *
 * @throws RenderError `browser-missing`, `browser-launch-failed`, `aborted`
 */
export async function launchBrowser(options: LaunchOptions): Promise<Browser> {
  const install: BrowserInstall = await findBrowser(options.executablePath);
  const warn: (reason: string) => void = onceEach(options.onWarning ?? (() => {}));
  const asked: BrowserSandbox = sandboxToAskFor(options.sandbox ?? true);
  const profileFolder: string = await createProfile();
  let gate: NetworkGate | null = null;
  let context: BrowserContext | undefined;
  let description: Description;
  try {
    gate = await gateFor(options, warn);
    context = await startContext(install, profileFolder, options, { asked, gate, warn });
    description = await describe(context, asked);
    if (gate && (await leaksByWebRtc(context)))
      throw new Error("it lets pages reach the network by WebRTC, which the job's network forbids");
  } catch (thrown) {
    await context?.close().catch(() => {});
    await gate?.[Symbol.asyncDispose]();
    await removeProfile(profileFolder);
    throw launchFailure(install.executablePath, thrown);
  }
  const browser: Browser = ownedBrowser(context, profileFolder, description, gate);
  if (options.signal?.aborted === true) {
    await browser.close();
    throw aborted(options.signal.reason);
  }
  return browser;
}

/** Warnings of one browser: a page that opens a dialog in every frame shall not drown the others. */
const MOST_WARNINGS = 50;

function onceEach(hear: (reason: string) => void): (reason: string) => void {
  const told = new Set<string>();
  return (reason) => {
    if (told.has(reason) || told.size >= MOST_WARNINGS) return;
    told.add(reason);
    hear(reason);
  };
}

/** Null where pages may reach everything. */
async function gateFor({ network }: LaunchOptions, warn: (reason: string) => void): Promise<NetworkGate | null> {
  if (network === undefined || network.access === "all") return null;
  const named = `network: ${JSON.stringify(network.access)}`;
  return openNetworkGate({
    rule: networkRule(network.access, network.origin),
    onRefused: (origin, address) => warn(`The page asked for ${origin}, ${leadsTo(address)}which ${named} forbids`),
  });
}

function leadsTo(address: string | null): string {
  return address === null ? "" : `a name that leads to the address ${address} of this machine or its network, `;
}

function flagsOf(options: LaunchOptions, gate: NetworkGate | null): string[] {
  const { network, treatAsSecure } = options;
  return [
    ...baseFlags,
    ...options.flags,
    // Origins of this machine are secure by themselves, and may have a name that command lines must not show.
    ...(treatAsSecure !== undefined && isFromNetwork(treatAsSecure) ? [`--unsafely-treat-insecure-origin-as-secure=${treatAsSecure}`] : []),
    ...(options.allowCrossOrigin === true ? ["--disable-web-security"] : []),
    // Last: the last one of two equal flags counts.
    ...(gate && network ? networkFlags(network.access, network.origin, gate.port) : []),
  ];
}

interface LaunchMeans {
  readonly asked: BrowserSandbox;
  readonly gate: NetworkGate | null;
  warn(reason: string): void;
}

async function startContext(
  install: BrowserInstall,
  profileFolder: string,
  options: LaunchOptions,
  { asked, gate, warn }: LaunchMeans,
): Promise<BrowserContext> {
  const context: BrowserContext = await chromium.launchPersistentContext(profileFolder, {
    executablePath: install.executablePath,
    headless: true,
    timeout: LAUNCH_LIMIT_MS,
    chromiumSandbox: asked.enabled,
    viewport: null,
    // In every page, frame and worker, and in the header of every request.
    timezoneId: options.timeZone ?? "UTC",
    locale: options.locale ?? "en-US",
    acceptDownloads: false,
    // Left to itself, Playwright removes a folder of its own, but a little later than it says that the browser has ended.
    artifactsDir: join(profileFolder, "artifacts"),
    // Signals are the program's own business: the command line ends a render through its AbortSignal.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    env: { ...definedVariables(process.env), ...temporaryFolder(profileFolder), ...install.environment },
    args: flagsOf(options, gate),
  });
  endInterruptions(context, warn);
  // A page of a server cannot reach files of this host, except where web security is off.
  if (options.allowCrossOrigin === true) await context.route(isFileUrl, (route) => route.abort("blockedbyclient"));
  return context;
}

function isFileUrl({ protocol }: URL): boolean {
  return protocol === "file:";
}

interface Description {
  readonly product: string;
  /** The browser's own process; null where it does not tell. */
  readonly processId: number | null;
  /** Those that it has from its start on: its own, and those for the network and the graphics. */
  readonly processIds: readonly number[];
  readonly sandbox: BrowserSandbox;
}

async function describe(context: BrowserContext, asked: BrowserSandbox): Promise<Description> {
  // The browser's own session: one of a page does not answer for processes.
  const session = await context.browser()!.newBrowserCDPSession();
  const { product } = await session.send("Browser.getVersion");
  const { processInfo } = await session.send("SystemInfo.getProcessInfo").catch(() => ({ processInfo: [] }));
  await session.detach();
  const processId: number | null = processInfo.find(({ type }) => type === "browser")?.id ?? null;
  return { product, processId, processIds: processInfo.map(({ id }) => id), sandbox: await sandboxOf(processId, asked) };
}

function ownedBrowser(context: BrowserContext, profileFolder: string, description: Description, gate: NetworkGate | null): Browser {
  const { product, processId, processIds, sandbox } = description;
  const keepAtExit: () => void = removeProfileAtExit(profileFolder);
  const allowLoopback: AllowLoopback = loopbackPermission(context);
  let closing: Promise<void> | undefined;
  // A page that crashed answers no more: only when it is closed does whoever waits for its answer hear of it.
  context.on("page", (page) => page.once("crash", () => void page.close().catch(() => {})));
  const close = async (): Promise<void> => {
    const kill = (): void => {
      if (processId !== null) signal(processId, "SIGKILL");
    };
    const grace: ReturnType<typeof setTimeout> = setTimeout(kill, CLOSE_GRACE_MS);
    // Resolves when the process has ended; the context's event "close" comes before that.
    await context.close().catch(() => {});
    clearTimeout(grace);
    await gate?.[Symbol.asyncDispose]();
    await whenEnded(processIds);
    keepAtExit();
    // What cannot be removed must not hide why the browser was closed.
    await removeProfile(profileFolder).catch(() => {});
  };
  const browser: Browser = {
    product,
    profileFolder,
    sandbox,
    async admit(port, page) {
      gate?.admit(port);
      await allowLoopback(await page.evaluate<string>("location.origin"));
    },
    newPage: (size: Size): Promise<BrowserPage> => openBrowserPage(context, size),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => browser.close(),
  };
  return browser;
}

/** Where a browser is killed, its other processes outlive it a little, and that for the network then writes into the profile. */
async function whenEnded(processIds: readonly number[]): Promise<void> {
  const deadline: number = performance.now() + ORPHANS_GRACE_MS;
  for (const id of processIds) {
    while (!(await hasEnded(id)) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function hasEnded(processId: number): Promise<boolean> {
  if (!signal(processId, 0)) return true;
  // An orphan that ended keeps its number until init asks for it, which some never do: on Linux its state tells.
  const facts: string = await readFile(`/proc/${processId}/stat`, "utf8").catch(() => "");
  return facts.includes(") Z ");
}

/** Says whether there was such a process. */
function signal(processId: number, name: "SIGKILL" | 0): boolean {
  try {
    return process.kill(processId, name);
  } catch {
    return false;
  }
}

/** A Unix socket's path holds 107 characters, and Chromium puts one of 48 into its folder for temporary files. */
const LONGEST_SOCKET_FOLDER = 59;

/** What the browser leaves behind when it is killed lies in the profile, and goes with it. */
function temporaryFolder(profileFolder: string): Record<string, string> {
  return profileFolder.length <= LONGEST_SOCKET_FOLDER ? { TMPDIR: profileFolder } : {};
}

function definedVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Chromium says this before it ends, and nothing else tells it. */
const NO_SANDBOX = /No usable sandbox/;

function launchFailure(executablePath: string, thrown: unknown): RenderError {
  const log: string = messageOf(thrown);
  if (NO_SANDBOX.test(log)) return browserSandboxMissing(executablePath, thrown);
  return browserLaunchFailed(executablePath, launchFault(log), thrown);
}

/** What the browser itself said, out of Playwright's log of the whole launch. */
function launchFault(log: string): string {
  // Colour codes of terminals.
  // oxlint-disable-next-line no-control-regex
  const plain: string = log.replaceAll(/\u001B\[[0-9;]*m/g, "");
  const said: readonly string[] = [...new Set([...plain.matchAll(/\[err\] (.+)/g)].map(([, text]) => text!.trim()))].slice(-3);
  const code: string | undefined = /exitCode=(\d+)/.exec(plain)?.[1];
  const ended: string = code === undefined ? plain.split("\n")[0]! : `it ended with code ${code}`;
  return said.length === 0 ? ended : `${ended} and said: ${said.join(" | ")}`;
}
