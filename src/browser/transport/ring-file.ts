import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserPage } from "../../core/browser.ts";
import type { PixelTransport, TransportRequest, TransportSession } from "../../core/transport.ts";
import type { SenderConfig } from "../messages.ts";
import { ORIGIN_STORAGE_BYTES } from "../page-storage.ts";
import { probeTransport } from "./probe.ts";

/**
 * Slots in one file of the page's private file system. With a profile on disk that is an ordinary file below it, which
 * the host finds by its length and by the nonce behind the last slot (see docs/decisions/0003).
 */
export function ringFile(): PixelTransport {
  return {
    contract: 1,
    name: "ring-file",
    async probe(browser, page) {
      if (browser.profileFolder === null) return { ok: false, reasons: ["the browser's profile is not on this host"] };
      return probeTransport({ browser, page }, openRing);
    },
    open: openRing,
  };
}

async function openRing({ browser, page, slotBytes, slots }: TransportRequest): Promise<TransportSession> {
  const nonce = `framewright-ring-${crypto.randomUUID()}`;
  const config: SenderConfig = { kind: "ring-file", nonce, slotBytes, slots };
  await makeRoom(browser, page, slotBytes * slots + nonce.length);
  await page.run(`__framewright.openSender(${JSON.stringify(config)})`);
  const file: FileHandle = await findRing(browser.profileFolder!, nonce, slotBytes * slots);
  const close = async (): Promise<void> => {
    await file.close().catch(() => {});
  };
  return {
    async take(slot, target) {
      let done = 0;
      while (done < slotBytes) {
        const { bytesRead } = await file.read(target, done, slotBytes - done, slot * slotBytes + done);
        if (bytesRead === 0) throw new Error(`The ring file ends ${slotBytes - done} bytes before the end of slot ${slot}`);
        done += bytesRead;
      }
    },
    // What lies in the file is written over.
    async drop() {},
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Bytes of the rings that were made in a browser: they stay until its profile is removed. */
const ringBytesIn = new WeakMap<Browser, number>();

/** The file counts as one of the page's origin, whose storage is limited. The larger limit ends with the page. */
async function makeRoom(browser: Browser, page: BrowserPage, ringBytes: number): Promise<void> {
  const bytes: number = (ringBytesIn.get(browser) ?? 0) + ringBytes;
  ringBytesIn.set(browser, bytes);
  // The browser's word, not the page's.
  const { frameTree } = await page.send<{ frameTree: { frame: { securityOrigin: string } } }>("Page.getFrameTree");
  await page.send("Storage.overrideQuotaForOrigin", { origin: frameTree.frame.securityOrigin, quotaSize: ORIGIN_STORAGE_BYTES + bytes });
}

async function findRing(profileFolder: string, nonce: string, ringBytes: number): Promise<FileHandle> {
  const root: string = join(profileFolder, "Default", "File System");
  for (const name of await readdir(root, { recursive: true })) {
    const path: string = join(root, name);
    // Files of the browser come and go while we look.
    const facts = await stat(path).catch(() => null);
    if (facts === null || !facts.isFile() || facts.size !== ringBytes + nonce.length) continue;
    const file: FileHandle = await open(path, "r");
    const tail = new Uint8Array(nonce.length);
    await file.read(tail, 0, tail.length, ringBytes);
    if (new TextDecoder().decode(tail) === nonce) return file;
    await file.close();
  }
  throw new Error(`The ring file was not found below "${root}"`);
}
