import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { hostResolver } from "../../src/browser/resolve-host.ts";
import { fetchDocument, type RemoteDocumentOptions } from "../../src/node/remote-document.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function failure(page: string, options: RemoteDocumentOptions = {}): Promise<unknown> {
  return fetchDocument(page, options).then(
    () => "it was fetched",
    (thrown: unknown) => thrown,
  );
}

describe("the document of a page", () => {
  it.each(["identity", "gzip"])("is fetched and decompressed: %s", async (encoding) => {
    const text = "<!doctype html>hello";
    const page: string = await serve((_, response) =>
      response
        .writeHead(200, { "content-type": "text/html", "content-encoding": encoding })
        .end(encoding === "gzip" ? gzipSync(text) : text),
    );
    const { url, type, bytes } = await fetchDocument(page);
    expect([url.href, type, Buffer.from(bytes).toString()]).toEqual([page, "text/html", text]);
  });

  it("is refused where a small answer stands for a huge one", async () => {
    const bomb: Buffer = gzipSync(Buffer.alloc(100 * 1024 * 1024));
    const page: string = await serve((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb));
    expect(await failure(page)).toMatchObject({ code: "page-unreachable", details: { why: "its document is larger than 67108864 bytes" } });
  });

  it("is refused where it never ends", async () => {
    const page: string = await serve((_, response) => {
      const send = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", send);
      send();
    });
    expect(await failure(page, { mostBytes: 1_000_000 })).toMatchObject({ details: { why: "its document is larger than 1000000 bytes" } });
  });

  it.each([
    ["no answer", () => {}],
    ["one byte at a time", (response) => void response.write("x")],
  ] satisfies [string, (response: Parameters<RequestListener>[1]) => void][])(
    "is refused where its server is too slow: %s",
    async (_, answer) => {
      const page: string = await serve((_, response) => answer(response));
      expect(await failure(page, { rateWindowMs: 300 })).toMatchObject({ code: "page-unreachable" });
    },
  );

  it("is not waited for when the job is stopped", async () => {
    const stop = new AbortController();
    const page: string = await serve(() => stop.abort(new Error("enough")));
    expect(await failure(page, { signal: stop.signal })).toMatchObject({ code: "aborted" });
  });

  it.each([
    ["breaks off", (response) => response.writeHead(200, { "content-length": 100 }).write("x", () => response.destroy())],
    [
      "breaks off in the middle of gzip",
      (response) => response.writeHead(200, { "content-encoding": "gzip" }).write(gzipSync("x").subarray(0, 12), () => response.destroy()),
    ],
    ["is no gzip", (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("plain")],
    ["has an unknown compression", (response) => response.writeHead(200, { "content-encoding": "zap" }).end("x")],
    ["is missing", (response) => response.writeHead(404).end()],
    ["redirects to nowhere", (response) => response.writeHead(302, { location: "http://[" }).end()],
  ] satisfies [string, (response: Parameters<RequestListener>[1]) => unknown][])("is refused where it %s", async (_, answer) => {
    const page: string = await serve((_, response) => void answer(response));
    expect(await failure(page)).toMatchObject({ code: "page-unreachable" });
  });
});

describe("a name of a page", () => {
  it.each(["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])("is refused where it leads to %s", async (address) => {
    const page = "http://evil.example.com/";
    expect(await failure(page, { resolve: hostResolver(async () => [address]) })).toMatchObject({
      code: "page-unreachable",
      message: expect.stringContaining(`leads to ${address}, which is no public address`) as string,
    });
  });

  it("is looked up once, and its server asked at that address, under its name", async () => {
    const asked: string[] = [];
    const page: string = await serve(({ url, headers }, response) => {
      asked.push(`${headers.host}${url}`);
      response.writeHead(url === "/" ? 302 : 200, { location: "/moved" }).end();
    });
    const { port } = new URL(page);
    const looked: string[] = [];
    const resolve = hostResolver(async (name) => (looked.push(name), ["127.0.0.1"]));
    await fetchDocument(`http://localhost:${port}/`, { resolve });
    expect([looked, asked]).toEqual([["localhost"], [`localhost:${port}/`, `localhost:${port}/moved`]]);
  });
});
