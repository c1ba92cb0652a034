import { copyFile, readFile, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compositionScript } from "../../src/browser/composition-script.ts";
import { mediaReaderScript } from "../../src/browser/generated/media-reader-script.ts";
import { defaultComposition } from "../../src/core/capture.ts";
import type { MediaFacts } from "../../src/core/media.ts";
import { serveFolder } from "../../src/node/file-server.ts";
import { codedCodecs, makeCodedVideo } from "../support/coded-videos.ts";
import { mediaServer, type MediaServer, type ServerManner } from "../support/media-server.ts";
import { launchByPlaywright } from "../support/plain-browser.ts";
import { factsIn, fedPictures, openReadingPage } from "../support/reading-page.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { writeTurned } from "../support/turned-video.ts";
import { runFfmpeg } from "../support/video-frames.ts";

let folder: Scratch;
let server: Server;
let browser: Browser;
let page: Page;
/** At another origin than the page. */
let media: MediaServer;

const FRAMES = 60;

beforeAll(async () => {
  folder = await scratch();
  await copyFile(fileURLToPath(new URL("../pages/media-feeds.html", import.meta.url)), folder.path("page.html"));
  await makeCodedVideo({
    path: folder.path("film.mp4"),
    rate: "30",
    frames: FRAMES,
    codec: codedCodecs.h264,
    more: ["-movflags", "+faststart"],
  });
  // As cameras write it: the table of contents at the end, and seconds of it weigh much.
  await runFfmpeg([
    ...["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=4,noise=alls=40:allf=t", "-c:v", "libx264", "-preset", "ultrafast"],
    ...["-crf", "10", "-y", folder.path("heavy.mp4")],
  ]);
  server = await serveFolder(folder.folder);
  const heavy: Buffer = await readFile(folder.path("heavy.mp4"));
  media = await mediaServer({ "film.mp4": await readFile(folder.path("film.mp4")), "heavy.mp4": heavy, "copied.mp4": heavy });
  browser = await launchByPlaywright(["--disable-gpu"]);
  page = await browser.newPage();
  await openReadingPage(page, urlOf("page.html"));
});

afterAll(async () => {
  await browser.close();
  server.close();
  await media[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function urlOf(name: string): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${encodeURIComponent(name)}`;
}

describe("what files are", () => {
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2:sample_rate=44100"] as const;
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2"] as const;

  const sound = (codec: string): object => ({ video: null, audio: expect.objectContaining({ codec, decodesInPage: true }) as object });
  const pictures = (video: object): object => ({
    video: {
      rotation: 0,
      hasAlpha: false,
      frameRate: 25,
      size: { width: 320, height: 180 },
      decodesInPage: true,
      codec: expect.any(String) as string,
      ...video,
    },
  });
  it.each<[name: string, args: readonly string[], facts: object]>([
    ["a.wav", [...tone], { video: null, audio: { codec: "pcm-s16", sampleRate: 44100, channels: 1, decodesInPage: true } }],
    ["a.mp3", [...tone, "-ac", "2"], { video: null, audio: { codec: "mp3", sampleRate: 44100, channels: 2, decodesInPage: true } }],
    ["a.aac", [...tone, "-c:a", "aac"], sound("mp4a.40.2")],
    ["a.m4a", [...tone, "-c:a", "aac"], sound("mp4a.40.2")],
    ["a.flac", [...tone], sound("flac")],
    ["a.ogg", [...tone, "-c:a", "libopus"], sound("opus")],
    ["a.webm", [...picture, "-c:v", "libvpx", "-b:v", "1M"], pictures({ codec: "vp8", tickSeconds: 0.001 })],
    ["a.mov", [...picture, "-c:v", "prores_ks", "-profile:v", "3"], pictures({ codec: "apch", decodesInPage: false })],
    [
      "4444.mov",
      [...picture, "-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuva444p10le"],
      pictures({ codec: "ap4h", hasAlpha: true, decodesInPage: false }),
    ],
    [
      "hevc.mp4",
      [...picture, "-c:v", "libx265", "-x265-params", "log-level=error", "-tag:v", "hvc1"],
      pictures({ codec: expect.stringMatching(/^(hev|hvc)1\./) as string, decodesInPage: false }),
    ],
    ["av1.mkv", [...picture, "-c:v", "libsvtav1", "-preset", "12"], pictures({ codec: expect.stringMatching(/^av01\./) as string })],
    ["old.mp4", [...picture, "-c:v", "mpeg4"], pictures({ codec: "mp4v", decodesInPage: false })],
    ["wide.mp4", [...picture, "-c:v", "libx264", "-vf", "setsar=2/1"], pictures({ size: { width: 640, height: 180 } })],
    ["alpha.webm", [...picture, "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-deadline", "realtime"], pictures({ hasAlpha: true })],
    [
      "both.ts",
      [...picture, ...tone, "-c:v", "libx264", "-c:a", "aac", "-t", "2"],
      { ...pictures({}), ...{ audio: expect.objectContaining({ codec: "mp4a.40.2" }) as object } },
    ],
    // The content tells, not the name.
    ["film.txt", [...picture, "-c:v", "libx264", "-f", "mp4"], pictures({})],
    ["电影 100% 🎬 'quoted'.mp4", [...picture, "-c:v", "libx264"], pictures({})],
  ])("%s", async (name, args, expected) => {
    await runFfmpeg([...args, "-y", `file:${folder.path(name)}`]);
    const facts = await factsIn(page, urlOf(name));
    expect(facts).toMatchObject({ source: urlOf(name), byteLength: (await readFile(folder.path(name))).length, ...expected });
    expect((facts as MediaFacts).durationSeconds).toBeCloseTo(2, 0);
  });

  it("the rate of the first seconds, where pictures are decoded in another order", async () => {
    await makeCodedVideo({ path: folder.path("long.mp4"), rate: "24000/1001", frames: 200, codec: codedCodecs.h264 });
    const facts = await factsIn(page, urlOf("long.mp4"));
    expect((facts as MediaFacts).video!.frameRate).toBeCloseTo(24000 / 1001, 6);
  });

  it("one that was filmed upright: turned, and its size as it is shown", async () => {
    await writeTurned(folder.path("film.mp4"), folder.path("upright.mp4"), 90);
    expect(await factsIn(page, urlOf("upright.mp4"))).toMatchObject({ video: { rotation: 90, size: { width: 180, height: 320 } } });
  });

  it("one that the page made, and one that it carries in an address", async () => {
    const base64: string = (await readFile(folder.path("film.mp4"))).toString("base64");
    const data = `data:video/mp4;base64,${base64}`;
    const ofData = await factsIn(page, data);
    expect(ofData).toMatchObject({
      source: expect.stringMatching(/^data:video\/mp4;digest=[\da-f]{16}$/) as string,
      video: { frameRate: 30 },
    });
    const blob: string = await page.evaluate<string>(
      `(async () => URL.createObjectURL(await (await fetch(${JSON.stringify(data)})).blob()))()`,
    );
    expect(await factsIn(page, `${blob}#t=1`)).toMatchObject({ source: blob, video: { frameRate: 30 } });
    expect((await fedPictures(page, { url: data, seconds: [0, 0.5, 1.9] })).shown).toEqual([0, 15, 57]);
    expect((await fedPictures(page, { url: blob, seconds: [0, 0.5, 1.9] })).shown).toEqual([0, 15, 57]);
  });

  it("on a page that is not secure, where nothing decodes", async () => {
    const insecure: Page = await browser.newPage();
    try {
      await insecure.route("http://site.test/", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
      await insecure.goto("http://site.test/");
      await insecure.evaluate(`(() => {${mediaReaderScript}})()`);
      const data = `data:video/mp4;base64,${(await readFile(folder.path("film.mp4"))).toString("base64")}`;
      const facts = await insecure.evaluate(`__framewrightReadMedia.read(${JSON.stringify(data)})`);
      expect(facts).toMatchObject({ durationSeconds: 2, video: { size: { width: 320, height: 180 }, decodesInPage: false } });
    } finally {
      await insecure.close();
    }
  });

  it.each<ServerManner>(["cors", "whole", "endless", "stingy"])("gives all bytes of a file, from a server that is %s", async (manner) => {
    const file: Buffer = await readFile(folder.path("heavy.mp4"));
    const read = (start: number): Promise<string> =>
      page.evaluate(`__framewrightReadMedia.bytes(${JSON.stringify(media.url(manner, "copied.mp4"))}, ${start}, ${start + 4_000_000})`);
    const pieces: Buffer[] = [];
    for (let at = 0; ; at += pieces.at(-1)!.length) {
      const piece: Buffer = Buffer.from(await read(at), "base64");
      if (piece.length === 0) break;
      pieces.push(piece);
    }
    expect(Buffer.concat(pieces).equals(file)).toBe(true);
  });

  it("gives bytes of a source that only the page can reach", async () => {
    const file: Buffer = await readFile(folder.path("film.mp4"));
    const data = `data:video/mp4;base64,${file.toString("base64")}`;
    const read = `(async () => { const reader = __framewrightReadMedia; return reader.bytes(await reader.sourceOf(${JSON.stringify(data)}), 100, 1e9); })()`;
    expect(Buffer.from(await page.evaluate<string>(read), "base64").equals(file.subarray(100))).toBe(true);
  });
});

describe("servers of all kinds", () => {
  it.each<ServerManner>(["whole", "endless", "stingy", "cors", "forwarded"])("one that is %s", async (manner) => {
    const url: string = media.url(manner, "film.mp4");
    expect(await factsIn(page, url)).toMatchObject({ durationSeconds: 2, byteLength: expect.any(Number) as number });
    expect((await fedPictures(page, { url, seconds: [0, 0.5, 1.9, 0.1] })).shown).toEqual([0, 15, 57, 3]);
  });

  it("asks only for the parts that it needs, and for none of them twice", async () => {
    const url: string = media.url("cors", "heavy.mp4");
    const { byteLength } = (await factsIn(page, url)) as MediaFacts;
    const bytes = (): number =>
      media.asked("cors", "heavy.mp4").reduce((sum, range) => sum + (range === null ? 0 : range[1] - range[0]), 0);
    expect(byteLength!).toBeGreaterThan(3_000_000);
    expect(bytes()).toBeLessThan(byteLength! / 2);
    await fedPictures(page, { url, seconds: Array.from({ length: 120 }, (_, index) => index / 30) });
    // What was read for the facts has gone meanwhile.
    expect(bytes()).toBeLessThan(byteLength! * 1.4);
  });
});

describe("why a file cannot be read", () => {
  it.each<[manner: ServerManner, kind: string, why: RegExp]>([
    ["missing", "missing", /^the server of http:\/\/127\.0\.0\.1:\d+ answered 404 Not Found$/],
    ["failing", "missing", /answered 503/],
    ["empty", "broken", /empty, it has 0 bytes/],
    [
      "ranges",
      "refused",
      /does not allow http:\/\/127\.0\.0\.1:\d+ to read it \(CORS: Access-Control-Allow-Origin\).*or the server cannot be reached/,
    ],
    ["breaking", "missing", /broke off/],
    ["boasting", "missing", /has no bytes \d+ to \d+, though it said that there are \d+/],
  ])("a server that is %s", async (manner, kind, why) => {
    expect(await factsIn(page, media.url(manner, "film.mp4"))).toEqual({ kind, fault: expect.stringMatching(why) as string });
  });

  it.each<ServerManner>(["mute", "stuck"])("a server that is %s: no wait for ever", async (manner) => {
    await using waiting = await impatientPage();
    expect(await factsIn(waiting.page, media.url(manner, "film.mp4"))).toEqual({
      kind: "missing",
      fault: "its server was silent for 30 seconds",
    });
  });

  it("a server that is trickling: one byte at a time is no end of the wait either", async () => {
    await using waiting = await impatientPage();
    expect(await factsIn(waiting.page, media.url("trickling", "film.mp4"))).toEqual({
      kind: "missing",
      fault: "its server sends less than 1024 bytes a second",
    });
  });

  it("files that are no media, cut off, or nothing at all", async () => {
    const film: Buffer = await readFile(folder.path("film.mp4"));
    const contentsAtEnd: Buffer = await readFile(folder.path("heavy.mp4"));
    const files: Readonly<Record<string, readonly [content: Uint8Array | string, why: RegExp]>> = {
      "empty.mp4": ["", /empty, it has 0 bytes/],
      "text.mp4": [
        "This is not a film, but a text about one",
        /no media file that this program knows .*: it is text that begins "This is not a film/,
      ],
      "noise.mp4": [Buffer.alloc(5000, 0xb7), /begins with the bytes b7 b7/],
      "begin.mp4": [
        contentsAtEnd.subarray(0, contentsAtEnd.length / 2),
        /table of contents \(moov\) is missing: the file was cut off at \d+ bytes/,
      ],
      "half.mp4": [film.subarray(0, film.length * 0.8), /cut off: it ends after \d+ bytes, and its last picture, at \d\.\d{3} s/],
      "scratched.mp4": [Buffer.concat([film.subarray(0, 60), Buffer.alloc(3000, 7)]), /damaged|cut off|no media|neither/],
    };
    for (const [name, [content, why]] of Object.entries(files)) {
      await writeFile(folder.path(name), content);
      expect({ name, ...(await factsIn(page, urlOf(name))) }).toEqual({
        name,
        kind: "broken",
        fault: expect.stringMatching(why) as string,
      });
    }
  });

  it("a blob: address of a stream, one that was taken back, and a data: address that is none", async () => {
    const stream: string = await page.evaluate<string>(`URL.createObjectURL(new MediaSource())`);
    expect(await factsIn(page, stream)).toMatchObject({
      kind: "refused",
      fault: expect.stringMatching(/revoked, or stands for no file/) as string,
    });
    expect(await factsIn(page, "data:video/mp4;base64,%%%")).toMatchObject({
      kind: "broken",
      fault: expect.stringMatching(/no valid base64/) as string,
    });
  });

  it("is tried anew when it is asked for again", async () => {
    expect(await factsIn(page, urlOf("later.mp4"))).toMatchObject({ fault: expect.stringMatching(/404/) as string });
    await copyFile(folder.path("film.mp4"), folder.path("later.mp4"));
    expect(await factsIn(page, urlOf("later.mp4"))).toMatchObject({ durationSeconds: 2 });
  });
});

describe("in the window of a composition, whose time stands still", () => {
  it("reads and feeds all the same, and the page does not wait for what is read", async () => {
    const composition: Page = await browser.newPage();
    try {
      const settings = { composition: defaultComposition, frameRate: { numerator: 30, denominator: 1 } } as const;
      await composition.addInitScript(compositionScript(settings));
      await openReadingPage(composition, urlOf("page.html"));
      const reading = `__framewrightReadMedia.read(${JSON.stringify(media.url("mute", "film.mp4"))}).catch(() => {})`;
      // One that is never answered, on the way.
      await composition.evaluate(`void ${reading}`);
      const opened = await composition.evaluate(`__framewrightComposition.open(10_000)`);
      expect(opened).toMatchObject({ ready: true, warnings: [] });
      const now = (): Promise<number> => composition.evaluate<number>("performance.now()");
      await composition.evaluate(`__framewrightComposition.seek(3)`);
      expect(await now()).toBeCloseTo(100, 3);
      for (const url of [urlOf("film.mp4"), media.url("whole", "film.mp4")]) {
        expect(await factsIn(composition, url)).toMatchObject({ durationSeconds: 2 });
        const fed = composition.evaluate<string>(`(async () => {
          const facts = await __framewrightReadMedia.read(${JSON.stringify(url)});
          const feed = await __framewrightReadMedia.openFeed({ facts, url: ${JSON.stringify(url)} }, { memory: memoryOf(1e8) });
          const frame = await feed.picture(1);
          try { return frame.displayWidth + " at " + frame.timestamp; } finally { frame.close(); feed.close(); }
        })()`);
        expect(await fed).toBe("320 at 1000000");
      }
      expect(await now()).toBeCloseTo(100, 3);
    } finally {
      await composition.close();
    }
  });
});

/** A page to whose reader half a minute is over at once. */
async function impatientPage(): Promise<AsyncDisposable & { readonly page: Page }> {
  const page: Page = await browser.newPage();
  await page.addInitScript(`{ const wait = setTimeout; window.setTimeout = (callback, ms) => wait(callback, ms === 30_000 ? 300 : ms); }`);
  await page.goto(urlOf("page.html"));
  await page.evaluate(`(() => {${mediaReaderScript}})()`);
  return { page, [Symbol.asyncDispose]: () => page.close() };
}
