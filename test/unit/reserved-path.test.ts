import { describe, expect, it } from "vitest";
import { RESERVED_PATH } from "../../src/browser/messages.ts";
import { serveReservedPath } from "../../src/browser/reserved-path.ts";
import type { BrowserPage, CdpParams } from "../../src/core/browser.ts";

interface Sent {
  readonly method: string;
  readonly params: CdpParams;
}

/** What a page is sent when a request is paused; `read` gives the pieces of a body. */
async function answersTo(paused: object, read: () => object = () => ({ data: "", eof: true })): Promise<Sent[]> {
  const sent: Sent[] = [];
  let onEnd: () => void = () => {};
  const end = new Promise<void>((resolve) => {
    onEnd = resolve;
  });
  let pause: (paused: object) => void = () => {};
  const page = {
    on: (_: string, listener: (paused: object) => void) => {
      pause = listener;
      return () => {};
    },
    send: async (method: string, params: CdpParams = {}) => {
      sent.push({ method, params });
      if (/^Fetch\.(fulfill|fail|continue)/.test(method)) onEnd();
      return method === "Fetch.takeResponseBodyAsStream" ? { stream: "1" } : method === "IO.read" ? read() : {};
    },
  } as unknown as BrowserPage;
  await serveReservedPath(page, { "shell.html": "<!doctype html>shell" });
  sent.length = 0;
  pause(paused);
  await end;
  return sent;
}

const forbidding = {
  requestId: "1",
  request: { url: "http://a/" },
  responseStatusCode: 200,
  responseHeaders: [{ name: "X-Frame-Options", value: "DENY" }],
};

describe("a paused request", () => {
  it("below the reserved path is answered from memory", async () => {
    expect(await answersTo({ requestId: "1", request: { url: `http://a${RESERVED_PATH}shell.html` } })).toMatchObject([
      { method: "Fetch.fulfillRequest", params: { responseCode: 200 } },
    ]);
  });

  it.each(["constructor", "__proto__", "missing.html", ""])("for no document of ours is answered with 404: %s", async (name) => {
    expect(await answersTo({ requestId: "1", request: { url: `http://a${RESERVED_PATH}${name}` } })).toMatchObject([
      { method: "Fetch.fulfillRequest", params: { responseCode: 404 } },
    ]);
  });

  it("that has the reserved path elsewhere goes on", async () => {
    expect(await answersTo({ requestId: "1", request: { url: `http://a/b?${RESERVED_PATH}shell.html` } })).toMatchObject([
      { method: "Fetch.continueRequest" },
    ]);
  });

  it.each([{ url: "http://[" }, { url: 3 }, undefined])("with an address that is none is refused: %j", async (request) => {
    expect(await answersTo({ requestId: "1", request })).toMatchObject([{ method: "Fetch.failRequest", params: { requestId: "1" } }]);
  });

  it("with a body of 600 MB is refused before that is in memory", async () => {
    let reads = 0;
    const piece: string = Buffer.alloc(1024 * 1024).toString("base64");
    const sent = await answersTo(forbidding, () => (reads++, { data: piece, base64Encoded: true, eof: reads === 600 }));
    expect(sent.at(-1)).toMatchObject({ method: "Fetch.failRequest" });
    expect(reads).toBe(65);
    expect(sent.map(({ method }) => method)).toContain("IO.close");
  });
});

it.each([
  ["frame-ancestors 'none'", null],
  ["img-src 'self'; frame-ancestors 'none'", "img-src 'self'"],
  ["img-src 'self', frame-ancestors 'none'", "img-src 'self'"],
  ["frame-ancestors 'none', default-src 'none'; img-src *", " default-src 'none'; img-src *"],
])("a policy keeps all but what forbids framing: %s", async (value, kept) => {
  const headers = [{ name: "Content-Security-Policy", value }];
  const sent: Sent[] = await answersTo({ ...forbidding, responseHeaders: headers });
  const { params } = sent.find(({ method }) => method === "Fetch.fulfillRequest")!;
  expect(params["responseHeaders"]).toEqual(kept === null ? [] : [{ name: "Content-Security-Policy", value: kept }]);
});
