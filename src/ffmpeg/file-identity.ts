import { createHash, type Hash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";

/** Files up to here are read whole; that takes a fraction of a second. */
const WHOLE_BYTES: number = 256 << 20;
const BLOCK_BYTES: number = 1 << 20;
/** Blocks of a larger file that are looked at, spread over it. */
const BLOCKS = 32;

/**
 * What tells a file's content from another's. By the content alone, wherever it lies: what a page fetches lies in a new file each
 * time. A larger file is told by its length, the time of its last change and blocks from all over it: reading it whole would take
 * longer than its first pictures.
 */
export async function fileIdentity(path: string): Promise<string> {
  const file: FileHandle = await open(path, "r");
  try {
    const { size, mtimeMs } = await file.stat();
    const hash: Hash = createHash("sha256").update(`${size}\n`);
    const isLarge: boolean = size > WHOLE_BYTES;
    if (isLarge) hash.update(`${mtimeMs}\n`);
    const count: number = isLarge ? BLOCKS : Math.ceil(size / BLOCK_BYTES);
    const step: number = isLarge ? (size - BLOCK_BYTES) / (BLOCKS - 1) : BLOCK_BYTES;
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let at = 0; at < count; at++) {
      const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, Math.floor(at * step));
      hash.update(block.subarray(0, bytesRead));
    }
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}
