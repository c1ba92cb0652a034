import { realpath, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import send from "send";
import { fileUrlGiven, pageNotFound, pageOutsideRoot, pageUnreachable } from "../core/errors.ts";
import type { PageAddress } from "../core/host.ts";
import type { NetworkAccess } from "../core/network.ts";
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
  return addressOf(await serveFolder(root), path);
}

function addressOf(server: Server, path: string): PageAddress {
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}${path}`, [Symbol.asyncDispose]: () => closeServer(server) };
}

/** The document of a page, alone: everything else below its address is not found. */
async function copyAddress(page: string): Promise<PageAddress> {
  const { url, type, bytes }: RemoteDocument = await fetchDocument(page);
  const path: string = `${url.pathname}${url.search}`;
  const server: Server = await serve((request, response) => {
    if (request.url === path) response.setHeader("content-type", type).end(bytes);
    else refuse(response, 404);
  });
  return addressOf(server, `${path}${url.hash}`);
}

function remoteAddress(page: string): PageAddress {
  if (!URL.canParse(page)) throw pageUnreachable(page, "it is no valid URL");
  return { url: new URL(page).href, [Symbol.asyncDispose]: async () => {} };
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

/** Serves a folder to this host alone, with byte ranges. Links that lead out of it are not followed. */
export function serveFolder(root: string): Promise<Server> {
  return serve((request, response) => void respond(request, response, root));
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server: Server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    // A site may let a name of its own stand for 127.0.0.1, and then read what is here as its own (DNS rebinding).
    if (request.headers.host === `127.0.0.1:${port}`) answer(request, response);
    else refuse(response, 403);
  });
  await new Promise<void>((onListening, onError) => {
    server.once("error", onError);
    server.listen(0, "127.0.0.1", onListening);
  });
  return server;
}

function refuse(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}

async function respond(request: IncomingMessage, response: ServerResponse, root: string): Promise<void> {
  try {
    const path: string = new URL(request.url ?? "/", "http://localhost").pathname;
    const file: string = await realpath(join(root, decodeURIComponent(path)));
    if (!isInside(file, root)) return refuse(response, 403);
    // "send" answers ranges, conditional requests and types; by now the path is real and inside the root.
    send(request, encodeURIComponent(basename(file)), { root: dirname(file), dotfiles: "allow", cacheControl: false })
      .on("error", (fault: { status?: number }) => refuse(response, fault.status ?? 500))
      .pipe(response);
  } catch {
    refuse(response, 404);
  }
}

function isInside(file: string, root: string): boolean {
  return file === root || file.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((onClosed) => server.close(onClosed));
}
