import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PageAddress } from "../../src/core/host.ts";
import type { MediaFiles, ReadFromPage } from "../../src/core/media.ts";
import type { NetworkAccess } from "../../src/core/network.ts";
import { openPageAddress } from "../../src/node/file-server.ts";
import { openMediaFiles, type MediaFilesOptions } from "../../src/node/media-files.ts";
import { redirect, serveLoopback, type LoopbackServer } from "../support/loopback.ts";
import { scratch, type Scratch } from "../support/render.ts";

const bytes: Uint8Array = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251);
const names: readonly string[] = ["my clip.mp4", 'it\'s "it".webm', "50% off.mp4", "影片 🎬.mp4", "a#b?c&d.mp4"];
const noPage: ReadFromPage = () => Promise.reject(new Error("the page was asked"));

let folder: Scratch;
let address: PageAddress;
let copies: Scratch;

beforeAll(async () => {
  [folder, copies] = [await scratch(), await scratch()];
  await mkdir(folder.path("page/media"), { recursive: true });
  await writeFile(folder.path("page/index.html"), "<!doctype html>");
  await writeFile(folder.path("secret.mp4"), "not yours");
  for (const name of names) await writeFile(folder.path(`page/media/${name}`), name);
  await symlink(folder.path("secret.mp4"), folder.path("page/out.mp4"));
  await symlink(folder.path(`page/media/${names[0]}`), folder.path("page/in.mp4"));
  address = await openPageAddress(folder.path("page"));
});

afterAll(async () => {
  for (const one of [address, folder, copies]) await one[Symbol.asyncDispose]();
});

function openFiles(network: NetworkAccess = "all", options: MediaFilesOptions = {}): MediaFiles & AsyncDisposable {
  return openMediaFiles(address, network, { temporaryFolder: copies.folder, ...options });
}

/** A server of another origin than the page's. */
async function serve(answers: Parameters<typeof serveLoopback>[0]): Promise<LoopbackServer & { at(path: string): string }> {
  const server: LoopbackServer = await serveLoopback(answers);
  return { ...server, at: (path) => `http://127.0.0.1:${server.port}${path}` };
}

const clip = (response: ServerResponse): void => void response.setHeader("content-length", bytes.length).end(bytes);

describe("the page's own files", () => {
  it.each(names)("are where they lie: %s", async (name) => {
    await using files = openFiles("none");
    const path: string = await files.pathOf(new URL(`media/${encodeURIComponent(name)}`, address.url).href, noPage);
    expect(path).toBe(await realpath(folder.path(`page/media/${name}`)));
    expect(await copies.list()).toEqual([]);
  });

  it("are found behind a query, a fragment and a link", async () => {
    await using files = openFiles();
    const expected: string = await realpath(folder.path(`page/media/${names[0]}`));
    for (const asked of ["media/my%20clip.mp4?v=2", "media/my%20clip.mp4#t=3", "in.mp4"])
      expect(await files.pathOf(new URL(asked, address.url).href, noPage)).toBe(expected);
  });

  it.each([
    ["out.mp4", /outside of the folder/],
    ["..%2fsecret.mp4", /outside of the folder/],
    ["missing.mp4", /ENOENT/],
    ["media", /it is no file/],
    ["%zz.mp4", /URI malformed/],
  ])("are refused with the reason: %s", async (asked, why) => {
    await using files = openFiles();
    const source: string = new URL(asked, address.url).href;
    const fault = await files.pathOf(source, noPage).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ code: "media-unreadable", details: { source } });
    expect((fault as Error).message).toMatch(why);
  });
});

describe("files of other servers", () => {
  it("are fetched once, whoever asks, and gone when the render has ended", async () => {
    await using server = await serve({ "/clip.mp4": clip, "/moved.mp4": redirect("/clip.mp4") });
    const files = openFiles();
    const asked = await Promise.all([1, 2, 3].map(() => files.pathOf(server.at("/moved.mp4"), noPage)));
    expect(new Set(asked).size).toBe(1);
    expect(new Uint8Array(await readFile(asked[0]!))).toEqual(bytes);
    expect(server.asked).toEqual(["GET /moved.mp4", "GET /clip.mp4"]);
    await files[Symbol.asyncDispose]();
    expect(await copies.list()).toEqual([]);
  });

  it("are asked for again where they could not be had", async () => {
    let isThere = false;
    await using server = await serve({ "/clip.mp4": (response) => (isThere ? clip(response) : response.writeHead(503).end()) });
    await using files = openFiles();
    await expect(files.pathOf(server.at("/clip.mp4"), noPage)).rejects.toThrow("status 503");
    isThere = true;
    expect((await readFile(await files.pathOf(server.at("/clip.mp4"), noPage))).length).toBe(bytes.length);
  });

  it("are read through the page where the server asks for rights that the page may have", async () => {
    await using server = await serve({ "/clip.mp4": (response) => response.writeHead(403).end() });
    await using files = openFiles();
    const path: string = await files.pathOf(server.at("/clip.mp4"), async (start, end) => bytes.slice(start, end));
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    await using refused = openFiles();
    await expect(refused.pathOf(server.at("/clip.mp4"), noPage)).rejects.toThrow("its server answered with status 403");
  });

  it.each([
    ["a status", "/gone.mp4", /its server answered with status 404/],
    ["redirects without end", "/round.mp4", /redirects more than 10 times/],
    ["a redirect to a file of this host", "/file.mp4", /redirects to "file:\/\/\/etc\/passwd"/],
    ["an answer that breaks off", "/broken.mp4", /other side closed/],
  ])("are refused with the reason: %s", async (_, path, why) => {
    await using server = await serve({
      "/round.mp4": redirect("/round.mp4"),
      "/file.mp4": redirect("file:///etc/passwd"),
      "/broken.mp4": (response) => {
        response.setHeader("content-length", bytes.length).write(bytes.subarray(0, 1000), () => response.destroy());
      },
    });
    await using files = openFiles();
    const fault = await files.pathOf(server.at(path), noPage).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ code: "media-unreadable", details: { source: server.at(path) } });
    expect((fault as Error).message).toMatch(why);
    for (const left of await copies.list()) expect(await readdir(copies.path(left))).toEqual([".framewright-owner.json"]);
  });

  it("are refused where nothing more comes, but not for being slow", async () => {
    await using server = await serve({
      "/hung.mp4": (response) => void response.setHeader("content-length", bytes.length).write(bytes.subarray(0, 1000)),
      "/slow.mp4": (response) => {
        let sent = 0;
        const timer: ReturnType<typeof setInterval> = setInterval(() => {
          response.write(bytes.subarray(sent, (sent += 15_000)));
          if (sent < bytes.length) return;
          clearInterval(timer);
          response.end();
        }, 100);
      },
    });
    await using files = openFiles("all", { silenceLimitMs: 1500 });
    // In 20 pieces, together slower than the limit.
    const slow: Promise<string> = files.pathOf(server.at("/slow.mp4"), noPage);
    await expect(files.pathOf(server.at("/hung.mp4"), noPage)).rejects.toThrow("nothing more came of it for 1500 ms");
    expect((await readFile(await slow)).length).toBe(bytes.length);
  });

  it("are refused where the job's network forbids a server on the way", async () => {
    await using far = await serve({ "/clip.mp4": clip });
    await using near = await serve({ "/clip.mp4": redirect(far.at("/clip.mp4")) });
    for (const network of ["none", "same-origin", ["cdn.example.com"]] as const) {
      await using files = openFiles(network);
      await expect(files.pathOf(far.at("/clip.mp4"), noPage)).rejects.toThrow(/it lies where network: .* forbids to go/);
    }
    await using halfWay = openFiles([`127.0.0.1:${near.port}`]);
    await expect(halfWay.pathOf(near.at("/clip.mp4"), noPage)).rejects.toThrow(`it redirects to "${far.at("/clip.mp4")}", where network`);
    expect(far.asked).toEqual([]);
    await using files = openFiles([`127.0.0.1:${near.port}`, `http://127.0.0.1:${far.port}`]);
    expect((await readFile(await files.pathOf(near.at("/clip.mp4"), noPage))).length).toBe(bytes.length);
  });

  it("are refused where the disk has no room for them", async () => {
    await using server = await serve({
      "/huge.mp4": (response) => void response.setHeader("content-length", Number.MAX_SAFE_INTEGER - 1).write(bytes),
    });
    await using files = openFiles();
    await expect(files.pathOf(server.at("/huge.mp4"), noPage)).rejects.toMatchObject({ code: "disk-full" });
  });

  it("are no longer fetched when the render has ended", async () => {
    await using server = await serve({
      "/hung.mp4": (response) => void response.setHeader("content-length", bytes.length).write(bytes.subarray(0, 1000)),
    });
    const files = openFiles();
    const asked: Promise<unknown> = files.pathOf(server.at("/hung.mp4"), noPage).catch((thrown: unknown) => thrown);
    await new Promise<void>((resolve) => {
      const look = (): void => (server.asked.length > 0 ? resolve() : void setImmediate(look));
      look();
    });
    await files[Symbol.asyncDispose]();
    expect(await asked).toMatchObject({ code: "aborted" });
    expect(await copies.list()).toEqual([]);
    await expect(files.pathOf(server.at("/late.mp4"), noPage)).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("files that only the page has", () => {
  it("come in pieces, whole", async () => {
    const large: Uint8Array = Uint8Array.from({ length: 9_000_000 }, (_, at) => (at * 13) % 251);
    const asked: number[] = [];
    await using files = openFiles();
    const path: string = await files.pathOf("blob:http://127.0.0.1/1-2-3", async (start, end) => {
      asked.push(start);
      return large.slice(start, end);
    });
    expect(Buffer.compare(await readFile(path), large)).toBe(0);
    expect(asked).toHaveLength(3);
  });

  it("end where a piece does", async () => {
    const exact: Uint8Array = new Uint8Array(4 * 1024 * 1024);
    await using files = openFiles();
    expect((await readFile(await files.pathOf("data:video/mp4 1a2b", async (start, end) => exact.slice(start, end)))).length).toBe(
      exact.length,
    );
  });

  it("are refused in the page's words", async () => {
    await using files = openFiles();
    await expect(files.pathOf("blob:gone", noPage)).rejects.toMatchObject({
      code: "media-unreadable",
      details: { source: "blob:gone", why: "the page was asked" },
    });
  });
});

it("leaves nothing behind where the process ends in the middle", async () => {
  const program: string = fileURLToPath(new URL("../support/media-copier.ts", import.meta.url));
  const left: string = await new Promise((resolve, reject) => {
    execFile(process.execPath, ["--import", "tsx", program, copies.folder], (fault, stdout) =>
      fault?.code === 7 ? resolve(stdout.trim()) : reject(fault ?? new Error(`it ended well: ${stdout}`)),
    );
  });
  // It had made its copy.
  expect(left).toBe("300000 bytes");
  expect(await copies.list()).toEqual([]);
});
