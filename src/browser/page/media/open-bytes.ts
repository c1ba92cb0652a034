import type { ByteSource } from "./byte-source.ts";
import { ComingBytes } from "./coming-bytes.ts";
import { bytesOfDataAddress } from "./data-address.ts";
import { mediaFault } from "./media-fault.ts";
import { ask, BLOCK_BYTES, RangedBytes, refusalOf, totalBytes } from "./ranged-bytes.ts";
import { WholeBytes } from "./whole-bytes.ts";

/** Bytes behind an address, of which the first have come. */
export interface OpenedBytes {
  /** Resolves when any part of them can be read. Rejects with a `MediaFault`. */
  readonly source: Promise<ByteSource>;
  /** At least one of the bytes `[start, end)`, from `start` on, as soon as some have come; none at the end. Rejects with a `MediaFault`. */
  available(start: number, end: number): Promise<Uint8Array>;
}

/** Finds the bytes behind an address. Rejects with a `MediaFault`. */
export async function openBytes(url: string): Promise<OpenedBytes> {
  if (/^data:/i.test(url)) return whole(new WholeBytes(new Blob([bytesOfDataAddress(url)])));
  const response: Response = await ask(url, { start: 0, end: BLOCK_BYTES });
  // The range begins behind the end of what has no bytes.
  if (response.status === 416) return whole(new WholeBytes(new Blob([])));
  if (!response.ok) throw refusalOf(url, response);
  const byteLength: number | null = response.status === 206 ? await totalBytes(url, response) : null;
  if (byteLength !== null) return ranged(RangedBytes.after(response, url, byteLength));
  const coming = new ComingBytes(response.status === 206 ? await restart(url, response) : response);
  const source: Promise<ByteSource> = coming.whole.then(withBytes);
  // Whoever reads what has come hears of it as well.
  source.catch(() => {});
  return { source, available: (start, end) => coming.available(start, end) };
}

function whole(bytes: WholeBytes): OpenedBytes {
  return { source: Promise.resolve(withBytes(bytes)), available: (start, end) => bytes.read(start, end) };
}

/** A block at a time: then there is something to tell of a slow server. */
function ranged(bytes: RangedBytes): OpenedBytes {
  const blockEnd = (start: number): number => (Math.floor(start / BLOCK_BYTES) + 1) * BLOCK_BYTES;
  return {
    source: Promise.resolve(withBytes(bytes)),
    available: (start, end) => bytes.read(start, Math.min(end, blockEnd(start))),
  };
}

function withBytes(source: ByteSource): ByteSource {
  if (source.byteLength === 0) throw mediaFault("broken", "the file is empty, it has 0 bytes");
  return source;
}

/** Parts of a file whose length its server keeps to itself are of no use. */
async function restart(url: string, response: Response): Promise<Response> {
  await response.body?.cancel();
  const again: Response = await ask(url, null);
  if (!again.ok) throw refusalOf(url, again);
  return again;
}
