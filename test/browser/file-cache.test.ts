import { writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchBrowser } from "../../src/browser/launch.ts";
import { navigate } from "../../src/browser/load-page.ts";
import type { Browser } from "../../src/core/browser.ts";
import { serveFolder } from "../../src/node/file-server.ts";
import { closeServer, portOf } from "../../src/node/loopback-server.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { unchecked } from "../support/unchecked.ts";

const BYTES = 3_000_000;

let folder: Scratch;
let server: Server;
let browser: Browser;
/** Statuses of what was answered for media. */
const answered: number[] = [];

beforeAll(async () => {
  folder = await scratch();
  await folder.page("<!doctype html>");
  server = await serveFolder(folder.folder);
  server.on("request", ({ url }, response) => {
    response.once("close", () => url?.endsWith(".webm") === true && answered.push(response.statusCode));
  });
  browser = await launchBrowser({ flags: [] });
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await closeServer(server);
  await folder[Symbol.asyncDispose]();
});

/** The length and the first byte of a file as a page of its own loads it. */
async function load(name: string, headers: Readonly<Record<string, string>>): Promise<readonly [number, number]> {
  await using page = await browser.newPage({ width: 100, height: 100 });
  await navigate(page, `http://127.0.0.1:${portOf(server)}/page.html`);
  return await page.evaluate(
    `(async () => {
    const response = await fetch(${JSON.stringify(name)}, { headers: ${JSON.stringify(headers)} });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return [bytes.length, bytes[0]];
  })()`,
    unchecked<readonly [number, number]>(),
  );
}

it.each([
  ["a whole file", {}, 200, BYTES],
  ["a piece of a file", { range: "bytes=0-1999999" }, 206, 2_000_000],
])("the second page of a job does not load %s again, unless it has changed", async (_, headers, status, byteLength) => {
  const file = `${status}.webm`;
  await writeFile(folder.path(file), new Uint8Array(BYTES).fill(1));
  answered.length = 0;
  expect([await load(file, headers), await load(file, headers)]).toEqual([
    [byteLength, 1],
    [byteLength, 1],
  ]);
  await writeFile(folder.path(file), new Uint8Array(BYTES).fill(2));
  expect(await load(file, headers)).toEqual([byteLength, 2]);
  await expect.poll(() => answered).toEqual([status, 304, status]);
});
