import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a server gives its file. */
export type ServerManner =
  /** Ranges, as they should be. */
  | "ranges"
  /** The whole file, whatever is asked for. */
  | "whole"
  /** The whole file, and nobody knows how long it is. */
  | "endless"
  /** Never more than 5,000 bytes of what was asked for. */
  | "stingy"
  /** Ranges for pages of all origins, which do not see how long the file is. */
  | "cors"
  | "forwarded"
  | "missing"
  | "failing"
  | "empty"
  | "mute"
  /** Some bytes, then nothing more. */
  | "stuck"
  /** A byte at a time, for ever. */
  | "trickling"
  /** Some bytes, then the connection is gone. */
  | "breaking"
  /** Says that the file is twice as long. */
  | "boasting";

export interface MediaServer extends AsyncDisposable {
  /** Where the file lies. */
  url(manner: ServerManner, name: string): string;
  /** Bytes of a file that were asked for, in the order of asking: `[start, end)`, null for the whole. */
  asked(manner: ServerManner, name: string): readonly (readonly [number, number] | null)[];
}

/** Serves some files in all manners, at an origin of its own. */
export async function mediaServer(files: Readonly<Record<string, Uint8Array>>): Promise<MediaServer> {
  const asked = new Map<string, (readonly [number, number] | null)[]>();
  const server: Server = createServer((request, response) => {
    const [, manner, name] = decodeURIComponent(request.url!).split("/") as [string, ServerManner, string];
    const range: readonly [number, number] | null = rangeOf(request, files[name]!.length);
    const key: string = `${manner}/${name}`;
    asked.set(key, [...(asked.get(key) ?? []), range]);
    answer(manner, files[name]!, range, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (manner, name) => `http://127.0.0.1:${port}/${manner}/${encodeURIComponent(name)}`,
    asked: (manner, name) => asked.get(`${manner}/${name}`) ?? [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function rangeOf({ headers }: IncomingMessage, length: number): readonly [number, number] | null {
  const [, start, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
  return start === undefined ? null : [Number(start), Math.min(length, last === "" ? length : Number(last) + 1)];
}

function answer(
  manner: ServerManner,
  file: Uint8Array,
  range: readonly [number, number] | null,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // Pages of other origins may read all but what is to be refused.
  if (manner !== "ranges") response.setHeader("Access-Control-Allow-Origin", "*");
  switch (manner) {
    case "missing":
      return void response.writeHead(404).end("not here");
    case "failing":
      return void response.writeHead(503).end();
    case "empty":
      return void response.writeHead(200, { "Content-Length": 0 }).end();
    case "mute":
      return;
    case "whole":
      return void response.writeHead(200, { "Content-Length": file.length }).end(file);
    case "endless":
      response.writeHead(200).write(file.subarray(0, 100));
      return void response.end(file.subarray(100));
    case "stuck":
      response.writeHead(200, { "Content-Length": file.length }).write(file.subarray(0, 100));
      return;
    case "trickling": {
      const timer: ReturnType<typeof setInterval> = setInterval(() => response.write("x"), 20);
      response.once("close", () => clearInterval(timer));
      return;
    }
    case "breaking":
      response.writeHead(200, { "Content-Length": file.length }).write(file.subarray(0, 100), () => request.socket.destroy());
      return;
    case "forwarded":
      return void response.writeHead(302, { Location: request.url!.replace("forwarded", "cors") }).end();
    default:
      return give(manner, file, range, request, response);
  }
}

function give(
  manner: ServerManner,
  file: Uint8Array,
  range: readonly [number, number] | null,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (range === null)
    return void response.writeHead(200, { "Content-Length": file.length }).end(request.method === "HEAD" ? undefined : file);
  const [start, end] = [range[0], manner === "stingy" ? Math.min(range[1], range[0] + 5000) : range[1]];
  if (start >= file.length) return void response.writeHead(416, { "Content-Range": `bytes */${file.length}` }).end();
  const total: number = file.length * (manner === "boasting" ? 2 : 1);
  if (manner === "boasting" || manner === "stingy") response.setHeader("Access-Control-Expose-Headers", "Content-Range");
  response
    .writeHead(206, { "Content-Range": `bytes ${start}-${end - 1}/${total}`, "Content-Length": end - start })
    .end(file.subarray(start, end));
}
