import type { SenderConfig } from "../../messages.ts";
import { FreeSlots, type Sender, type SenderBuffer } from "./sender.ts";

/** Each message is four bytes of slot number, little-endian, and the slot's pixels. */
const HEADER_BYTES = 4;

/** Pixels over a WebSocket on the host's loopback: where the profile's files cannot be read. */
export async function openWebSocket(config: Extract<SenderConfig, { kind: "websocket" }>): Promise<Sender> {
  const socket = new WebSocket(config.url);
  socket.binaryType = "arraybuffer";
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`The WebSocket ${config.url} cannot be opened`));
  });
  const free = new FreeSlots(config.slots);
  const messages: Uint8Array<ArrayBuffer>[] = Array.from({ length: config.slots }, () => new Uint8Array(HEADER_BYTES + config.slotBytes));
  return {
    async acquire(): Promise<SenderBuffer> {
      const slot: number = await free.take();
      return { slot, bytes: messages[slot]!.subarray(HEADER_BYTES) };
    },
    async send({ slot }): Promise<void> {
      if (socket.readyState !== WebSocket.OPEN) throw new Error(`The WebSocket ${config.url} was closed`);
      const message: Uint8Array<ArrayBuffer> = messages[slot]!;
      new DataView(message.buffer).setUint32(0, slot, true);
      socket.send(message);
    },
    release: (slot) => free.give(slot),
  };
}
