import { ringFileWorker } from "../../generated/ring-file-worker.ts";
import type { SenderConfig } from "../../messages.ts";
import { FreeSlots, type Sender, type SenderBuffer } from "./sender.ts";

type WorkerAnswer =
  | { readonly opened: true }
  | { readonly slot?: number; readonly bytes?: Uint8Array<ArrayBuffer>; readonly fault?: string };

/** Slots in one file of the page's private file system, which the host reads from the browser's profile. */
export async function openRingFile(config: Extract<SenderConfig, { kind: "ring-file" }>): Promise<Sender> {
  const worker = new Worker(URL.createObjectURL(new Blob([ringFileWorker], { type: "text/javascript" })));
  await new Promise<void>((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(`The ring file's worker did not start: ${event.message}`));
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      if ("opened" in data) resolve();
      else reject(new Error(`The ring file cannot be opened: ${data.fault}`));
    };
    worker.postMessage(config);
  });
  const free = new FreeSlots(config.slots);
  const pool: Uint8Array<ArrayBuffer>[] = [];
  const pending = new Map<number, { resolve(): void; reject(reason: Error): void }>();
  worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
    if ("opened" in data || data.slot === undefined) return;
    const waiting = pending.get(data.slot);
    pending.delete(data.slot);
    if (data.bytes) pool.push(data.bytes);
    if (data.fault === undefined) waiting?.resolve();
    else waiting?.reject(new Error(`Writing the ring file failed: ${data.fault}`));
  };
  return {
    async acquire(): Promise<SenderBuffer> {
      const slot: number = await free.take();
      return { slot, bytes: pool.pop() ?? new Uint8Array(config.slotBytes) };
    },
    send({ slot, bytes }): Promise<void> {
      return new Promise((resolve, reject) => {
        pending.set(slot, { resolve, reject });
        worker.postMessage({ slot, bytes }, [bytes.buffer]);
      });
    },
    release: (slot) => free.give(slot),
  };
}
