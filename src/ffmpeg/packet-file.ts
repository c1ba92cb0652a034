import { rmSync } from "node:fs";
import { open, rm, stat, type FileHandle } from "node:fs/promises";
import { atExit } from "../process/at-exit.ts";

/** A file that ffmpeg has written and that is read once more. Whoever makes it removes it. */
export interface PacketFile {
  readonly path: string;
  readonly name: string;
  byteLength(): Promise<number>;
  /** Reads `[start, end)`. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Closes and deletes it. Never rejects. */
  remove(): Promise<void>;
}

/** The file lies beside the output, so that it takes the same disk. */
export function packetFile(outputPath: string): PacketFile {
  const path = `${outputPath}.packets`;
  let handle: Promise<FileHandle> | null = null;
  const forget: () => void = atExit(() => rmSync(path, { force: true }));
  return {
    path,
    name: path,
    byteLength: async () => (await stat(path)).size,
    async read(start, end) {
      handle ??= open(path, "r");
      const file: FileHandle = await handle;
      const data = new Uint8Array(end - start);
      let filled = 0;
      while (filled < data.byteLength) {
        const { bytesRead } = await file.read(data, filled, data.byteLength - filled, start + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return data.subarray(0, filled);
    },
    async remove() {
      await handle?.then((file) => file.close()).catch(() => {});
      handle = null;
      await rm(path, { force: true }).catch(() => {});
      forget();
    },
  };
}
