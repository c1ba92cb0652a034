import { execFile } from "node:child_process";
import { mkdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { PageAddress } from "../../src/core/host.ts";
import type { MediaFiles, ReadFromPage } from "../../src/core/media.ts";
import { openPageAddress } from "../../src/node/file-server.ts";
import { openMediaFiles, type HostMediaOptions } from "../../src/node/media-files.ts";
import { serveLoopback } from "../support/loopback.ts";
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

function openFiles(options: HostMediaOptions = {}): MediaFiles & AsyncDisposable {
  return openMediaFiles(address, { temporaryFolder: copies.folder, ...options });
}

/** A page that has a file, and gives at most so many bytes of it at a time. */
function pageWith(file: Uint8Array, mostBytes = Infinity): ReadFromPage {
  return async (start, end) => file.slice(start, Math.min(end, start + mostBytes));
}

describe("the page's own files", () => {
  it.each(names)("are where they lie: %s", async (name) => {
    await using files = openFiles();
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
    ["out.mp4", /no such file in the folder/],
    ["..%2fsecret.mp4", /no such file in the folder/],
    ["missing.mp4", /there is no such file/],
    ["media", /no such file in the folder/],
    ["%zz.mp4", /there is no such file/],
  ])("are refused without a word of where files lie: %s", async (asked, why) => {
    await using files = openFiles();
    const source: string = new URL(asked, address.url).href;
    const fault = await files.pathOf(source, noPage).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ code: "media-unreadable", details: { source } });
    expect((fault as Error).message).toMatch(why);
    // What a page is told of it.
    expect(JSON.stringify([(fault as Error).message, (fault as { details: unknown }).details])).not.toContain(folder.folder);
  });
});

describe("files of other servers, and those that only the page has", () => {
  const source = "http://media.example/clip.mp4";

  it("are asked of the page, never of their server: the host has no rights that the page lacks", async () => {
    await using server = await serveLoopback({ "/clip.mp4": (response) => response.end(bytes) });
    await using files = openFiles();
    const url = `http://127.0.0.1:${server.port}/clip.mp4`;
    const fault = await files.pathOf(url, noPage).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ code: "media-unreadable", details: { source: url, why: "the page was asked" } });
    expect(server.asked).toEqual([]);
    expect(Buffer.compare(await readFile(await files.pathOf(url, pageWith(bytes))), bytes)).toBe(0);
    expect(server.asked).toEqual([]);
  });

  it("are read through the page where the page itself lies on a server", async () => {
    await using server = await serveLoopback({ "/clip.mp4": (response) => response.end(bytes) });
    const page = `http://127.0.0.1:${server.port}/`;
    await using files = openMediaFiles({ url: page, [Symbol.asyncDispose]: async () => {} }, { temporaryFolder: copies.folder });
    expect((await readFile(await files.pathOf(`${page}clip.mp4`, pageWith(bytes)))).length).toBe(bytes.length);
    expect(server.asked).toEqual([]);
  });

  it("are copied once, whoever asks, and gone when the render has ended", async () => {
    let reads = 0;
    const files = openFiles();
    const read: ReadFromPage = (start, end) => (reads++, pageWith(bytes)(start, end));
    const asked = await Promise.all([files.pathOf(source, read), files.pathOf(source, read)]);
    expect(asked[0]).toBe(asked[1]);
    expect(Buffer.compare(await readFile(asked[0]!), bytes)).toBe(0);
    expect(reads).toBe(2);
    await files[Symbol.asyncDispose]();
    expect(await copies.list()).toEqual([]);
  });

  it("are asked for again where they could not be had", async () => {
    await using files = openFiles();
    await expect(files.pathOf(source, noPage)).rejects.toThrow("the page was asked");
    expect((await readFile(await files.pathOf(source, pageWith(bytes)))).length).toBe(bytes.length);
  });

  it("come in pieces as the page has them, whole", async () => {
    const large: Uint8Array = Uint8Array.from({ length: 9_000_000 }, (_, at) => (at * 13) % 251);
    await using files = openFiles();
    for (const mostBytes of [Infinity, 100_001]) {
      const path: string = await files.pathOf(`blob:${mostBytes}`, pageWith(large, mostBytes));
      expect(Buffer.compare(await readFile(path), large)).toBe(0);
    }
  });

  it("are refused where nothing comes for a while, but not for being slow", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      await using files = openFiles();
      let asked = 0;
      const slow: ReadFromPage = async (start, end) => {
        if (asked++ > 0) vi.advanceTimersByTime(20_000);
        return pageWith(bytes, 50_000)(start, end);
      };
      expect((await readFile(await files.pathOf(source, slow))).length).toBe(bytes.length);
      const hung: ReadFromPage = (start, end) =>
        start === 0 ? pageWith(bytes, 100_000)(start, end) : (vi.advanceTimersByTime(60_000), silence());
      await expect(files.pathOf("blob:hung", hung)).rejects.toThrow("nothing more came of it for 30 s");
    } finally {
      vi.useRealTimers();
    }
  });

  it("are refused where they come a few bytes at a time, for ever", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      await using files = openFiles();
      const trickle: ReadFromPage = async () => (vi.advanceTimersByTime(5_000), new Uint8Array(1));
      await expect(files.pathOf(source, trickle)).rejects.toMatchObject({
        code: "media-unreadable",
        details: { why: "only 5 bytes came of it in 30 s, and at least 1024 a second are needed" },
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it("are bounded together: four that never end do not fill the disk", async () => {
    await using files = openFiles({ mediaBytes: 5_000_000 });
    const endless: ReadFromPage = async () => new Uint8Array(250_000);
    const faults = await Promise.allSettled([1, 2, 3, 4].map((at) => files.pathOf(`blob:${at}`, endless)));
    for (const fault of faults)
      expect(fault).toMatchObject({
        status: "rejected",
        reason: { code: "limit-exceeded", details: { limit: "mediaBytes", allowed: 5_000_000 } },
      });
    // What was given up no longer counts.
    expect((await readFile(await files.pathOf(source, pageWith(bytes)))).length).toBe(bytes.length);
  });

  it("are refused where a page gives more than it was asked for", async () => {
    await using files = openFiles();
    await expect(files.pathOf(source, async () => new Uint8Array(9_000_000))).rejects.toThrow("more than it was asked for");
  });

  it("are no longer copied when the job is stopped, though the page never answers", async () => {
    const stop = new AbortController();
    await using files = openFiles({ signal: stop.signal });
    const asked: Promise<unknown> = new Promise<void>((begun) => {
      void files.pathOf(source, () => (begun(), silence())).catch(() => {});
    });
    await asked;
    const copying = files.pathOf(source, noPage);
    stop.abort(new Error("enough"));
    await expect(copying).rejects.toMatchObject({ code: "aborted" });
    await expect(files.pathOf("blob:late", pageWith(bytes))).rejects.toMatchObject({ code: "aborted" });
  });

  it("are no longer copied when the render has ended, and leave nothing behind", async () => {
    const files = openFiles();
    const copying: Promise<unknown> = files.pathOf(source, silence).catch((thrown: unknown) => thrown);
    await files[Symbol.asyncDispose]();
    expect(await copying).toMatchObject({ code: "aborted" });
    expect(await copies.list()).toEqual([]);
  });
});

function silence(): Promise<never> {
  return new Promise(() => {});
}

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
