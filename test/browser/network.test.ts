import { lookup } from "node:dns/promises";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { WebSocketServer } from "ws";
import { launchBrowser } from "../../src/browser/launch.ts";
import { navigate } from "../../src/browser/load-page.ts";
import { linkMedia } from "../../src/browser/media-link.ts";
import { openNetworkGate } from "../../src/browser/network-gate.ts";
import { networkFlags } from "../../src/browser/network-policy.ts";
import { serveReservedPath } from "../../src/browser/reserved-path.ts";
import type { Browser, BrowserPage } from "../../src/core/browser.ts";
import type { PageAddress } from "../../src/core/host.ts";
import { isPublicAddress } from "../../src/core/ip-address.ts";
import type { MediaAnswers, PageLink } from "../../src/core/media-link.ts";
import { openMediaFiles, openPageAddress, render, type RenderJob, type RenderResult } from "../../src/node/index.ts";
import { codedCodecs, makeCodedVideo } from "../support/coded-videos.ts";
import { html, serveLoopback, type LoopbackServer } from "../support/loopback.ts";
import { launchByPlaywright } from "../support/plain-browser.ts";
import { pageAfter } from "../support/reaching-pages.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";
import { unchecked } from "../support/unchecked.ts";

const size = { width: 160, height: 90 } as const;

let folder: Scratch;
let film: Buffer;

beforeAll(async () => {
  folder = await scratch();
  await makeCodedVideo({ path: folder.path("film.mp4"), rate: "30", frames: 30, codec: codedCodecs.h264 });
  film = await readFile(folder.path("film.mp4"));
});

afterAll(() => folder[Symbol.asyncDispose]());

function renderPage(page: string, job: Partial<RenderJob> = {}): Promise<RenderResult> {
  const parts = { capture: "screenshot", encoder: "ffmpeg-pipe" };
  return render({ page, output: folder.path("video.mp4"), ...size, frameRate: 20, ...parts, ...job });
}

function askedFor(result: RenderResult): string[] {
  return result.warnings.filter((warning) => warning.startsWith("The page asked for")).sort();
}

interface AnyServer extends AsyncDisposable {
  readonly origin: string;
  readonly asked: readonly string[];
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<AnyServer> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("a name that leads to this machine", () => {
  /** A name that the system's resolver knows, as one in the DNS would be. */
  const name: string = hostname().toLowerCase();
  let address: string | null = null;
  let other: LoopbackServer;

  beforeAll(async () => {
    address = await lookup(name).then(
      (found) => found.address,
      () => null,
    );
    other = await serveLoopback({ "/": html(""), "/page": html(pageAfter("0")) }, address ?? "127.0.0.1");
  });
  afterAll(() => other[Symbol.asyncDispose]());

  const unusable = (): boolean => address === null || isPublicAddress(address);
  const why = "this machine's name leads to no address of its own";

  test("is refused though a list has it, and the warning says where it leads", async ({ skip }) => {
    skip(unusable(), why);
    const target = `http://${name}:${other.port}`;
    const page: string = await folder.page(
      pageAfter(
        `Promise.allSettled([fetch("${target}/plain", { mode: "no-cors" }), fetch("${target.replace("http", "https")}/tls", { mode: "no-cors" })])`,
      ),
    );
    other.asked.length = 0;
    const list: readonly string[] = [`${name}:${other.port}`];
    const result = await renderPage(page, { network: list });
    expect(other.asked).toEqual([]);
    const leads = `a name that leads to the address ${address} of this machine or its network, which network: ${JSON.stringify(list)} forbids`;
    expect(askedFor(result)).toEqual(["http", "https"].map((scheme) => `The page asked for ${scheme}://${name}:${other.port}, ${leads}`));
  });

  test("is refused as the page itself", async ({ skip }) => {
    skip(unusable(), why);
    other.asked.length = 0;
    for (const network of ["same-origin", "public", "none"] as const)
      await expect(renderPage(`http://${name}:${other.port}/page`, { network })).rejects.toMatchObject({ code: "page-unreachable" });
    expect(other.asked).toEqual([]);
    expect((await renderPage(`http://${name}:${other.port}/page`, { network: "all" })).frames).toBe(4);
  });

  test("is refused under public, with all addresses that are not public, but the page's own", async ({ skip }) => {
    skip(unusable(), why);
    const hosts: readonly string[] = [name, "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"];
    const fetches: string = hosts
      .map((host) => `fetch("http://${host}:${other.port}/", { mode: "no-cors" }).then(() => "reached", () => "refused")`)
      .join();
    const cloud = `fetch("http://169.254.169.254/latest", { mode: "no-cors" }).then(() => "reached", () => "refused")`;
    await using own = await serveLoopback({
      "/page": html(pageAfter(`Promise.all([fetch("/own").then(({ status }) => status), ${fetches}, ${cloud}]).then(report)`)),
    });
    other.asked.length = 0;
    const result = await renderPage(`http://127.0.0.1:${own.port}/page`, { network: "public" });
    expect(own.reports.at(-1)).toEqual([404, ...hosts.map(() => "refused"), "refused"]);
    expect(other.asked).toEqual([]);
    expect(askedFor(result)).toContain(
      'The page asked for http://169.254.169.254, a name that leads to the address 169.254.169.254 of this machine or its network, which network: "public" forbids',
    );
  });
});

describe("a name that is allowed", () => {
  test("is reached through the gate, which alone resolves it: documents, ranges, posted bodies, WebSockets", async () => {
    const server: Server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      response.setHeader("content-type", "text/html").end(`${request.headers.host} ${request.url} ${Buffer.concat(parts).toString()}`);
    });
    const sockets = new WebSocketServer({ server });
    sockets.on("connection", (socket) => socket.on("message", (message) => socket.send(`echo ${(message as Buffer).toString()}`)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const host = `cdn.example.com:${(server.address() as AddressInfo).port}`;
    const looked: string[] = [];
    await using gate = await openNetworkGate({
      rule: () => "any",
      resolve: async ({ hostname: name }) => (looked.push(name), ["127.0.0.1"]),
      onRefused: () => {},
    });
    const browser = await launchByPlaywright(networkFlags(["cdn.example.com"], "https://page.example", gate.port));
    try {
      const page: Page = await browser.newPage();
      await page.goto(`http://${host}/page`);
      const answers = await page.evaluate(`Promise.all([
        document.body.textContent,
        fetch("/posted", { method: "POST", body: "body" }).then((answer) => answer.text()),
        new Promise((resolve) => {
          const socket = new WebSocket("ws://" + location.host + "/socket");
          socket.onopen = () => socket.send("hello");
          socket.onmessage = ({ data }) => resolve(data);
        }),
      ])`);
      expect(answers).toEqual([`${host} /page `, `${host} /posted body`, "echo hello"]);
      expect(new Set(looked)).toEqual(new Set(["cdn.example.com"]));
    } finally {
      await browser.close();
      sockets.close();
      server.closeAllConnections();
      server.close();
    }
  });
});

describe("the server of a local page", () => {
  test("has a name that no command line shows", async () => {
    await using address: PageAddress = await openPageAddress(await folder.page("<!doctype html><title>here</title>"));
    const { origin, hostname: secret } = new URL(address.url);
    await using browser = await launchBrowser({ flags: [], treatAsSecure: origin, network: { access: "none", origin } });
    await using page = await browser.newPage(size);
    await navigate(page, address.url);
    expect(await page.evaluate("[document.title, isSecureContext]", unchecked())).toEqual(["here", true]);
    const lines: readonly string[] = readdirSync("/proc").flatMap((id) => {
      try {
        return /^\d+$/.test(id) ? [readFileSync(`/proc/${id}/cmdline`, "utf8")] : [];
      } catch {
        return [];
      }
    });
    expect(lines.some((line) => line.includes("--proxy-server"))).toBe(true);
    expect(lines.filter((line) => line.includes(secret))).toEqual([]);
  });

  test.each(["all", "none"] as const)("answers all that a page asks of its own files, with network %s", async (network) => {
    await folder.page("postMessage('worker')", "worker.js");
    await folder.page("onmessage = ({ source }) => source.postMessage('service')", "service.js");
    await folder.page("<!doctype html>frame", "frame.html");
    await using other = await serveLoopback();
    const work = `Promise.all([
      fetch("film.mp4", { headers: { range: "bytes=0-9" }, credentials: "omit" }).then(({ status }) => status),
      new Promise((resolve) => { new Worker("worker.js").onmessage = ({ data }) => resolve(data); }),
      navigator.serviceWorker.register("service.js").then(() => navigator.serviceWorker.ready).then(({ active }) =>
        new Promise((resolve) => { navigator.serviceWorker.onmessage = ({ data }) => resolve(data); active.postMessage(0); })),
      new Promise((resolve) => { const frame = document.createElement("iframe"); frame.onload = () => resolve(frame.contentDocument.body.textContent); frame.src = "frame.html"; document.body.append(frame); }),
      fetch("/.env").then(({ status }) => status),
    ]).then((all) => { if (JSON.stringify(all) !== '[206,"worker","service","frame",404]') throw new Error(JSON.stringify(all)); })`;
    const result = await renderPage(await folder.page(pageAfter(work)), { network });
    expect([result.frames, other.asked]).toEqual([4, []]);
  });
});

describe("media of other servers", () => {
  let open: AnyServer;
  let closed: AnyServer;
  let browser: Browser;
  let address: PageAddress;
  let page: BrowserPage;
  let link: PageLink;

  beforeAll(async () => {
    const answer = (response: ServerResponse): void => void response.setHeader("content-type", "video/mp4").end(film);
    closed = await serve(({ url }, response) => (url === "/gone.mp4" ? response.writeHead(404).end() : answer(response)));
    open = await serve(({ url }, response) => {
      response.setHeader("access-control-allow-origin", "*");
      response.setHeader("access-control-allow-headers", "range");
      if (url === "/moved.mp4") response.writeHead(302, { location: `${closed.origin}/film.mp4` }).end();
      else answer(response);
    });
    address = await openPageAddress(await folder.page("<!doctype html>", "media.html"));
    browser = await launchBrowser({ flags: [] });
    page = await browser.newPage(size);
    link = await linkMedia(page, {} as MediaAnswers);
    await navigate(page, address.url);
  });
  afterAll(async () => {
    for (const one of [browser, address, open, closed]) await one[Symbol.asyncDispose]();
  });

  async function whyNot(source: string): Promise<string> {
    await using files = openMediaFiles(address);
    const fault = await files.pathOf(source, (start, end) => link.read(source, start, end)).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ code: "media-unreadable" });
    return (fault as Error).message;
  }

  test("come to this host where they allow the page to read them", async () => {
    await using files = openMediaFiles(address);
    const source = `${open.origin}/film.mp4`;
    const path: string = await files.pathOf(source, (start, end) => link.read(source, start, end));
    expect((await readFile(path)).equals(film)).toBe(true);
  });

  test("do not come where they do not, nor by a redirect from one that does, and the message names CORS", async () => {
    expect(await whyNot(`${closed.origin}/film.mp4`)).toContain("Access-Control-Allow-Origin");
    expect(await whyNot(`${open.origin}/moved.mp4`)).toContain("Access-Control-Allow-Origin");
  });

  test("tell nothing of a server that allows nothing: neither its status, nor whether it is there", async () => {
    const gone: string = await whyNot(`${closed.origin}/gone.mp4`);
    const vacant: AnyServer = await serve(() => {});
    await vacant[Symbol.asyncDispose]();
    const nobody: string = await whyNot(`${vacant.origin}/gone.mp4`);
    expect(gone).not.toContain("404");
    expect(gone.replaceAll(closed.origin, "")).toBe(nobody.replaceAll(vacant.origin, ""));
  });

  test("end the render where copies of them exceed limits.mediaBytes", async () => {
    const video = `<!doctype html><video src="${open.origin}/film.mp4" muted data-start="0" data-duration="0.2"></video>`;
    const rendering = renderPage(await folder.page(video, "limited.html"), {
      duration: 0.2,
      media: { injector: "base64" },
      limits: { mediaBytes: film.byteLength - 1 },
    });
    await expect(rendering).rejects.toMatchObject({
      code: "limit-exceeded",
      details: { limit: "mediaBytes", allowed: film.byteLength - 1 },
    });
  });

  test("are left to the browser where they may not be read, so that the page cannot read their pictures", async () => {
    await using own = await serveLoopback({
      "/page": html(`<video id="film" src="${closed.origin}/film.mp4" muted data-start="0" data-duration="0.2"></video>
        <script>
          let result = "never drawn";
          const read = () => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
            const context = canvas.getContext("2d");
            context.drawImage(film, 0, 0, 8, 8);
            try { return context.getImageData(0, 0, 1, 1).data.join(); } catch (thrown) { return thrown.name; }
          };
          window.framewright = { duration: 0.2, async seek(t) { result = read(); if (t > 0.1) await fetch("/report", { method: "POST", body: JSON.stringify(result) }); } };
        </script>`),
    });
    const result = await renderPage(`http://127.0.0.1:${own.port}/page`, { media: { injector: "base64" } });
    expect(own.reports.at(-1)).toBe("SecurityError");
    expect(result.warnings.join("\n")).toContain("cannot be read by scripts");
  });
});

describe("a render that is stopped while a video is copied", () => {
  // Within half a minute a silent server ends it as well.
  test("ends, though its server never sends the rest", { timeout: 20_000 }, async () => {
    await runFfmpeg([
      ...["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=2,noise=alls=40:allf=t", "-c:v", "libx264", "-preset", "ultrafast"],
      ...["-crf", "10", "-movflags", "+faststart", "-y", folder.path("heavy.mp4")],
    ]);
    const heavy: Buffer = await readFile(folder.path("heavy.mp4"));
    const stop = new AbortController();
    await using server = await serve(({ headers }, response) => {
      response.setHeader("access-control-allow-origin", "*").setHeader("access-control-expose-headers", "content-range");
      const [, first, last] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? "") ?? [0, heavy.byteLength / 2, heavy.byteLength];
      const [start, end] = [Number(first), Math.min(Number(last) + 1, heavy.byteLength)];
      response.writeHead(headers.range === undefined ? 200 : 206, { "content-range": `bytes ${start}-${end - 1}/${heavy.byteLength}` });
      // What it is stands at its begin and its end. Only a copy needs its middle.
      if (start < heavy.byteLength / 3 || start > (heavy.byteLength * 2) / 3) return void response.end(heavy.subarray(start, end));
      response.write(heavy.subarray(start, start + 100));
      stop.abort(new Error("enough"));
    });
    const page: string = await folder.page(
      `<!doctype html><video src="${server.origin}/heavy.mp4" muted data-start="0" data-duration="0.5"></video>`,
      "copying.html",
    );
    const job = { page, output: folder.path("stopped.mp4"), ...size, frameRate: 20, duration: 0.5, capture: "screenshot" } as const;
    const rendering = render({ ...job, media: { injector: "base64" } }, { signal: stop.signal });
    await expect(rendering).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("a document whose headers are changed", () => {
  test("is refused where a small answer stands for a huge one, and the next is served", { timeout: 60_000 }, async () => {
    const bomb: Buffer = gzipSync(Buffer.alloc(100 * 1024 * 1024, " "));
    const text = `<!doctype html><title>${"é".repeat(1_000_000)}</title>`;
    await using server = await serve(({ url }, response) => {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", "x-frame-options": "DENY", "content-encoding": "gzip" });
      response.end(url === "/bomb" ? bomb : gzipSync(text));
    });
    await using browser = await launchBrowser({ flags: [] });
    await using page = await browser.newPage(size);
    await serveReservedPath(page, {});
    await expect(navigate(page, `${server.origin}/bomb`)).rejects.toMatchObject({ code: "page-unreachable" });
    await navigate(page, `${server.origin}/page`);
    expect(await page.evaluate("document.title.length", unchecked())).toBe(1_000_000);
  });
});
