import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { AddressScope, NetworkRule } from "../core/network.ts";
import { httpForwarder, type HttpForwarder } from "./forward-http.ts";
import { isOfSameUser } from "./peer-user.ts";
import { connectToFirst, hostResolver, PrivateAddressError, type ResolveHost } from "./resolve-host.ts";

/** A proxy on the loopback interface that passes on what a rule allows, and tells what it refused. */
export interface NetworkGate extends AsyncDisposable {
  readonly port: number;
  /** Lets pages through to a port of 127.0.0.1: that of a server of ours, which is known only when the browser runs. */
  admit(port: number): void;
}

export interface NetworkGateOptions {
  readonly rule: NetworkRule;
  /** @param address where the name leads, if that is why it was refused */
  onRefused(origin: string, address: string | null): void;
  readonly resolve?: ResolveHost;
  /** Whether whoever connects may use the gate. @default isOfSameUser */
  isTrusted?(socket: Socket): Promise<boolean>;
}

/** The first byte of a TLS connection (RFC 8446, 5.1: a handshake record). */
const TLS_HANDSHAKE = 0x16;
/** How long a refused tunnel may stay without saying what it is for. */
const FIRST_BYTE_LIMIT_MS = 10_000;
const NAMED = /^[^\s/?#@\\]+:\d{1,5}$/;

/** Passes on what the rule allows, to addresses that were resolved once and checked. Nothing that comes in can make it throw. */
export async function openNetworkGate(options: NetworkGateOptions): Promise<NetworkGate> {
  const gate = new Gate(options);
  const port: number = await gate.listen();
  return {
    port,
    admit: (admitted) => gate.admit(admitted),
    [Symbol.asyncDispose]: () => gate.close(),
  };
}

class Gate {
  readonly #options: NetworkGateOptions;
  readonly #resolve: ResolveHost;
  readonly #admitted = new Set<string>();
  readonly #open = new Set<Socket>();
  readonly #trusted = new WeakMap<Socket, Promise<boolean>>();
  readonly #forwarder: HttpForwarder = httpForwarder();
  readonly #server: Server;

  constructor(options: NetworkGateOptions) {
    this.#options = options;
    this.#resolve = options.resolve ?? hostResolver();
    this.#server = createServer((asked, response) => this.#guard(response.socket, () => this.#passOn(asked, response)));
    this.#server.on("connection", (socket: Socket) => this.#own(socket));
    // `https:` and all sockets ask for a tunnel.
    this.#server.on("connect", ({ url = "" }, socket: Socket, head: Buffer) => this.#guard(socket, () => this.#tunnel(url, socket, head)));
    this.#server.on("upgrade", (_, socket: Socket) => socket.destroy());
    this.#server.on("clientError", (_, socket) => socket.destroy());
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  admit(port: number): void {
    this.#admitted.add(`127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#forwarder.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #own(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    // Whoever asked goes away when a page is closed.
    socket.on("error", () => socket.destroy());
  }

  /** A connection that ends is a failure to a page; an answer with a status would be one of the site's own. */
  #guard(socket: Socket | null, work: () => Promise<void>): void {
    if (socket === null) return;
    const trusted: Promise<boolean> = this.#trusted.get(socket) ?? (this.#options.isTrusted ?? isOfSameUser)(socket);
    this.#trusted.set(socket, trusted);
    trusted.then((isTrusted) => (isTrusted ? work() : void socket.destroy())).catch(() => socket.destroy());
  }

  async #passOn(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(asked.url ?? "");
    if (url.protocol !== "http:") throw new Error(`"${url.protocol}" is not passed on`);
    const found: Found = await this.#find(url);
    if ("addresses" in found) return this.#forwarder.forward(asked, response, url, found.addresses);
    this.#options.onRefused(url.origin, found.refused);
    asked.socket.destroy();
  }

  async #tunnel(name: string, socket: Socket, head: Buffer): Promise<void> {
    if (!NAMED.test(name)) throw new Error("this is no host with a port");
    const url = new URL(`https://${name}`);
    const found: Found = await this.#find(url);
    if (socket.destroyed) return;
    if ("refused" in found) return this.#refuseTunnel(url, found.refused, socket, head);
    const target: Socket | null = await connectToFirst(found.addresses, portOf(url)).catch(() => null);
    if (target === null) return void socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    this.#own(target);
    target.once("close", () => socket.destroy());
    if (socket.destroyed) return void target.destroy();
    socket.once("close", () => target.destroy());
    socket.write(ESTABLISHED);
    target.write(head);
    socket.pipe(target).pipe(socket);
  }

  /** What it is for shows only in its first byte. */
  #refuseTunnel({ host, port }: URL, address: string | null, socket: Socket, head: Buffer): void {
    const tell = ([first]: Buffer): void => {
      const isSecure: boolean = first === TLS_HANDSHAKE;
      const plain: string = port === "" ? `${host}:443` : host;
      this.#options.onRefused(new URL(isSecure ? `https://${host}` : `ws://${plain}`).origin, address);
      socket.destroy();
    };
    socket.write(ESTABLISHED);
    if (head.byteLength > 0) return tell(head);
    if (socket.readableEnded) return void socket.destroy();
    socket.setTimeout(FIRST_BYTE_LIMIT_MS, () => socket.destroy());
    socket.once("data", tell);
    socket.once("end", () => socket.destroy());
    socket.resume();
  }

  async #find(url: URL): Promise<Found> {
    if (this.#admitted.has(url.host)) return { addresses: ["127.0.0.1"] };
    const scope: AddressScope | null = this.#options.rule(url);
    if (scope === null) return { refused: null };
    try {
      return { addresses: await this.#resolve(url, scope) };
    } catch (thrown) {
      if (thrown instanceof PrivateAddressError) return { refused: thrown.address };
      throw thrown;
    }
  }
}

const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

type Found = { readonly addresses: readonly string[] } | { readonly refused: string | null };

function portOf({ port }: URL): number {
  return port === "" ? 443 : Number(port);
}
