/**
 * Runs in a worker: only there may a file of the page's private file system be written synchronously. Kept to one file,
 * for the page starts it from its text.
 */
interface WorkerScope {
  onmessage: ((event: MessageEvent<OpenMessage | WriteMessage>) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

interface SyncAccessHandle {
  write(data: Uint8Array, options: { at: number }): number;
  truncate(byteLength: number): void;
  flush(): void;
}

interface OpenMessage {
  readonly nonce: string;
  readonly slotBytes: number;
  readonly slots: number;
}

interface WriteMessage {
  readonly slot: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const scope = globalThis as unknown as WorkerScope;
let file: SyncAccessHandle;
let slotBytes = 0;

scope.onmessage = ({ data }) => {
  if ("nonce" in data) {
    open(data).then(
      () => scope.postMessage({ opened: true }),
      (thrown: unknown) => scope.postMessage({ fault: String(thrown) }),
    );
    return;
  }
  try {
    const written: number = file.write(data.bytes, { at: data.slot * slotBytes });
    if (written !== data.bytes.byteLength) throw new Error(`only ${written} of ${data.bytes.byteLength} bytes were written`);
    scope.postMessage({ slot: data.slot, bytes: data.bytes }, [data.bytes.buffer]);
  } catch (thrown) {
    scope.postMessage({ slot: data.slot, fault: String(thrown) });
  }
};

/** Makes the file at its full length, with the nonce behind the last slot: the host finds it by both. */
async function open(message: OpenMessage): Promise<void> {
  slotBytes = message.slotBytes;
  const folder = await navigator.storage.getDirectory();
  const handle = (await folder.getFileHandle(message.nonce, { create: true })) as unknown as {
    createSyncAccessHandle(): Promise<SyncAccessHandle>;
  };
  file = await handle.createSyncAccessHandle();
  const ringBytes: number = message.slotBytes * message.slots;
  file.truncate(ringBytes);
  file.write(new TextEncoder().encode(message.nonce), { at: ringBytes });
  file.flush();
}
