import { chmod, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compositionScript } from "../../src/browser/composition-script.ts";
import { launchBrowser } from "../../src/browser/launch.ts";
import { navigate } from "../../src/browser/load-page.ts";
import { openOwnDocument } from "../../src/browser/own-page.ts";
import { fromBase64, toBase64 } from "../../src/core/base64.ts";
import type { Browser, BrowserPage } from "../../src/core/browser.ts";
import { defaultComposition } from "../../src/core/capture.ts";
import type { CachedPicture, FrameCache } from "../../src/core/frame-cache.ts";
import type { Size } from "../../src/core/frame.ts";
import type { PageAddress } from "../../src/core/host.ts";
import type { FrameInjector, InjectedVideo, InjectorSession } from "../../src/core/injector.ts";
import type { VideoFacts } from "../../src/core/media.ts";
import { lruFrameCache } from "../../src/core/lru-frame-cache.ts";
import { openVideoPictures } from "../../src/ffmpeg/video-pictures.ts";
import { base64 } from "../../src/injectors/base64.ts";
import type { OpenVideoPictures } from "../../src/injectors/host-pictures.ts";
import { url, type PictureServer } from "../../src/injectors/url.ts";
import { openPageAddress } from "../../src/node/file-server.ts";
import { openPictureServer } from "../../src/node/picture-server.ts";
import { barCodeSize } from "../support/bar-code.ts";
import { codedCodecs, makeCodedVideo } from "../support/coded-videos.ts";
import { countPictures, type CountedPictures } from "../support/counted-pictures.ts";
import { openFeedPage, type FeedPage, type SeenPicture } from "../support/feed-page.ts";
import { serveLoopback } from "../support/loopback.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { tolerance } from "../support/straight-pictures.ts";
import { runFfmpeg } from "../support/video-frames.ts";
import { unchecked } from "../support/unchecked.ts";

const FRAMES = 90;
const RATE = 30;

let folder: Scratch;
let address: PageAddress;
let browser: Browser;
let video: InjectedVideo;

beforeAll(async () => {
  folder = await scratch();
  address = await openPageAddress(await folder.page("<!doctype html><body>"));
  browser = await launchBrowser({ flags: [] });
  const path: string = folder.path("clip.mp4");
  await makeCodedVideo({ path, rate: `${RATE}`, frames: FRAMES, codec: codedCodecs.h264 });
  const size = barCodeSize;
  const facts = {
    codec: "avc1.640028",
    size,
    rotation: 0,
    hasAlpha: false,
    tickSeconds: 1 / 15_360,
    frameRate: RATE,
    decodesInPage: true,
  } as const;
  video = {
    facts: { source: `${address.url}/clip.mp4`, durationSeconds: FRAMES / RATE, byteLength: null, video: facts, audio: null },
    path: () => Promise.resolve(path),
  };
});

afterAll(async () => {
  for (const one of [browser, address, folder]) await one[Symbol.asyncDispose]();
});

const injectors: readonly [string, (openPictures: OpenVideoPictures) => FrameInjector][] = [
  ["base64", (openPictures) => base64({ openPictures })],
  ["url", (openPictures) => url({ openPictures, openServer: openPictureServer })],
];

interface Rig extends AsyncDisposable {
  readonly cache: FrameCache;
  readonly pictures: CountedPictures;
  readonly session: InjectorSession;
  /** A page with a feed of its own. */
  page(memoryBytes?: number): Promise<FeedPage>;
}

async function openRig(
  make: (openPictures: OpenVideoPictures) => FrameInjector,
  { cacheBytes = 8 * 1024 * 1024, open = openVideoPictures as OpenVideoPictures } = {},
): Promise<Rig> {
  const [cache, pictures] = [lruFrameCache(cacheBytes), countPictures(open)];
  const session: InjectorSession = await make(pictures.open).open({ cache, signal: new AbortController().signal, warn: () => {} });
  const pages: BrowserPage[] = [];
  return {
    cache,
    pictures,
    session,
    async page(memoryBytes) {
      const page: BrowserPage = await browser.newPage(barCodeSize);
      pages.push(page);
      await navigate(page, address.url);
      return openFeedPage({ page, browser }, session, video, memoryBytes);
    },
    async [Symbol.asyncDispose]() {
      for (const page of pages) await page.close();
      await session.close();
    },
  };
}

/** A session that gives one picture at all times, in a page of its own. */
async function seeOne(
  picture: CachedPicture,
  { page, injector, facts = {} }: { page: BrowserPage; injector: (open: OpenVideoPictures) => FrameInjector; facts?: Partial<VideoFacts> },
): Promise<SeenPicture> {
  const open: OpenVideoPictures = async () => ({ at: async () => picture, [Symbol.asyncDispose]: async () => {} });
  const context = { cache: lruFrameCache(0), signal: new AbortController().signal, warn: () => {} };
  await using session = await injector(open).open(context);
  const shown: InjectedVideo = { ...video, facts: { ...video.facts, video: { ...video.facts.video!, ...facts } } };
  const feed: FeedPage = await openFeedPage({ page, browser }, session, shown);
  return await feed.see(0);
}

/** The middle of a frame's time. */
const middleOf = (frame: number): number => (frame + 0.5) / RATE;

describe.each(injectors)("pictures by %s", (_, make) => {
  it("are the right ones, forwards, at jumps, at the borders of frames and past the end", async () => {
    await using rig = await openRig(make);
    const feed: FeedPage = await rig.page();
    const forward: readonly number[] = Array.from({ length: FRAMES }, (_, frame) => frame);
    for (const frame of forward) expect(await feed.read(frame / RATE)).toEqual([frame]);
    for (const frame of [70, 3, 45, 44, 89, 0]) expect(await feed.read(middleOf(frame))).toEqual([frame]);
    expect(await feed.read(FRAMES / RATE + 5, 1e9)).toEqual([FRAMES - 1, FRAMES - 1]);
    const { timestamp, width, height } = await feed.see(middleOf(12));
    expect([width, height]).toEqual([barCodeSize.width, barCodeSize.height]);
    expect(Math.abs(timestamp - (12 / RATE) * 1e6)).toBeLessThanOrEqual(1001);
    expect((await feed.see(middleOf(12) + 0.01)).timestamp).toBe(timestamp);
  });

  it("that were looked ahead for are there, none is asked for twice, and the page closes what it opened", async () => {
    await using rig = await openRig(make);
    const feed: FeedPage = await rig.page();
    await feed.read(middleOf(10));
    await feed.ahead([11, 12, 13].map(middleOf));
    await feed.whenAsked(4);
    expect(await feed.read(middleOf(11), middleOf(12), middleOf(12) + 0.001, middleOf(13))).toEqual([11, 12, 12, 13]);
    expect(await feed.read(middleOf(11), middleOf(12))).toEqual([11, 12]);
    const { asked, hit, miss, decoded, bytes, liveFrames } = await feed.account();
    // Whether two times show the same picture is known only when the host has answered one of them.
    expect(asked).toBeLessThanOrEqual(5);
    expect([miss, miss + hit]).toEqual([asked === 4 ? 1 : 2, 7]);
    expect(decoded).toBe(4);
    expect(rig.pictures.opened).toBe(1);
    expect(rig.pictures.asked).toBeLessThanOrEqual(asked);
    // One of them may have made room for the time that came of its own.
    expect([3, 4]).toContain(liveFrames);
    expect(bytes).toBe(liveFrames * 320 * 180 * 4);
    await feed.closeFeed();
    expect(await feed.account()).toMatchObject({ bytes: 0, liveFrames: 0, closedTwice: 0 });
  });

  it("are right in a page that may keep none of them", async () => {
    await using rig = await openRig(make, { cacheBytes: 1 });
    const feed: FeedPage = await rig.page(1000);
    await feed.ahead([1, 2].map(middleOf));
    expect(await feed.read(...[0, 1, 2, 1].map(middleOf))).toEqual([0, 1, 2, 1]);
    expect(await feed.account()).toMatchObject({ bytes: 0, peakBytes: 0, liveFrames: 0, closedTwice: 0, hit: 1, miss: 3, rejection: 3 });
    expect(rig.cache.statistics).toMatchObject({ entries: 0, hits: 0, misses: 3, rejections: 3 });
  });

  it("come out of the job's cache for the next page, without ffmpeg", async () => {
    await using rig = await openRig(make);
    const first: FeedPage = await rig.page();
    for (const frame of [20, 21, 22]) await first.read(middleOf(frame));
    const asked: number = rig.pictures.asked;
    expect(rig.cache.statistics).toMatchObject({ hits: 0, misses: 3, entries: 3 });
    const second: FeedPage = await rig.page();
    for (const frame of [20, 21, 22]) expect(await second.read(frame / RATE + 0.002)).toEqual([frame]);
    expect(rig.pictures).toMatchObject({ asked, opened: 1 });
    expect(rig.cache.statistics).toMatchObject({ hits: 3, misses: 3, entries: 3 });
    await rig.session.close();
    expect(rig.pictures.closed).toBe(1);
  });

  it("come to other pages when one dies in the middle", async () => {
    const { open, arrived, release } = heldPictures();
    await using rig = await openRig(make, { open });
    const [dying, living] = [await rig.page(), await rig.page()];
    dying.read(middleOf(5)).catch(() => {});
    await arrived;
    await dying.page.close();
    release();
    expect(await living.read(middleOf(5), middleOf(6))).toEqual([5, 6]);
  });

  it("are refused when the session is closed while one is asked for, and nothing stays open", async () => {
    const { open, arrived } = heldPictures();
    await using rig = await openRig(make, { open });
    const feed: FeedPage = await rig.page();
    const asked: Promise<unknown> = feed.read(middleOf(5)).catch((thrown: unknown) => thrown);
    await arrived;
    await Promise.all([rig.session.close(), rig.session.close()]);
    expect(String(await asked)).toContain("The render was stopped: the injector was closed");
    expect(rig.pictures).toMatchObject({ opened: 1, closed: 1 });
    await expect(rig.session.answer({ seconds: 0 }, video)).rejects.toMatchObject({ code: "aborted" });
    expect(await feed.account()).toMatchObject({ bytes: 0, liveFrames: 0, closedTwice: 0 });
  });

  it("end in the page with its feed", async () => {
    const { open, arrived, release } = heldPictures();
    await using rig = await openRig(make, { open });
    const feed: FeedPage = await rig.page();
    const asked: Promise<unknown> = feed.read(middleOf(5)).catch((thrown: unknown) => thrown);
    await arrived;
    await feed.closeFeed();
    expect(String(await asked)).toContain("The feed of the video was closed");
    release();
    await expect(feed.read(middleOf(6))).rejects.toThrow("The feed of the video was closed");
    expect(await feed.account()).toMatchObject({ bytes: 0, liveFrames: 0, closedTwice: 0 });
  });
});

/** Pictures that come only when they are released. */
function heldPictures(): { readonly open: OpenVideoPictures; readonly arrived: Promise<void>; release(): void } {
  let [onArrived, release] = [() => {}, () => {}];
  const arrived = new Promise<void>((resolve) => (onArrived = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  const open: OpenVideoPictures = async (path, options) => {
    const pictures = await openVideoPictures(path, options);
    return {
      async at(seconds, signal) {
        onArrived();
        await Promise.race([released, new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))]);
        return pictures.at(seconds, signal);
      },
      [Symbol.asyncDispose]: () => pictures[Symbol.asyncDispose](),
    };
  };
  return { open, arrived, release };
}

describe.each(injectors)("what pictures look like by %s", (_, injector) => {
  it("is what a browser shows of the same JPEG", async () => {
    const size: Size = { width: 96, height: 64 };
    const data: Uint8Array = await runFfmpeg([
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=96x64",
      "-frames:v",
      "1",
      "-f",
      "mjpeg",
      "-q:v",
      "2",
      "pipe:1",
    ]);
    await using page = await browser.newPage(size);
    await navigate(page, address.url);
    const seen: SeenPicture = await seeOne({ type: "image/jpeg", data, start: 0, end: 1 }, { page, injector, facts: { size } });
    const shown: string = await page.evaluate(
      `(async () => {
      const image = new Image();
      image.src = "data:image/jpeg;base64,${toBase64(data)}";
      await image.decode();
      const context = new OffscreenCanvas(96, 64).getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      return new Uint8Array(context.getImageData(0, 0, 96, 64).data.buffer).toBase64();
    })()`,
      unchecked(),
    );
    expect(Buffer.compare(seen.data, fromBase64(shown))).toBe(0);
    // It is a picture of many colours.
    expect(new Set(new Uint32Array(seen.data.buffer, 0, 96 * 64)).size).toBeGreaterThan(100);
  });

  it("is transparent where it is, with the colours that it has there", async () => {
    const size: Size = { width: 64, height: 8 };
    const colors = [
      [200, 100, 50, 128],
      [10, 250, 30, 20],
      [1, 2, 3, 255],
      [255, 255, 255, 0],
      [123, 45, 67, 200],
      [40, 200, 90, 64],
    ] as const;
    const raw: Uint8Array = Uint8Array.from({ length: 64 * 8 * 4 }, (_, at) => colors[(at >> 2) % colors.length]![at & 3]!);
    const data: Uint8Array = await runFfmpeg(
      ["-f", "rawvideo", "-pixel_format", "rgba", "-video_size", "64x8", "-i", "pipe:0", "-f", "image2pipe", "-c:v", "png", "pipe:1"],
      [raw],
    );
    await using page = await browser.newPage(size);
    await navigate(page, address.url);
    const seen: SeenPicture = await seeOne(
      { type: "image/png", data, start: 0, end: 1 },
      { page, injector, facts: { size, hasAlpha: true } },
    );
    for (const [at, [red, green, blue, alpha]] of colors.entries()) {
      const [seenRed, seenGreen, seenBlue, seenAlpha] = seen.data.subarray(at * 4);
      expect(seenAlpha).toBe(alpha);
      if (alpha === 0) continue;
      for (const [is, shall] of [
        [seenRed, red],
        [seenGreen, green],
        [seenBlue, blue],
      ] as const)
        expect(Math.abs(is! - shall)).toBeLessThanOrEqual(tolerance(alpha));
    }
  });

  it("is as large as the video is shown, also where its pixels are not square", async () => {
    const data: Uint8Array = await runFfmpeg(["-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", "-f", "mjpeg", "pipe:1"]);
    await using page = await browser.newPage(barCodeSize);
    await navigate(page, address.url);
    const seen: SeenPicture = await seeOne(
      { type: "image/jpeg", data, start: 0, end: 1 },
      { page, injector, facts: { size: { width: 64, height: 32 } } },
    );
    expect([seen.width, seen.height]).toEqual([64, 32]);
  });
});

describe("pictures that pages fetch", () => {
  const injector = (openPictures: OpenVideoPictures): FrameInjector => url({ openPictures, openServer: openPictureServer });

  it("come to a page that may reach nothing but itself", async () => {
    const refused: string[] = [];
    const network = { access: "none", origin: new URL(address.url).origin } as const;
    await using closed = await launchBrowser({ flags: [], network, onWarning: (reason) => void refused.push(reason) });
    await using rig = await openRig(injector);
    await using page = await closed.newPage(barCodeSize);
    await navigate(page, address.url);
    const feed: FeedPage = await openFeedPage({ page, browser: closed }, rig.session, video);
    expect(await feed.read(middleOf(3), middleOf(80))).toEqual([3, 80]);
    await using other = await serveLoopback();
    await expect(page.evaluate(`fetch("http://127.0.0.1:${other.port}/")`, unchecked())).rejects.toThrow("Failed to fetch");
    expect(refused).toEqual([expect.stringContaining(`http://127.0.0.1:${other.port}, which network: "none" forbids`)]);
    expect(other.asked).toEqual([]);
  });

  it("come to a document of ours that no server of this host gave", async () => {
    await using rig = await openRig(injector);
    await using page = await browser.newPage(barCodeSize);
    await openOwnDocument(page);
    const feed: FeedPage = await openFeedPage({ page, browser }, rig.session, video);
    expect(await feed.read(middleOf(3), middleOf(80))).toEqual([3, 80]);
  });

  it("are fetched and decoded by the browser's own functions, whatever the page put in their place", async () => {
    await using rig = await openRig(injector);
    await using page = await browser.newPage(barCodeSize);
    const frameRate = { numerator: RATE, denominator: 1 };
    await page.send("Page.addScriptToEvaluateOnNewDocument", { source: compositionScript({ composition: defaultComposition, frameRate }) });
    await page.send("Page.addScriptToEvaluateOnNewDocument", {
      source: `for (const name of ["fetch", "createImageBitmap", "setTimeout"]) window[name] = () => { throw new Error("the page's own " + name); };
        Response.prototype.blob = () => { throw new Error("the page's own blob"); };`,
    });
    await navigate(page, address.url);
    const feed: FeedPage = await openFeedPage({ page, browser }, rig.session, video);
    expect(await feed.read(middleOf(3), middleOf(80))).toEqual([3, 80]);
  });

  it("are asked for again where a connection breaks, and fail in words where it breaks again", async () => {
    let broken = 0;
    const breaking = async (): Promise<PictureServer> => {
      const server: PictureServer = await openPictureServer();
      const offer = (picture: CachedPicture): string => (broken-- > 0 ? `http://127.0.0.1:${server.port}/gone` : server.offer(picture));
      return { ...server, offer };
    };
    await using rig = await openRig((openPictures) => url({ openPictures, openServer: breaking }));
    const feed: FeedPage = await rig.page();
    broken = 1;
    expect(await feed.read(middleOf(3))).toEqual([3]);
    broken = 2;
    await expect(feed.read(middleOf(9))).rejects.toThrow(/status 404|Failed to fetch/);
    expect(await feed.read(middleOf(9))).toEqual([9]);
    expect(await feed.account()).toMatchObject({ asked: 5, closedTwice: 0 });
  });

  it("stay with those who know their address, and are given once", async () => {
    const server: PictureServer = await openPictureServer();
    try {
      const data: Uint8Array = Uint8Array.of(1, 2, 3);
      const address: string = server.offer({ type: "image/png", data, start: 0, end: 1 });
      expect((await fetch(new URL("/0", address))).status).toBe(404);
      const { headers, status } = await fetch(address, { method: "OPTIONS" });
      expect([status, headers.get("access-control-allow-private-network")]).toEqual([204, "true"]);
      const response: Response = await fetch(address);
      expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([
        200,
        "image/png",
        "no-store",
      ]);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(data);
      expect((await fetch(address)).status).toBe(404);
    } finally {
      await server.close();
    }
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow("fetch failed");
  });

  it("of which nobody asked for too many are forgotten, the oldest first", async () => {
    const server: PictureServer = await openPictureServer();
    try {
      const data = new Uint8Array(24 * 1024 * 1024);
      const [first, second, third] = [1, 2, 3].map(() => server.offer({ type: "image/png", data, start: 0, end: 1 }));
      const statuses: number[] = [];
      for (const one of [first, second, third]) {
        const response: Response = await fetch(one!);
        await response.arrayBuffer();
        statuses.push(response.status);
      }
      expect(statuses).toEqual([404, 200, 200]);
    } finally {
      await server.close();
    }
  });
});

it.each(injectors)("%s says whether ffmpeg decodes a video", async (_, make) => {
  const { probe } = make(openVideoPictures);
  expect(await probe(video.facts, {})).toMatchObject({ ok: true });
  const unknown = { ...video.facts, video: null };
  expect(await probe(unknown, {})).toMatchObject({ ok: false, reasons: [expect.stringContaining("holds no pictures")] });
});

it("says what an ffmpeg lacks, and that none is there", async () => {
  const poor: string = folder.path("poor-ffmpeg");
  await writeFile(
    poor,
    `#!/bin/sh\ncase "$*" in\n*-version*) echo "ffmpeg version 7.0-poor";;\n*-decoders*) echo " V....D h264 H.264";;\nesac\n`,
  );
  await chmod(poor, 0o755);
  const { probe } = base64({ executablePath: poor });
  expect(await probe(video.facts, {})).toMatchObject({ ok: true });
  const vp9 = { ...video.facts, video: { ...video.facts.video!, codec: "vp09.00.10.08" } };
  expect(await probe(vp9, {})).toMatchObject({
    ok: false,
    reasons: [expect.stringMatching(/built without vp9, libvpx-vp9, which decodes vp09/)],
  });
  const alpha = { ...vp9, video: { ...vp9.video, hasAlpha: true } };
  expect(await probe(alpha, {})).toMatchObject({
    ok: false,
    reasons: [expect.stringMatching(/without libvpx-vp9, .* with its transparency/)],
  });
  const missing = await base64({ executablePath: folder.path("none") }).probe(video.facts, {});
  expect(missing).toMatchObject({ ok: false, error: { code: "ffmpeg-missing" } });
});
