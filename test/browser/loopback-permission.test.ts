import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../../src/browser/launch.ts";
import { openOwnDocument } from "../../src/browser/own-page.ts";
import type { Browser, BrowserPage } from "../../src/core/browser.ts";
import { openPictureServer } from "../../src/node/picture-server.ts";
import type { PictureServer } from "../../src/injectors/url.ts";
import { unchecked } from "../support/unchecked.ts";

let browser: Browser;
let server: PictureServer;

beforeAll(async () => {
  browser = await launchBrowser({ flags: [] });
  server = await openPictureServer();
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

async function openAdmitted(): Promise<BrowserPage> {
  const page: BrowserPage = await browser.newPage({ width: 320, height: 240 });
  await openOwnDocument(page);
  await browser.admit(server.port, page);
  return page;
}

function fetchPicture(page: BrowserPage): Promise<number> {
  const url: string = server.offer({ type: "image/png", data: new Uint8Array(8), start: 0, end: 1 });
  return page.evaluate(`fetch(${JSON.stringify(url)}, { credentials: "omit" }).then(({ status }) => status)`, unchecked<number>());
}

test("a page that may reach a server of ours still may when another that may has closed", async () => {
  const [first, second] = [await openAdmitted(), await openAdmitted()];
  expect(await fetchPicture(second)).toBe(200);
  await first.close();
  expect(await fetchPicture(second)).toBe(200);
  await second.close();
});
