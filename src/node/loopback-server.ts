import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** How many ports are tried where another program listens at the same port of the other address. */
const PORT_TRIES = 20;
/** This machine has no such address, so that nobody else listens there. */
const NO_IPV6: ReadonlySet<string | undefined> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"]);
/** The servers at the IPv6 address, by those at 127.0.0.1. */
const atIpv6 = new WeakMap<Server, Server>();

/**
 * Opens a server that this host alone reaches. Whoever opened it calls `closeServer`.
 *
 * @param host The name that requests must have: whoever does not know a secret name is refused. A site that lets a name of its
 * own stand for 127.0.0.1 is refused as well (DNS rebinding).
 */
export async function serveLoopback(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  host = "127.0.0.1",
): Promise<Server> {
  for (let tries = 1; ; tries++) {
    const server: Server = serverFor(answer, host);
    await listen(server, 0, "127.0.0.1");
    if (!host.endsWith(".localhost")) return server;
    // Browsers try the IPv6 address of such names first: nobody else may listen there.
    const six: Server = serverFor(answer, host);
    try {
      await listen(six, portOf(server), "::1");
      atIpv6.set(server, six);
      return server;
    } catch (thrown) {
      if (NO_IPV6.has((thrown as NodeJS.ErrnoException).code)) return server;
      await closeServer(server);
      if (tries === PORT_TRIES) throw thrown;
    }
  }
}

function serverFor(answer: (request: IncomingMessage, response: ServerResponse) => void, host: string): Server {
  const respond: RequestListener = (request, response) => {
    response.on("error", () => response.destroy());
    try {
      if (request.headers.host === `${host}:${portOf(server)}`) return answer(request, response);
      // A stranger keeps no connection.
      response.setHeader("connection", "close");
      refuse(response, 403);
    } catch {
      response.destroy();
    }
  };
  const server: Server = createServer(respond);
  // Between two frames of a slow page a connection is idle for longer than servers wait by themselves.
  server.keepAliveTimeout = 0;
  server.on("clientError", (_, socket) => socket.destroy());
  server.on("upgrade", (_, socket: Socket) => socket.destroy());
  return server;
}

async function listen(server: Server, port: number, address: string): Promise<void> {
  await new Promise<void>((onListening, onError) => {
    server.once("error", onError);
    server.listen(port, address, onListening);
  });
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Ends open answers too. */
export async function closeServer(server: Server): Promise<void> {
  const six: Server | undefined = atIpv6.get(server);
  await Promise.all(
    [server, ...(six ? [six] : [])].map(async (one) => {
      one.closeAllConnections();
      await new Promise((onClosed) => one.close(onClosed));
    }),
  );
}

/** Answers with a status alone. */
export function refuse(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}
