import type { ByteSource } from "./byte-source.ts";
import { nameOfDataAddress } from "./data-address.ts";
import { openMediaFile, type MediaFile } from "./media-file.ts";
import { openBytes, type OpenedBytes } from "./open-bytes.ts";

/** The files of this window's media. Each is opened once, whoever reads it, and stays open as long as its page. */
const bytes = new Map<string, Promise<OpenedBytes>>();
const files = new Map<string, Promise<MediaFile>>();
/** Where the bytes of a source lie. */
const addresses = new Map<string, string>();

/** The name of a file in messages and keys: its absolute address without what addresses a part of it. */
export function sourceNameOf(url: string): string {
  const { href }: URL = new URL(url, globalThis.document.baseURI);
  const address: string = href.replace(/#.*$/s, "");
  const source: string = /^data:/i.test(address) ? nameOfDataAddress(address) : address;
  addresses.set(source, address);
  return source;
}

/** Bytes of a source that was named before, or of an address, for a reader that goes through it once: see `OpenedBytes`. */
export async function availableBytes(source: string, start: number, end: number): Promise<Uint8Array> {
  return (await openedBytes(source)).available(start, end);
}

function openedBytes(source: string): Promise<OpenedBytes> {
  return once(bytes, source, async () => {
    const opened: OpenedBytes = await openBytes(addresses.get(source) ?? source);
    // One that broke off is asked for again.
    opened.source.catch(() => bytes.delete(source));
    return opened;
  });
}

async function sourceOf(source: string): Promise<ByteSource> {
  return (await openedBytes(source)).source;
}

/** Rejects with a `MediaFault`. */
export function openedFile(url: string): Promise<MediaFile> {
  return openedSource(sourceNameOf(url));
}

/** The file of a source that was named before. Rejects with a `MediaFault`. */
export function openedSource(source: string): Promise<MediaFile> {
  return once(files, source, async () => openMediaFile(await sourceOf(source)));
}

/** What was asked for before, or is made now. What failed is tried anew when it is asked for again. */
export function once<Value>(made: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const known: Promise<Value> | undefined = made.get(key);
  if (known) return known;
  const value: Promise<Value> = make();
  made.set(key, value);
  value.catch(() => made.delete(key));
  return value;
}
