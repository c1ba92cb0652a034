import type { ByteSource } from "./byte-source.ts";
import { bytesOfDataAddress } from "./data-address.ts";
import { mediaFault } from "./media-fault.ts";
import { ownFunctions } from "./own-functions.ts";
import { ask, bodyPieces, BLOCK_BYTES, RangedBytes, refusalOf, totalBytes } from "./ranged-bytes.ts";

/** A file without ranges comes as a whole, in blobs of so many bytes, which the browser keeps outside the page. */
const PIECE_BYTES = 4 << 20;

/** Finds the bytes behind an address. Rejects with a `MediaFault`. */
export async function openBytes(url: string): Promise<ByteSource> {
  const source: ByteSource = await sourceOf(url);
  if (source.byteLength === 0) throw mediaFault("broken", "the file is empty, it has 0 bytes");
  return source;
}

async function sourceOf(url: string): Promise<ByteSource> {
  if (/^data:/i.test(url)) return new WholeBytes(new Blob([bytesOfDataAddress(url)]));
  const response: Response = await ask(url, { start: 0, end: BLOCK_BYTES });
  // The range begins behind the end of what has no bytes.
  if (response.status === 416) return new WholeBytes(new Blob([]));
  if (!response.ok) throw refusalOf(url, response);
  const byteLength: number | null = response.status === 206 ? await totalBytes(url, response) : null;
  if (byteLength !== null) return RangedBytes.after(response, url, byteLength);
  return new WholeBytes(await wholeBody(url, response.status === 206 ? await restart(url, response) : response));
}

/** Parts of a file whose length its server keeps to itself are of no use. */
async function restart(url: string, response: Response): Promise<Response> {
  await response.body?.cancel();
  return ask(url, null);
}

async function wholeBody(url: string, response: Response): Promise<Blob> {
  if (!response.ok) throw refusalOf(url, response);
  const blobs: Blob[] = [];
  let [pieces, byteLength]: [Uint8Array<ArrayBuffer>[], number] = [[], 0];
  for await (const piece of bodyPieces(response)) {
    pieces.push(piece);
    byteLength += piece.length;
    if (byteLength < PIECE_BYTES) continue;
    blobs.push(new Blob(pieces));
    [pieces, byteLength] = [[], 0];
  }
  return new Blob([...blobs, ...pieces]);
}

/** What has come as a whole. */
class WholeBytes implements ByteSource {
  readonly #blob: Blob;

  constructor(blob: Blob) {
    this.#blob = blob;
  }

  get byteLength(): number {
    return this.#blob.size;
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    return new Uint8Array(await ownFunctions().bytesOf(this.#blob.slice(start, end)));
  }
}
