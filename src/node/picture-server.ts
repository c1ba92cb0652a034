import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { CachedPicture } from "../core/frame-cache.ts";
import type { PictureServer } from "../injectors/url.ts";
import { closeServer, portOf, refuse, serveLoopback } from "./loopback-server.ts";

/** Pictures that nobody came for: those of pages that died. */
const MOST_OFFERED_BYTES = 64 * 1024 * 1024;

const headers = {
  // Whoever knows the path may read: it is told to our pages alone, whatever their origin.
  "access-control-allow-origin": "*",
  "cross-origin-resource-policy": "cross-origin",
  // Each is fetched once, and kept by whoever shows it.
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

/** A server for pictures alone, so that none waits behind the files of a page. */
export async function openPictureServer(): Promise<PictureServer> {
  // Whoever does not know the path is refused: other pages and programs of this host may try the port.
  const folder = `/${crypto.randomUUID()}/`;
  const offered = new Map<string, CachedPicture>();
  let offeredBytes = 0;
  let count = 0;
  const withdraw = (path: string): void => {
    offeredBytes -= offered.get(path)?.data.byteLength ?? 0;
    offered.delete(path);
  };
  const answer = ({ method, url = "" }: IncomingMessage, response: ServerResponse): void => {
    if (!url.startsWith(folder)) return refuse(response, 404);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (method === "OPTIONS") return allow(response);
    if (method !== "GET") return refuse(response, 405);
    const picture: CachedPicture | undefined = offered.get(url);
    if (picture === undefined) return refuse(response, 404);
    // One whose connection breaks may come again.
    response.once("finish", () => withdraw(url));
    response.setHeader("content-type", picture.type).setHeader("content-length", picture.data.byteLength).end(picture.data);
  };
  const server: Server = await serveLoopback(answer);
  const port: number = portOf(server);
  return {
    port,
    offer(picture) {
      const path = `${folder}${count++}`;
      offered.set(path, picture);
      offeredBytes += picture.data.byteLength;
      for (const oldest of offered.keys()) {
        if (offeredBytes <= MOST_OFFERED_BYTES || oldest === path) break;
        withdraw(oldest);
      }
      return `http://127.0.0.1:${port}${path}`;
    },
    async close() {
      offered.clear();
      await closeServer(server);
    },
  };
}

/** Chromium asks first where a page of the network reaches for this host (https://wicg.github.io/private-network-access/). */
function allow(response: ServerResponse): void {
  response.setHeader("access-control-allow-methods", "GET").setHeader("access-control-allow-private-network", "true");
  refuse(response, 204);
}
