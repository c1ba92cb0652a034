import { mkdir, symlink, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { request } from "node:http";
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
  address = await openPageAddress(folder.path("page"));
});

afterAll(async () => {
  await address[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** The status of a path that is sent as it is written: `fetch` would tidy it. */
function statusOf(path: string, host = "127.0.0.1", headers: Readonly<Record<string, string>> = {}): Promise<number | string> {
  return new Promise((resolve) => {
    request({ host, port: new URL(address.url).port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", (fault: NodeJS.ErrnoException) => resolve(fault.code ?? "unknown"))
      .end();
  });
}

describe("the file server", () => {
  it("takes a folder for its index.html, and serves it as HTML", async () => {
    expect(address.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/index\.html$/);
    const response = await fetch(address.url);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await response.text()).toBe("<!doctype html>hello");
  });

  it("answers byte ranges, as a seek in a video asks for", async () => {
    const response = await fetch(new URL("clip.webm", address.url), { headers: { range: "bytes=300-309" } });
    expect([response.status, response.headers.get("content-range")]).toEqual([206, "bytes 300-309/1000"]);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([...clip.subarray(300, 310)]);
    const beyond = await fetch(new URL("clip.webm", address.url), { headers: { range: "bytes=2000-" } });
    expect(beyond.status).toBe(416);
    await beyond.arrayBuffer();
  });

  it("lets browsers keep what they have, as long as the file is the same", async () => {
    const path: string = folder.path("page/changing.webm");
    await writeFile(path, clip);
    const ask = (headers: Record<string, string> = {}): Promise<Response> => fetch(new URL("changing.webm", address.url), { headers });
    const first = await ask();
    await first.arrayBuffer();
    const etag: string = first.headers.get("etag")!;
    // A weak one would not do for pieces of a file.
    expect([etag.startsWith('"'), first.headers.get("cache-control")]).toEqual([true, "no-cache"]);
    // Not by `fetch`, which asks servers for a new copy wherever it is given such a header.
    const statusFor = (known: string): Promise<number | string> => statusOf("/changing.webm", "127.0.0.1", { "if-none-match": known });
    expect([await statusFor(etag), await statusFor('"another"')]).toEqual([304, 200]);
    const piece = await ask({ range: "bytes=0-9", "if-range": etag });
    expect([piece.status, (await piece.arrayBuffer()).byteLength]).toEqual([206, 10]);
    // As long as before, and perhaps within the same second.
    await writeFile(path, clip.toReversed());
    expect(await statusFor(etag)).toBe(200);
    const changed = await ask({ range: "bytes=0-9", "if-range": etag });
    expect([changed.status, (await changed.arrayBuffer()).byteLength]).toEqual([200, clip.length]);
  });

  it("finds files by any name", async () => {
    const response = await fetch(new URL(encodeURIComponent("ein Bild, 100 % 中 #1?.txt"), address.url));
    expect([response.status, await response.text()]).toEqual([200, "odd name"]);
  });

  it.each(["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/page/../../secret.txt", "/missing.html", "/%00", "/%zz"])(
    "gives nothing for %s",
    async (path) => {
      expect([400, 403, 404]).toContain(await statusOf(path));
    },
  );

  it("does not follow a link that leads out of the folder", async () => {
    expect(await statusOf("/link.txt")).toBe(403);
  });

  it("is reached from this host alone", async () => {
    const others: string[] = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).filter(({ internal, family }) => !internal && family === "IPv4").map(({ address: ip }) => ip),
    );
    for (const ip of others) expect(await statusOf("/index.html", ip)).toBe("ECONNREFUSED");
    expect(await statusOf("/index.html")).toBe(200);
  });

  it("answers to its own name alone, as a name that somebody else made for this host would let his page read the files", async () => {
    const { host, port } = new URL(address.url);
    expect(await statusOf("/index.html", "127.0.0.1", { host })).toBe(200);
    for (const name of [`rebound.example:${port}`, `localhost:${port}`, "127.0.0.1", `127.0.0.1:${Number(port) + 1}`])
      expect(await statusOf("/index.html", "127.0.0.1", { host: name })).toBe(403);
  });

  it("is closed with its address", async () => {
    const short: PageAddress = await openPageAddress(folder.path("page/index.html"));
    await short[Symbol.asyncDispose]();
    await expect(fetch(short.url)).rejects.toThrow();
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
