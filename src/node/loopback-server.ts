import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Opens a server that this host alone reaches. Whoever opened it calls `closeServer`. */
export async function serveLoopback(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server: Server = createServer((request, response) => {
    // A site may let a name of its own stand for 127.0.0.1, and then read what is here as its own (DNS rebinding).
    if (request.headers.host === `127.0.0.1:${portOf(server)}`) answer(request, response);
    else refuse(response, 403);
  });
  // Between two frames of a slow page a connection is idle for longer than servers wait by themselves.
  server.keepAliveTimeout = 0;
  await new Promise<void>((onListening, onError) => {
    server.once("error", onError);
    server.listen(0, "127.0.0.1", onListening);
  });
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Ends open answers too. */
export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((onClosed) => server.close(onClosed));
}

/** Answers with a status alone. */
export function refuse(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}
