import { mkdir, symlink, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPageAddress } from "../../src/node/file-server.ts";
import type { PageAddress } from "../../src/core/host.ts";
import { scratch, type Scratch } from "../support/render.ts";

let folder: Scratch;
let address: PageAddress;
const clip: Uint8Array = Uint8Array.from({ length: 1000 }, (_, at) => at % 256);

beforeAll(async () => {
  folder = await scratch();
  await mkdir(folder.path("page"));
  await writeFile(folder.path("secret.txt"), "not yours");
  await writeFile(folder.path("page/index.html"), "<!doctype html>hello");
  await writeFile(folder.path("page/clip.webm"), clip);
  await writeFile(folder.path("page/ein Bild, 100 % 中 #1?.txt"), "odd name");
  await symlink(folder.path("secret.txt"), folder.path("page/link.txt"));
  await mkdir(folder.path("page/.git"));
  await writeFile(folder.path("page/.git/config"), "token");
  await writeFile(folder.path("page/.env"), "token");
  await symlink(folder.path("page/.git/config"), folder.path("page/shown.txt"));
  address = await openPageAddress(folder.path("page"));
});

afterAll(async () => {
  await address[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a path gives that is sent as it is written: `fetch` would tidy it, and does not know the names of servers of ours. */
function ask(path: string, headers: Readonly<Record<string, string>> = {}, at: string = address.url): Promise<Answer> {
  const { host, port } = new URL(at);
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, headers: { host, ...headers } }, async (response: IncomingMessage) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part as Buffer);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
    })
      .on("error", reject)
      .end();
  });
}

function statusOf(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number | string> {
  return ask(path, headers).then(
    ({ status }) => status,
    (fault: NodeJS.ErrnoException) => fault.code ?? "unknown",
  );
}

describe("the file server", () => {
  it("takes a folder for its index.html, and serves it as HTML", async () => {
    expect(address.url).toMatch(/^http:\/\/fw-[\da-f]{24}\.localhost:\d+\/index\.html$/);
    const { status, headers, body } = await ask("/index.html");
    expect([status, headers["content-type"], body.toString()]).toEqual([200, "text/html; charset=utf-8", "<!doctype html>hello"]);
    expect(headers).toMatchObject({ "cross-origin-resource-policy": "same-origin", "referrer-policy": "same-origin" });
  });

  it("answers byte ranges, as a seek in a video asks for", async () => {
    const { status, headers, body } = await ask("/clip.webm", { range: "bytes=300-309" });
    expect([status, headers["content-range"]]).toEqual([206, "bytes 300-309/1000"]);
    expect([...body]).toEqual([...clip.subarray(300, 310)]);
    expect(await statusOf("/clip.webm", { range: "bytes=2000-" })).toBe(416);
  });

  it("lets browsers keep what they have, as long as the file is the same", async () => {
    const path: string = folder.path("page/changing.webm");
    await writeFile(path, clip);
    const { headers } = await ask("/changing.webm");
    const etag: string = headers.etag!;
    // A weak one would not do for pieces of a file.
    expect([etag.startsWith('"'), headers["cache-control"]]).toEqual([true, "no-cache"]);
    const statusFor = (known: string): Promise<number | string> => statusOf("/changing.webm", { "if-none-match": known });
    expect([await statusFor(etag), await statusFor('"another"')]).toEqual([304, 200]);
    const piece = await ask("/changing.webm", { range: "bytes=0-9", "if-range": etag });
    expect([piece.status, piece.body.byteLength]).toEqual([206, 10]);
    // As long as before, and perhaps within the same second.
    await writeFile(path, clip.toReversed());
    expect(await statusFor(etag)).toBe(200);
    const changed = await ask("/changing.webm", { range: "bytes=0-9", "if-range": etag });
    expect([changed.status, changed.body.byteLength]).toEqual([200, clip.length]);
  });

  it("finds files by any name", async () => {
    const { status, body } = await ask(`/${encodeURIComponent("ein Bild, 100 % 中 #1?.txt")}`);
    expect([status, body.toString()]).toEqual([200, "odd name"]);
  });

  it.each([
    ...["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/page/../../secret.txt", "/missing.html"],
    ...["/%00", "/%zz", "//", "//secret.txt", "/link.txt", "/../nothing.txt", "http://[", "*", "/index.html/x"],
  ])("answers 404 without a word for %s: missing and outside are the same", async (path) => {
    const { status, body, headers } = await ask(path);
    expect([status, body.byteLength]).toEqual([404, 0]);
    expect(JSON.stringify(headers)).not.toContain(folder.folder);
  });

  it.each(["/.env", "/.git/config", "/.git", "/shown.txt", "/%2eenv", "/x/../.env"])("keeps hidden files to itself: %s", async (path) => {
    expect(await statusOf(path)).toBe(404);
  });

  it("serves a page below a hidden folder that the job names, and what lies beside it, but not its hidden files", async () => {
    await mkdir(folder.path("page/.out/.git"), { recursive: true });
    for (const name of ["index.html", "beside.js", ".env", ".git/config"]) await writeFile(folder.path(`page/.out/${name}`), name);
    await using nested = await openPageAddress(folder.path("page/.out"), { root: folder.path("page") });
    const statusAt = async (path: string): Promise<number> => (await ask(path, {}, nested.url)).status;
    expect([await statusAt("/.out/index.html"), await statusAt("/.out/beside.js"), await statusAt("/clip.webm")]).toEqual([200, 200, 200]);
    for (const path of ["/.out/.env", "/.out/.git/config", "/.env", "/.git/config"]) expect(await statusAt(path)).toBe(404);
  });

  it("is reached from this host alone", async () => {
    const others: string[] = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).filter(({ internal, family }) => !internal && family === "IPv4").map(({ address: ip }) => ip),
    );
    const { port } = new URL(address.url);
    for (const ip of others) await expect(fetch(`http://${ip}:${port}/index.html`)).rejects.toThrow();
    expect(await statusOf("/index.html")).toBe(200);
  });

  it("answers to whoever knows its name alone: no other user of this machine does, nor a site whose name leads here", async () => {
    const { host, port } = new URL(address.url);
    expect(await statusOf("/index.html", { host })).toBe(200);
    for (const name of [`rebound.example:${port}`, `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, host.split(":")[0]!]) {
      const { status, body } = await ask("/index.html", { host: name });
      expect([status, body.byteLength]).toEqual([403, 0]);
    }
  });

  it("has both loopback addresses of its port, as browsers try the one of IPv6 first", async ({ skip }) => {
    const hasIpv6: boolean = Object.values(networkInterfaces()).some((list) => list?.some(({ address: ip }) => ip === "::1"));
    skip(!hasIpv6, "this machine has no IPv6");
    const other = createServer();
    const taken = new Promise((resolve) => other.once("error", (fault: NodeJS.ErrnoException) => resolve(fault.code)));
    other.listen(Number(new URL(address.url).port), "::1");
    expect(await taken).toBe("EADDRINUSE");
  });

  it.each([
    "\u0000\r\n\r\n",
    "GET\r\n\r\n",
    "GET http://[ HTTP/1.1\r\n\r\n",
    `GET / HTTP/1.1\r\nX: ${"y".repeat(100_000)}\r\n\r\n`,
    "CONNECT a:1 HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  ])("goes on after what is no request: %j", async (bytes) => {
    const socket = connect(Number(new URL(address.url).port), "127.0.0.1", () => socket.write(bytes));
    socket.on("error", () => {}).resume();
    const ended = new Promise((resolve) => socket.once("close", resolve));
    socket.setTimeout(2_000, () => socket.destroy());
    await ended;
    expect(await statusOf("/index.html")).toBe(200);
  });

  it("is closed with its address", async () => {
    const short: PageAddress = await openPageAddress(folder.path("page/index.html"));
    await short[Symbol.asyncDispose]();
    await expect(ask("/index.html", {}, short.url)).rejects.toThrow();
  });

  it.each(["ftp://example.test/", "file:///etc/passwd", "/nowhere/page.html", ""])("refuses %s for a page", async (page) => {
    await expect(openPageAddress(page)).rejects.toMatchObject({ code: "page-not-found" });
  });

  it("says that a path is wanted where a file:// URL is given", async () => {
    await expect(openPageAddress("file:///srv/my%20page.html")).rejects.toThrow("Give the path instead: /srv/my page.html");
  });

  it("refuses a page outside the root that was given", async () => {
    await expect(openPageAddress(folder.path("secret.txt"), { root: folder.path("page") })).rejects.toMatchObject({
      code: "page-not-found",
    });
  });
});
