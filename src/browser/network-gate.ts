import { createServer, request, type ClientRequest, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A proxy on the loopback interface that refuses everything and says what was asked for. */
export interface NetworkGate extends AsyncDisposable {
  readonly port: number;
  /** Lets pages through to a port of 127.0.0.1: that of a server of ours, which is known only when the browser runs. */
  admit(port: number): void;
}

/** The first byte of a TLS connection (RFC 8446, 5.1: a handshake record). */
const TLS_HANDSHAKE = 0x16;

/** @param onRefused Is given the origin of each request that was refused */
export async function openNetworkGate(onRefused: (origin: string) => void): Promise<NetworkGate> {
  const admitted = new Set<string>();
  const open = new Set<Socket>();
  const own = (socket: Socket): void => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // Whoever asked goes away when a page is closed.
    socket.on("error", () => socket.destroy());
  };
  // A connection that ends is a failure to a page; an answer with a status would be one of the site's own.
  const server: Server = createServer((asked, response) => {
    const { url = "", socket } = asked;
    if (URL.canParse(url) && admitted.has(new URL(url).host)) return passOn(asked, response);
    if (URL.canParse(url)) onRefused(new URL(url).origin);
    socket.destroy();
  });
  server.on("connection", own);
  // `https:` and all sockets ask for a tunnel.
  server.on("connect", ({ url = "" }, socket: Socket) => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (!admitted.has(url)) {
      // What it is for shows only in its first byte.
      socket.once("data", ([first]: Buffer) => {
        onRefused(new URL(`${first === TLS_HANDSHAKE ? "https" : "ws"}://${url}`).origin);
        socket.destroy();
      });
      return;
    }
    const target: Socket = connect(Number(url.split(":")[1]), "127.0.0.1");
    own(target);
    target.once("close", () => socket.destroy());
    socket.once("close", () => target.destroy());
    socket.pipe(target).pipe(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    admit: (port) => void admitted.add(`127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Asks for the page, and gives it the answer as it comes. */
function passOn(asked: IncomingMessage, response: ServerResponse): void {
  const onward: ClientRequest = request(asked.url!, { method: asked.method!, headers: asked.headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.on("error", () => response.destroy());
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.once("close", () => onward.destroy());
  asked.pipe(onward);
}
