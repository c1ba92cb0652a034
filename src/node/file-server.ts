import type { BigIntStats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { basename, dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import send from "send";
import { fileUrlGiven, pageNotFound, pageOutsideRoot, pageUnreachable } from "../core/errors.ts";
import type { PageAddress } from "../core/host.ts";
import type { NetworkAccess } from "../core/network.ts";
import { closeServer, portOf, refuse, serveLoopback } from "./loopback-server.ts";
import { pageFiles, type PageFiles } from "./page-files.ts";
import { FROM_SERVER, whyForeign } from "./page-ownership.ts";
import { fetchDocument, type RemoteDocument } from "./remote-document.ts";

export interface PageOptions {
  /** Folder that the page may load files from; the page's own folder unless said. */
  readonly root?: string;
  /** Under `none` the one document of a URL is fetched here, and served from the loopback interface under its path. */
  readonly network?: NetworkAccess;
}

/**
 * Makes a page reachable: a URL is taken as it is; a file is served from the loopback interface, with its folder as the root.
 *
 * @throws RenderError `page-not-found`, `page-unreachable`
 */
export async function openPageAddress(page: string, options: PageOptions = {}): Promise<PageAddress> {
  if (/^https?:/i.test(page)) return options.network === "none" ? copyAddress(page) : remoteAddress(page);
  if (/^file:/i.test(page)) throw fileUrlGiven(page);
  if (/^[a-z][a-z0-9+.-]+:/i.test(page)) throw pageNotFound(page);
  const file: string = await existingFile(page);
  const root: string = await realpath(options.root ?? dirname(file));
  if (!isInside(file, root)) throw pageOutsideRoot(page, root);
  const path: string = pathToFileURL(file).pathname.slice(pathToFileURL(root).pathname.replace(/\/$/, "").length);
  const fileOf = ({ pathname }: URL): Promise<string | null> => fileIn(root, pathname);
  const server: Server = await serveFolder(root, (loaded) => files.loaded(loaded));
  const address: PageAddress = addressOf(server, path);
  const files: PageFiles = pageFiles(file, { url: address.url, fileOf });
  return { ...address, fileOf, ownFiles: () => files.list(), foreign: await whyForeign(file) };
}

function addressOf(server: Server, path: string): PageAddress {
  return { url: `http://127.0.0.1:${portOf(server)}${path}`, foreign: FROM_SERVER, [Symbol.asyncDispose]: () => closeServer(server) };
}

/** The document of a page, alone: everything else below its address is not found. */
async function copyAddress(page: string): Promise<PageAddress> {
  const { url, type, bytes }: RemoteDocument = await fetchDocument(page);
  const path: string = `${url.pathname}${url.search}`;
  const server: Server = await serveLoopback((request, response) => {
    if (request.url === path) response.setHeader("content-type", type).end(bytes);
    else refuse(response, 404);
  });
  return addressOf(server, `${path}${url.hash}`);
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

/**
 * Serves a folder to this host alone, with byte ranges. Links that lead out of it are not followed.
 *
 * @param onFile called with the real path of each file that is asked for
 */
export function serveFolder(root: string, onFile: (file: string) => void = () => {}): Promise<Server> {
  return serveLoopback((request, response) => void respond(request, response, root, onFile));
}

async function respond(request: IncomingMessage, response: ServerResponse, root: string, onFile: (file: string) => void): Promise<void> {
  try {
    const file: string | null = await fileIn(root, new URL(request.url ?? "/", "http://localhost").pathname);
    if (file === null) return refuse(response, 403);
    onFile(file);
    response.setHeader("etag", versionOf(await stat(file, { bigint: true })));
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
 * The file behind the path of a URL; null where it lies outside the root. Rejects where there is none.
 *
 * @param root A real path
 */
async function fileIn(root: string, pathname: string): Promise<string | null> {
  const file: string = await realpath(join(root, decodeURIComponent(pathname)));
  return isInside(file, root) ? file : null;
}

function isInside(file: string, root: string): boolean {
  return file === root || file.startsWith(root.endsWith(sep) ? root : root + sep);
}
