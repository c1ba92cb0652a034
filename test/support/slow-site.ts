import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Who asks for a file: the page, or the host, which copies media for ffmpeg. */
export type Asker = "page" | "host";

/** A file that is given in small pieces. */
export interface SlowFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Whose download never ends: one small piece comes after another, for ever. */
  readonly endlessFor?: readonly Asker[];
}

export interface SlowSite extends AsyncDisposable {
  url(name: string): string;
}

const PIECE_BYTES = 8 * 1024;
const PIECE_EVERY_MS = 10;

/**
 * Serves files slowly, and answers nothing to other names.
 *
 * @param onPiece called for each request, and for each piece that went out
 */
export async function slowSite(
  files: Readonly<Record<string, SlowFile>>,
  onPiece: (name: string, asker: Asker) => void,
): Promise<SlowSite> {
  const server: Server = createServer((request, response) => {
    const name: string = new URL(request.url!, "http://localhost").pathname.slice(1);
    const asker: Asker = /Mozilla/.test(request.headers["user-agent"] ?? "") ? "page" : "host";
    onPiece(name, asker);
    if (files[name]) give(files[name], asker, request, response, () => onPiece(name, asker));
    else if (name.startsWith("mark")) response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function give(file: SlowFile, asker: Asker, request: IncomingMessage, response: ServerResponse, onPiece: () => void): void {
  const { type, bytes, endlessFor = [] } = file;
  const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(from ?? 0);
  const end: number = last === undefined || last === "" ? bytes.length : Math.min(bytes.length, Number(last) + 1);
  const isEndless: boolean = endlessFor.includes(asker);
  const range: Record<string, string> = from === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` };
  response.writeHead(from === undefined ? 200 : 206, {
    ...{ "content-type": type, "accept-ranges": "bytes", "content-length": String(end - start) },
    ...range,
  });
  let at: number = start;
  const timer: ReturnType<typeof setInterval> = setInterval(() => {
    const next: number = Math.min(end, at + (isEndless ? 1 : PIECE_BYTES));
    // The last bytes of an endless one never come.
    if (isEndless && next > end - 2) return;
    response.write(bytes.subarray(at, next));
    at = next;
    onPiece();
    if (at < end) return;
    clearInterval(timer);
    response.end();
  }, PIECE_EVERY_MS);
  response.once("close", () => clearInterval(timer));
}
