import type { BigIntStats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import send from "send";
import { fileUrlGiven, jobInvalid, messageOf, pageNotFound, pageOutsideRoot, pageUnreachable } from "../core/errors.ts";
import type { PageAddress } from "../core/host.ts";
import type { NetworkAccess } from "../core/network.ts";
import { secretHost } from "../core/secret-host.ts";
import { closeServer, portOf, refuse, serveLoopback } from "./loopback-server.ts";
import { pageFiles, type PageFiles } from "./page-files.ts";
import { FROM_SERVER, whyForeign } from "./page-ownership.ts";
import { fetchDocument, type RemoteDocument } from "./remote-document.ts";

export interface PageOptions {
  /** Folder that the page may load files from. @default the page's own folder */
  readonly root?: string;
  /** Under `none` the one document of a URL is fetched here, and served from the loopback interface under its path. */
  readonly network?: NetworkAccess;
  readonly signal?: AbortSignal;
}

/**
 * Makes a page reachable: a URL is taken as it is; a file is served from the loopback interface, with its folder as the root, under
 * a host name that nobody else knows.
 *
 * @throws RenderError `page-not-found`, `page-unreachable`, `aborted`
 */
export async function openPageAddress(page: string, options: PageOptions = {}): Promise<PageAddress> {
  if (/^https?:/i.test(page)) return options.network === "none" ? copyAddress(page, options.signal) : remoteAddress(page);
  if (/^file:/i.test(page)) throw fileUrlGiven(page);
  if (/^[a-z][a-z0-9+.-]+:/i.test(page)) throw pageNotFound(page);
  const file: string = await existingFile(page);
  const root: string = await existingRoot(options.root ?? dirname(file));
  if (!isInside(file, root)) throw pageOutsideRoot(page, root);
  const served: ServedFolder = { root, page: relative(root, file) };
  const path: string = pathToFileURL(file).pathname.slice(pathToFileURL(root).pathname.replace(/\/$/, "").length);
  const host: string = secretHost();
  const fileOf = ({ pathname }: URL): Promise<string | null> => fileIn(served, pathname);
  const server: Server = await serve(served, host, (loaded) => files.loaded(loaded));
  const address: PageAddress = addressOf(server, host, path);
  const files: PageFiles = pageFiles(file, { url: address.url, fileOf });
  return { ...address, fileOf, ownFiles: () => files.list(), foreign: await whyForeign(file) };
}

function addressOf(server: Server, host: string, path: string): PageAddress {
  return { url: `http://${host}:${portOf(server)}${path}`, foreign: FROM_SERVER, [Symbol.asyncDispose]: () => closeServer(server) };
}

/** The document of a page, alone: everything else below its address is not found. */
async function copyAddress(page: string, signal: AbortSignal | undefined): Promise<PageAddress> {
  const { url, type, bytes }: RemoteDocument = await fetchDocument(page, signal === undefined ? {} : { signal });
  const path: string = `${url.pathname}${url.search}`;
  const host: string = secretHost();
  const server: Server = await serveLoopback((request, response) => {
    for (const [name, value] of Object.entries(ownHeaders)) response.setHeader(name, value);
    if (isSamePath(request.url ?? "", path)) response.setHeader("content-type", type).end(bytes);
    else refuse(response, 404);
  }, host);
  return addressOf(server, host, `${path}${url.hash}`);
}

/** Browsers escape characters such as "|" that Node leaves as they are. */
function isSamePath(asked: string, path: string): boolean {
  const escaped = (text: string): string => text.replaceAll(/[|^`{}"<>]/g, encodeURIComponent);
  return escaped(asked) === escaped(path);
}

function remoteAddress(page: string): PageAddress {
  if (!URL.canParse(page)) throw pageUnreachable(page, "it is no valid URL");
  return { url: new URL(page).href, foreign: FROM_SERVER, [Symbol.asyncDispose]: async () => {} };
}

async function existingFile(page: string): Promise<string> {
  try {
    const path: string = await realpath(resolve(page));
    const facts = await stat(path);
    if (facts.isFile()) return path;
    return await realpath(join(path, "index.html"));
  } catch (thrown) {
    throw pageNotFound(page, thrown);
  }
}

async function existingRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (thrown) {
    throw jobInvalid([`the root "${root}" cannot be read: ${messageOf(thrown)}; give a folder that contains the page`]);
  }
}

/** A folder, and the page in it that somebody named. */
interface ServedFolder {
  /** A real path. */
  readonly root: string;
  /** Below the root. Null where no page was named. */
  readonly page: string | null;
}

const ownHeaders = {
  // Other pages of this host cannot embed what they cannot read.
  "cross-origin-resource-policy": "same-origin",
  // The name of the server is a secret.
  "referrer-policy": "same-origin",
} as const;

/** Serves a folder to whoever knows the host name, with byte ranges. Links that lead out of it are not followed. */
export function serveFolder(root: string, host?: string): Promise<Server> {
  return serve({ root, page: null }, host);
}

/** @param onFile called with the real path of each file that is asked for */
function serve(folder: ServedFolder, host?: string, onFile: (file: string) => void = () => {}): Promise<Server> {
  return serveLoopback((request, response) => void respond(request, response, folder, onFile), host);
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  folder: ServedFolder,
  onFile: (file: string) => void,
): Promise<void> {
  try {
    for (const [name, value] of Object.entries(ownHeaders)) response.setHeader(name, value);
    const file: string | null = await fileIn(folder, new URL(request.url ?? "/", "http://localhost").pathname);
    // Whether there is such a file outside is nobody's business.
    if (file === null) return refuse(response, 404);
    const facts: BigIntStats = await stat(file, { bigint: true });
    if (!facts.isFile()) return refuse(response, 404);
    onFile(file);
    response.setHeader("etag", versionOf(facts));
    // What a page has of a file it need not load again, but it asks whether that is still so.
    response.setHeader("cache-control", "no-cache");
    // "send" answers ranges, conditional requests and types; by now the path is real and inside the root.
    send(request, encodeURIComponent(basename(file)), { root: dirname(file), dotfiles: "allow", cacheControl: false })
      .on("error", (fault: { status?: number }) => refuse(response, fault.status ?? 500))
      .pipe(response);
  } catch {
    refuse(response, 404);
  }
}

/** A strong validator: browsers keep pieces of files by no other. */
function versionOf({ size, mtimeNs, ino }: BigIntStats): string {
  return `"${[size, mtimeNs, ino].map((part) => part.toString(36)).join("-")}"`;
}

/**
 * The file behind the path of a URL; null where it lies outside the root, or is hidden. Rejects where there is none.
 */
async function fileIn({ root, page }: ServedFolder, pathname: string): Promise<string | null> {
  const asked: string = join(root, decodeURIComponent(pathname));
  const file: string = await realpath(asked);
  const isServed = (path: string): boolean => isInside(path, root) && !isHidden(relative(root, path), page);
  return isServed(asked) && isServed(file) ? file : null;
}

/** Names with a dot at the start hold keys, histories and settings, as in .git and .env. A page may lie below one that the job names. */
function isHidden(path: string, page: string | null): boolean {
  const [parts, ofPage] = [path.split(sep), page?.split(sep) ?? []];
  return parts.some((part, at) => part.startsWith(".") && parts.slice(0, at + 1).some((one, index) => one !== ofPage[index]));
}

function isInside(file: string, root: string): boolean {
  return file === root || file.startsWith(root.endsWith(sep) ? root : root + sep);
}
