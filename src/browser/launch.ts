import { readFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { aborted, browserLaunchFailed, browserSandboxMissing, messageOf, type RenderError } from "../core/errors.ts";
import type { Browser, BrowserPage, BrowserSandbox } from "../core/browser.ts";
import { rawFrameBytes, type Size } from "../core/frame.ts";
import { MOST_WARNINGS_OF_SOURCE, shortWarning } from "../core/warning-log.ts";
import { isFromNetwork, networkRule, type NetworkAccess } from "../core/network.ts";
import { loopbackPermission, type AllowLoopback } from "./allow-loopback.ts";
import { pageAnswers } from "./boundary.ts";
import { ChromiumDidNotStart, connectChromium, type ConnectedChromium } from "./connect.ts";
import { findBrowser, type BrowserInstall } from "./find.ts";
import { endInterruptions } from "./interruptions.ts";
import { openNetworkGate, type NetworkGate } from "./network-gate.ts";
import { networkFlags } from "./network-policy.ts";
import { openBrowserPage } from "./page.ts";
import { PageFaults } from "./page-faults.ts";
import { pageStorageFlags, watchProfile, type ProfileWatch } from "./page-storage.ts";
import { createProfile, removeProfile, removeProfileAtExit } from "./profile.ts";
import { sandboxOf, sandboxToAskFor } from "./sandbox.ts";
import { leaksByWebRtc } from "./webrtc-leak.ts";

export interface LaunchOptions {
  /** Path of the browser; found where it is not given. */
  readonly executablePath?: string;
  /** Folder of the caller in which the profile is made. @default a folder of this process, in memory where the host has room */
  readonly profileParent?: string;
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
  /** Called when pages store more than they may; the browser is closed where there is none. */
  readonly onFault?: (fault: RenderError) => void;
  readonly signal?: AbortSignal;
}

/** Flags for every render, besides those of a browser that is driven by the protocol. */
const baseFlags: readonly string[] = [
  // window.open gives null.
  "--block-new-web-contents",
  // On a thread of its own the compositor moves what has just begun, by real time, before anybody can stop it.
  "--disable-threaded-animation",
];

/**
 * How long a browser may take to start, in milliseconds.
 */
const LAUNCH_LIMIT_MS = 60_000;
/**
 * How long a browser may take to close by itself before it is killed, in milliseconds. One whose page never returns takes
 * for ever; its profile is thrown away, so that nothing is lost with it.
 */
const CLOSE_GRACE_MS = 2_000;
/** Frames of one page that a transport may keep in the profile. */
const FRAMES_IN_PROFILE = 4;
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
  const profileFolder: string = await createProfile(options.profileParent);
  const keepAtExit: () => void = removeProfileAtExit(profileFolder);
  let gate: NetworkGate | null = null;
  let chromium: ConnectedChromium | undefined;
  let description: Description;
  const faults = new PageFaults();
  try {
    gate = await gateFor(options, warn);
    chromium = await startContext(install, profileFolder, options, { asked, gate, faults, warn });
    description = await describe(chromium, asked);
    if (gate && (await leaksByWebRtc(chromium.context)))
      throw new Error("it lets pages reach the network by WebRTC, which the job's network forbids");
  } catch (thrown) {
    await chromium?.end(0);
    await gate?.[Symbol.asyncDispose]();
    // A removal that the end of this process interrupts is finished then.
    await removeProfile(profileFolder).finally(keepAtExit);
    if (options.signal?.aborted === true) throw aborted(options.signal.reason);
    throw launchFailure(install.executablePath, thrown);
  }
  const browser: Browser = ownedBrowser(chromium, { profileFolder, keepAtExit }, description, { gate, faults, onFault: options.onFault });
  if (options.signal?.aborted === true) {
    await browser.close();
    throw aborted(options.signal.reason);
  }
  return browser;
}

/** Passes each warning on once. A page that opens a dialog in every frame must not crowd out the others: those beyond the limit become one. */
export function onceEach(warn: (reason: string) => void): (reason: string) => void {
  const remembered = new Set<string>();
  let isFull = false;
  return (reason) => {
    const short: string = shortWarning(reason);
    if (isFull || remembered.has(short)) return;
    isFull = remembered.size === MOST_WARNINGS_OF_SOURCE;
    remembered.add(short);
    warn(isFull ? `The browser raised more than ${MOST_WARNINGS_OF_SOURCE} warnings; the others are not listed` : short);
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

async function flagsOf(options: LaunchOptions, gate: NetworkGate | null, profileFolder: string): Promise<string[]> {
  const { network, treatAsSecure } = options;
  return [
    ...baseFlags,
    ...(await pageStorageFlags(profileFolder)),
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
  readonly faults: PageFaults;
  warn(reason: string): void;
}

async function startContext(
  install: BrowserInstall,
  profileFolder: string,
  options: LaunchOptions,
  { asked, gate, faults, warn }: LaunchMeans,
): Promise<ConnectedChromium> {
  const chromium: ConnectedChromium = await connectChromium({
    executablePath: install.executablePath,
    profileFolder,
    flags: await flagsOf(options, gate, profileFolder),
    environment: { ...definedVariables(process.env), ...temporaryFolder(profileFolder), ...install.environment },
    sandbox: asked.enabled,
    timeZone: options.timeZone ?? "UTC",
    locale: options.locale ?? "en-US",
    timeoutMs: LAUNCH_LIMIT_MS,
    signal: options.signal,
    onOversized: ({ method, byteLength, limitBytes }) =>
      faults.report(`${method ?? "an event"} of ${byteLength} bytes, where at most ${limitBytes} are read`),
  });
  endInterruptions(chromium.context, warn);
  // A page of a server cannot reach files of this host, except where web security is off.
  if (options.allowCrossOrigin === true) await chromium.context.route(isFileUrl, (route) => route.abort("blockedbyclient"));
  return chromium;
}

function isFileUrl({ protocol }: URL): boolean {
  return protocol === "file:";
}

interface Description {
  readonly product: string;
  /** Those that it has from its start on: its own, and those for the network and the graphics. */
  readonly processIds: readonly number[];
  readonly sandbox: BrowserSandbox;
}

async function describe({ session, process: { processId } }: ConnectedChromium, asked: BrowserSandbox): Promise<Description> {
  const { product } = await session.send("Browser.getVersion");
  const { processInfo } = await session.send("SystemInfo.getProcessInfo").catch(() => ({ processInfo: [] }));
  // Where a script starts the browser, the browser's own process is another one.
  const ownId: number = processInfo.find(({ type }) => type === "browser")?.id ?? processId;
  return { product, processIds: processInfo.map(({ id }) => id), sandbox: await sandboxOf(ownId, asked) };
}

interface OwnedProfile {
  readonly profileFolder: string;
  /** From here on the end of this process leaves the folder alone. */
  readonly keepAtExit: () => void;
}

function ownedBrowser(
  chromium: ConnectedChromium,
  { profileFolder, keepAtExit }: OwnedProfile,
  { product, processIds, sandbox }: Description,
  { gate, faults, onFault }: Pick<LaunchMeans, "gate" | "faults"> & { readonly onFault: LaunchOptions["onFault"] },
): Browser {
  const { context, session } = chromium;
  const allowLoopback: AllowLoopback = loopbackPermission(session);
  const watch: ProfileWatch = watchProfile(profileFolder, (fault) => (onFault ? onFault(fault) : void browser.close()));
  let closing: Promise<void> | undefined;
  // A page that crashed answers no more: only when it is closed does whoever waits for its answer hear of it.
  context.on("page", (page) => page.once("crash", () => void page.close().catch(() => {})));
  const close = async (): Promise<void> => {
    watch.stop();
    await chromium.end(CLOSE_GRACE_MS);
    await gate?.[Symbol.asyncDispose]();
    await whenEnded(processIds);
    // What cannot be removed must not hide why the browser was closed.
    await removeProfile(profileFolder).catch(() => {});
    keepAtExit();
  };
  const browser: Browser = {
    product,
    profileFolder,
    sandbox,
    async admit(port, page) {
      gate?.admit(port);
      await allowLoopback(await page.evaluate("location.origin", pageAnswers.origin));
    },
    newPage(size: Size): Promise<BrowserPage> {
      // Its frames may pass through a file of the profile.
      watch.allow(FRAMES_IN_PROFILE * rawFrameBytes("RGBA", size));
      return openBrowserPage(context, size, faults);
    },
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
  const log: string = thrown instanceof ChromiumDidNotStart ? thrown.end.stderrTail : "";
  if (NO_SANDBOX.test(log)) return browserSandboxMissing(executablePath, thrown);
  // Colour codes of terminals.
  const said: readonly string[] = [
    ...new Set(
      stripVTControlCharacters(log)
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    ),
  ].slice(-3);
  const why: string = said.length === 0 ? messageOf(thrown).split("\n")[0]! : `${messageOf(thrown)} and said: ${said.join(" | ")}`;
  return browserLaunchFailed(executablePath, why, thrown);
}
