import type { FileSink } from "../core/sink.ts";

/** An output that lies in memory: for encoders that write bytes. Those that write by path need a file sink. */
export interface MemorySink extends FileSink {
  readonly state: "open" | "committed" | "discarded";
  readonly bytes: Uint8Array;
  /** What was written beside it. */
  readonly sidecarBytes: Uint8Array;
}

export function memorySink(name = "memory.mp4"): MemorySink {
  let bytes: Uint8Array = new Uint8Array(0);
  let beside: Uint8Array = new Uint8Array(0);
  let state: MemorySink["state"] = "open";
  return {
    kind: "file",
    name,
    temporaryPath: null,
    get state() {
      return state;
    },
    get bytes() {
      return bytes;
    },
    get sidecarBytes() {
      return beside;
    },
    sidecar: {
      name: `${name}.wav`,
      async append(data) {
        const longer = new Uint8Array(beside.byteLength + data.byteLength);
        longer.set(beside);
        longer.set(data, beside.byteLength);
        beside = longer;
      },
    },
    async write(data, position) {
      const end: number = position + data.byteLength;
      if (end > bytes.byteLength) {
        const longer = new Uint8Array(end);
        longer.set(bytes);
        bytes = longer;
      }
      bytes.set(data, position);
    },
    byteLength: async () => bytes.byteLength,
    read: async (start, end) => bytes.slice(start, end),
    freeBytes: async () => null,
    async clear() {
      bytes = new Uint8Array(0);
      beside = new Uint8Array(0);
    },
    async commit() {
      if (state === "open") state = "committed";
    },
    async discard() {
      if (state === "open") state = "discarded";
    },
  };
}
