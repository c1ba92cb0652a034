import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { launchBrowser } from "../../src/browser/launch.ts";
import { ORIGIN_STORAGE_BYTES, PROFILE_BYTES, watchProfile } from "../../src/browser/page-storage.ts";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { openShell } from "../../src/capture/shell.ts";
import type { Browser, BrowserPage } from "../../src/core/browser.ts";
import { defaultComposition } from "../../src/core/capture.ts";
import type { RenderError } from "../../src/core/errors.ts";
import { serveLoopback, html, type LoopbackServer } from "../support/loopback.ts";
import { scratch } from "../support/render.ts";
import { unchecked } from "../support/unchecked.ts";

const size = { width: 64, height: 64 } as const;
const PIECE: number = 16 * 1024 * 1024;
/** Three times what an origin may store. */
const MOST: number = 3 * ORIGIN_STORAGE_BYTES;

/** Ways to store until it is refused: each gives the name of the error and how many bytes were written. */
const ways = `
const most = ${MOST}, piece = new Uint8Array(${PIECE});
const ways = {
  async file() {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle(String(Math.random()), { create: true })).createWritable();
    let bytes = 0;
    try { for (; bytes < most; bytes += piece.length) await file.write(piece); return ["nothing", bytes]; } catch (fault) { return [fault.name, bytes]; } finally { await file.abort().catch(() => {}); }
  },
  async cache() {
    const cache = await caches.open("all");
    let bytes = 0;
    try { for (; bytes < most; bytes += piece.length) await cache.put("/" + bytes, new Response(piece)); return ["nothing", bytes]; } catch (fault) { return [fault.name, bytes]; } finally { await caches.delete("all"); }
  },
  worker: () => new Promise((resolve) => {
    const code = "onmessage = async ({ data: [most, length] }) => { let bytes = 0; try { const root = await navigator.storage.getDirectory(); const file = await (await root.getFileHandle('sync', { create: true })).createSyncAccessHandle(); const piece = new Uint8Array(length); try { for (; bytes < most; bytes += length) file.write(piece, { at: bytes }); } finally { file.truncate(0); file.close(); } postMessage(['nothing', bytes]); } catch (fault) { postMessage([fault.name, bytes]); } }";
    const worker = new Worker(URL.createObjectURL(new Blob([code])));
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage([most, piece.length]);
  }),
};`;

let server: LoopbackServer;
let browser: Browser;
const urlOf = (host: string): string => `http://${host}:${server.port}/`;

beforeAll(async () => {
  server = await serveLoopback({
    "/": html("ours"),
    "/frame": html(
      `<script>${ways} onmessage = async ({ data }) => parent.postMessage(await ways[data](), "*"); parent.postMessage("ready", "*");</script>`,
    ),
  });
});
afterAll(() => server[Symbol.asyncDispose]());

// What one test stored would count in the next.
beforeEach(async () => {
  browser = await launchBrowser({ flags: [] });
});
afterEach(() => browser[Symbol.asyncDispose]());

async function pageAt(url: string): Promise<BrowserPage> {
  const page: BrowserPage = await browser.newPage(size);
  await page.send("Page.navigate", { url });
  await expect
    .poll(() =>
      page.evaluate("document.readyState === 'complete' && location.href !== 'about:blank'", unchecked<boolean>()).catch(() => false),
    )
    .toBe(true);
  return page;
}

function expectRefused([name, bytes]: [string, number]): void {
  expect(name).toBe("QuotaExceededError");
  expect(bytes).toBeLessThanOrEqual(ORIGIN_STORAGE_BYTES);
}

describe("what a page stores", () => {
  it.each(["file", "cache", "worker"])("is limited for its own origin, by %s", async (way) => {
    await using page = await pageAt(urlOf("127.0.0.1"));
    expectRefused(await page.evaluate(`(() => { ${ways} return ways.${way}(); })()`, unchecked<[string, number]>()));
  });

  it("is limited for a frame of another origin as well", async () => {
    await using page = await pageAt(urlOf("127.0.0.1"));
    const elsewhere: string = `${urlOf("localhost")}frame`;
    const answer = await page.evaluate(
      `new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.src = ${JSON.stringify(elsewhere)};
      onmessage = ({ data }) => data === "ready" ? frame.contentWindow.postMessage("file", "*") : resolve(data);
      document.body.append(frame);
    })`,
      unchecked<[string, number]>(),
    );
    expectRefused(answer);
  });

  it("leaves room for the file of a transport that is larger than the limit", async () => {
    await using page = await browser.newPage(size);
    const url: string = urlOf("127.0.0.1");
    await openShell(
      page,
      {
        url,
        size,
        frameRate: { numerator: 30, denominator: 1 },
        frameFormat: "RGBA",
        alpha: false,
        composition: defaultComposition,
        readinessTimeoutMs: 5_000,
      },
      "canvas",
    );
    await using transport = await ringFile().open({ browser, page, slotBytes: ORIGIN_STORAGE_BYTES / 2, slots: 4 });
    expect(transport).toBeDefined();
  });
});

describe("a profile that holds too much", () => {
  it("is told once, with the bytes that it holds, and not before", async () => {
    await using place = await scratch();
    const [onExcess, onAllowed] = [vi.fn<(fault: RenderError) => void>(), vi.fn<(fault: RenderError) => void>()];
    const allowing = watchProfile(place.folder, onAllowed, 1_000_000);
    const watch = watchProfile(place.folder, onExcess, 1_000_000);
    // Of a transport.
    allowing.allow(1_000_000);
    await writeFile(join(place.folder, "database"), new Uint8Array(1_500_000).fill(1));
    await expect.poll(() => onExcess.mock.calls.length).toBe(1);
    expect(onExcess.mock.calls[0]![0]).toMatchObject({ code: "limit-exceeded", details: { allowed: 1_000_000 } });
    expect(onAllowed).not.toHaveBeenCalled();
    await writeFile(join(place.folder, "cache"), new Uint8Array(1_000_000).fill(1));
    await expect.poll(() => onAllowed.mock.calls.length).toBe(1);
    expect(onExcess).toHaveBeenCalledOnce();
    for (const one of [watch, allowing]) one.stop();
  });

  it("ends the browser where nobody is told, and the fault reaches who asked for it", async () => {
    const faults: RenderError[] = [];
    const onFault = (fault: RenderError): void => void faults.push(fault);
    await using told = await launchBrowser({ flags: [], onFault });
    await using untold = await launchBrowser({ flags: [] });
    const page: BrowserPage = await untold.newPage(size);
    const lost: Promise<unknown> = page.lost.catch((thrown: unknown) => thrown);
    for (const { profileFolder } of [told, untold])
      await fill(join(profileFolder!, "filled"), PROFILE_BYTES + 4 * 4 * size.width * size.height + 1);
    expect(await lost).toMatchObject({ code: "browser-closed" });
    await expect.poll(() => faults.map(({ code }) => code)).toEqual(["limit-exceeded"]);
  });
});

async function fill(path: string, byteLength: number): Promise<void> {
  await using file = await open(path, "w");
  const piece = new Uint8Array(PIECE).fill(1);
  for (let at = 0; at < byteLength; at += PIECE) await file.write(piece);
}
