import { realpath, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import send from "send";
import { pageNotFound, pageOutsideRoot, pageUnreachable } from "../core/errors.ts";
import type { PageAddress } from "../core/host.ts";

export interface PageOptions {
  /** Folder that the page may load files from; the page's own folder unless said. */
  readonly root?: string;
}

/**
 * Makes a page reachable: a URL is taken as it is; a file is served from the loopback interface, with its folder as the root.
 *
 * @throws RenderError `page-not-found`, `page-unreachable`
 */
export async function openPageAddress(page: string, options: PageOptions = {}): Promise<PageAddress> {
  if (/^https?:/i.test(page)) return remoteAddress(page);
  if (/^[a-z][a-z0-9+.-]+:/i.test(page)) throw pageNotFound(page);
  const file: string = await existingFile(page);
  const root: string = await realpath(options.root ?? dirname(file));
  if (!isInside(file, root)) throw pageOutsideRoot(page, root);
  const server: Server = await serveFolder(root);
  const { port } = server.address() as AddressInfo;
  const path: string = pathToFileURL(file).pathname.slice(pathToFileURL(root).pathname.replace(/\/$/, "").length);
  return { url: `http://127.0.0.1:${port}${path}`, [Symbol.asyncDispose]: () => closeServer(server) };
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
export async function serveFolder(root: string): Promise<Server> {
  const server: Server = createServer((request, response) => void respond(request, response, root));
  await new Promise<void>((onListening, onError) => {
    server.once("error", onError);
    server.listen(0, "127.0.0.1", onListening);
  });
  return server;
}

async function respond(request: IncomingMessage, response: ServerResponse, root: string): Promise<void> {
  const refuse = (status: number): void => {
    response.statusCode = status;
    response.end();
  };
  try {
    const path: string = new URL(request.url ?? "/", "http://localhost").pathname;
    const file: string = await realpath(join(root, decodeURIComponent(path)));
    if (!isInside(file, root)) return refuse(403);
    // "send" answers ranges, conditional requests and types; by now the path is real and inside the root.
    send(request, encodeURIComponent(basename(file)), { root: dirname(file), dotfiles: "allow", cacheControl: false })
      .on("error", (fault: { status?: number }) => refuse(fault.status ?? 500))
      .pipe(response);
  } catch {
    refuse(404);
  }
}

function isInside(file: string, root: string): boolean {
  return file === root || file.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((onClosed) => server.close(onClosed));
}
