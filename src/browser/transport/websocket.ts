import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { PixelTransport, TransportRequest, TransportSession } from "../../core/transport.ts";
import type { SenderConfig } from "../messages.ts";
import { probeTransport } from "./probe.ts";

/** Each message is four bytes of slot number, little-endian, and the slot's pixels. */
const HEADER_BYTES = 4;

/** Pixels over a WebSocket on the loopback interface: works wherever the browser runs on this host. */
export function webSocket(): PixelTransport {
  return {
    contract: 1,
    name: "websocket",
    probe: (browser, page) => probeTransport({ browser, page }, openSocket),
    open: openSocket,
  };
}

async function openSocket({ browser, page, slotBytes, slots }: TransportRequest): Promise<TransportSession> {
  // Whoever does not know the path is refused: other pages and programs of this host may try the port.
  const path = `/${crypto.randomUUID()}`;
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path, maxPayload: HEADER_BYTES + slotBytes, perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", reject);
  });
  const arrived = new Map<number, Uint8Array>();
  const waiting = new Map<number, { resolve(pixels: Uint8Array): void; reject(reason: Error): void }>();
  let failure: Error | null = null;
  const lose = (reason: Error): void => {
    failure ??= reason;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  const closed = (): void => lose(new Error("The page's WebSocket was closed"));
  server.on("connection", (socket: WebSocket) => {
    // The sender has one; every other comes from the page's own scripts.
    if (server.clients.size > 1) return void lose(page.refuse("a WebSocket", "it connected to the renderer a second time"));
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      const why: string | null = invalidity(data, isBinary, slotBytes, slots);
      if (why !== null) return void lose(page.refuse("a message of the WebSocket", why));
      const slot: number = data.readUInt32LE(0);
      const pixels: Uint8Array = data.subarray(HEADER_BYTES);
      const waiter = waiting.get(slot);
      waiting.delete(slot);
      if (waiter) waiter.resolve(pixels);
      else arrived.set(slot, pixels);
    });
    socket.on("close", closed);
    // Also where a message is larger than the server takes.
    socket.on("error", closed);
  });
  const arrival = (slot: number): Promise<Uint8Array> => {
    const pixels: Uint8Array | undefined = arrived.get(slot);
    arrived.delete(slot);
    if (pixels) return Promise.resolve(pixels);
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => waiting.set(slot, { resolve, reject }));
  };
  const close = (): Promise<void> => {
    for (const client of server.clients) client.terminate();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  const { port } = server.address() as AddressInfo;
  const config: SenderConfig = { kind: "websocket", url: `ws://127.0.0.1:${port}${path}`, slotBytes, slots };
  try {
    await browser.admit(port, page);
    await page.run(`__framewright.openSender(${JSON.stringify(config)})`);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    async take(slot, target) {
      target.set(await arrival(slot));
    },
    async drop(slot) {
      await arrival(slot);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What is wrong with a message; null where it is the pixels of one slot. */
function invalidity(data: Buffer, isBinary: boolean, slotBytes: number, slots: number): string | null {
  if (!isBinary) return "it is text";
  if (data.length !== HEADER_BYTES + slotBytes) return `it has ${data.length} bytes instead of ${HEADER_BYTES + slotBytes}`;
  const slot: number = data.readUInt32LE(0);
  return slot < slots ? null : `it names slot ${slot}, and there are ${slots}`;
}
