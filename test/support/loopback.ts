import { createSocket, type Socket } from "node:dgram";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server on this host that remembers what it was asked for. */
export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
  /** Methods and paths, and "UPGRADE" with those of WebSockets. */
  readonly asked: string[];
  /** Bodies of what was posted to /report, as JSON. */
  readonly reports: unknown[];
}

/** Answers by path; 404 for others. */
export type Answers = Readonly<Record<string, (response: ServerResponse) => void>>;

export async function serveLoopback(answers: Answers = {}, host = "127.0.0.1"): Promise<LoopbackServer> {
  const asked: string[] = [];
  const reports: unknown[] = [];
  const server: Server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path: string = request.url ?? "";
    asked.push(`${request.method} ${path}`);
    response.setHeader("access-control-allow-origin", "*");
    if (path === "/report") {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      reports.push(JSON.parse(Buffer.concat(parts).toString()));
    }
    const known = answers[path.split("?")[0]!];
    if (known) known(response);
    else response.writeHead(404).end();
  };
  server.on("upgrade", ({ url }, socket) => {
    asked.push(`UPGRADE ${url}`);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    reports,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Counts the packets that come to a UDP port of this host. */
export interface PacketCounter extends AsyncDisposable {
  readonly port: number;
  count(): number;
}

export async function countPackets(): Promise<PacketCounter> {
  const socket: Socket = createSocket("udp4");
  let packets = 0;
  socket.on("message", () => packets++);
  // On all interfaces: WebRTC sends from the one that leads outside.
  await new Promise<void>((resolve) => socket.bind(0, "0.0.0.0", resolve));
  return {
    port: socket.address().port,
    count: () => packets,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(resolve));
    },
  };
}

export function html(body: string): (response: ServerResponse) => void {
  return (response) => response.setHeader("content-type", "text/html").end(`<!doctype html><body>${body}`);
}

export function script(code: string): (response: ServerResponse) => void {
  return (response) => response.setHeader("content-type", "text/javascript").end(code);
}

export function redirect(location: string): (response: ServerResponse) => void {
  return (response) => response.writeHead(302, { location }).end();
}
