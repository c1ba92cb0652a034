import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Size } from "../../src/core/frame.ts";
import { CLEAR_ALPHA, EVEN_MS, evenMs, GREY_STEP, unevenFrameAt, unevenMs, writeAnimatedPictures } from "../support/animated-pictures.ts";
import { hashesOf, leftEdge, openComputedPage, pixelAt, scattered, type ComputedPage } from "../support/computed-pages.ts";
import { LEVEL_RATE, LEVEL_STEP, LEVELS, LIGHT, SHORT_LEVELS, writeLevelVideos } from "../support/level-videos.ts";
import { libraryPages } from "../support/library-pages.ts";
import type { Scratch } from "../support/render.ts";

const size: Size = { width: 400, height: 160 };
const frameRate = 30;
const frames = 60;
const all: readonly number[] = Array.from({ length: frames }, (_, index) => index);

let folder: Scratch;

beforeAll(async () => {
  folder = await libraryPages();
  await writeAnimatedPictures(folder);
  await writeLevelVideos(folder);
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** Those that go back load the page again where it cannot go back by itself: a few of them do. */
const orders: Readonly<Record<"random" | "sequential", readonly number[]>> = {
  random: scattered(frames),
  sequential: [40, 12, 13, 59, 0, 30],
};

/** Where the left edge of a row's box must be, in CSS pixels, at a time in seconds; null where there is none. */
type Place = (seconds: number) => number | null;

interface Case {
  readonly page: string;
  readonly adapters: readonly string[];
  readonly access: "random" | "sequential";
  readonly rows: readonly Place[];
  /** How far an edge may be from its place: less than a pixel lies between two frames of any of them. */
  readonly tolerance?: number;
}

/** From 0 to `end` in the time from `from` to `to`. */
const linear =
  (end: number, from: number, to: number, start = 0): Place =>
  (seconds) =>
    start + (end - start) * Math.min(1, Math.max(0, (seconds - from) / (to - from)));

/** There and back again and again. */
const backAndForth =
  (end: number, once: number): Place =>
  (seconds) =>
    end * (1 - Math.abs(((seconds / once) % 2) - 1));

/** The time of the first frame at or after a time. */
const frameAt = (seconds: number): number => Math.ceil(seconds * frameRate - 1e-9) / frameRate;

const gsapRows: readonly Place[] = [
  linear(300, 0, 2),
  // Its time scale holds for its delay, too.
  linear(300, 0.25, 1.25),
  linear(300, 0, 2),
  backAndForth(300, 0.5),
  (seconds) => (seconds < 1 ? linear(100, 0.1, 0.5)(seconds) : linear(300, 1, 1.5, 100)(seconds)),
  () => 0,
  linear(300, 0, 2),
];

const animeRows: readonly Place[] = [
  linear(300, 0, 2),
  linear(300, 0.5, 1.5),
  backAndForth(300, 0.5),
  () => 0,
  (seconds) => (seconds < frameAt(0.5) ? linear(100, 0, 0.5)(seconds) : linear(250, frameAt(0.5), frameAt(0.5) + 1, 100)(seconds)),
  linear(200, 0.5, 1.5),
];

/** Its file has a frame more than the way takes, so that the last one is shown at all. */
const lottieRows: readonly Place[] = [
  linear(300, 0, 2),
  (seconds) => linear(300, 0, 2)((seconds * 2) % 2.1),
  () => 0,
  linear(300, 0, 2),
  (seconds) => 300 - linear(300, 0, 2)(seconds)!,
  // Once more, and then its last frame stays.
  (seconds) => (seconds * 40 < 41 ? linear(300, 0, 20)((seconds * 40) % 21) : 300),
  // Paused before the frame at half a second.
  (seconds) => linear(300, 0, 2)(Math.min(seconds, 14 / frameRate)),
];

const cases: readonly Case[] = [
  {
    page: "smil",
    adapters: ["smil"],
    access: "sequential",
    rows: [linear(300, 0, 2), linear(300, 0.5, 1.5), (seconds) => (seconds < 0.5 ? null : linear(300, 0.5, 2.5)(seconds))],
  },
  { page: "gsap", adapters: ["gsap"], access: "random", rows: gsapRows },
  { page: "gsap-module", adapters: ["gsap"], access: "random", rows: gsapRows },
  { page: "gsap-frame", adapters: ["gsap"], access: "random", rows: gsapRows },
  {
    page: "gsap-callbacks",
    adapters: ["gsap"],
    access: "sequential",
    rows: [
      (seconds) => (seconds === 0 ? 0 : seconds < 0.5 ? 50 : 150),
      (seconds) => (seconds < 1 ? linear(100, 0, 0.5)(seconds) : linear(300, 1, 1.5, 100)(seconds)),
      (seconds) => seconds * 150,
    ],
  },
  { page: "animejs", adapters: ["animejs"], access: "sequential", rows: animeRows },
  { page: "animejs-module", adapters: ["animejs"], access: "sequential", rows: animeRows },
  { page: "lottie", adapters: ["lottie"], access: "sequential", rows: lottieRows },
  { page: "lottie-module", adapters: [], access: "sequential", rows: lottieRows },
  { page: "three", adapters: [], access: "sequential", rows: [linear(300, 0, 2), backAndForth(300, 0.5), linear(300, 0, 2)] },
  { page: "d3", adapters: [], access: "sequential", rows: [linear(300, 0, 2), linear(300, 0, 2)] },
  // What it runs by itself has its time in whole milliseconds.
  {
    page: "motion",
    adapters: ["animations"],
    access: "sequential",
    tolerance: 0.08,
    rows: [linear(300, 0, 2), linear(300, 0, 2), linear(300, 0, 2)],
  },
];

async function expectSameHashes(open: ComputedPage, order: readonly number[], hashes: ReadonlyMap<number, string>): Promise<void> {
  const others: ReadonlyMap<number, string> = await hashesOf(open, order);
  expect(others).toEqual(new Map([...others.keys()].map((index) => [index, hashes.get(index)])));
}

describe.each(cases)("$page", ({ page, adapters, access, rows, tolerance = 0.03 }) => {
  let open: ComputedPage;
  let hashes: ReadonlyMap<number, string>;

  beforeAll(async () => {
    open = await openComputedPage(folder.path(`${page}.html`), size, frameRate);
  });

  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
  });

  it("is driven by what its library needs", () => {
    expect(open.facts).toMatchObject({ adapters, access, warnings: [] });
  });

  it("shows each frame as it is at its time", async () => {
    const wrong: string[] = [];
    for await (const picture of open.read(all)) {
      rows.forEach((place, row) => {
        const expected: number | null = place(picture.index / frameRate);
        const edge: number | null = leftEdge(picture, row * 20 + 10);
        const isRight: boolean = expected === null || edge === null ? edge === expected : Math.abs(edge - expected) <= tolerance;
        if (!isRight) wrong.push(`frame ${picture.index}, row ${row}: ${edge} instead of ${expected}`);
      });
    }
    expect(wrong.slice(0, 12)).toEqual([]);
  });

  it("shows the same pictures in any order", async () => {
    hashes = await hashesOf(open, all);
    await expectSameHashes(open, orders[access], hashes);
  });

  it("shows the same pictures in another browser", async () => {
    await using other = await openComputedPage(folder.path(`${page}.html`), size, frameRate);
    expect(await hashesOf(other, all)).toEqual(hashes);
  });
});

describe("pictures of several frames", () => {
  /** Which frame of its picture each row must show; null before it comes. */
  const rows: readonly ((ms: number) => number | null)[] = [
    (ms) => unevenFrameAt(ms % unevenMs),
    (ms) => unevenFrameAt(ms),
    (ms) => Math.floor((ms % evenMs) / EVEN_MS + 1e-6),
    (ms) => Math.floor((ms % evenMs) / EVEN_MS + 1e-6),
    () => 0,
    (ms) => unevenFrameAt(ms % unevenMs),
    (ms) => unevenFrameAt(ms % unevenMs),
    (ms) => (ms < 500 ? null : unevenFrameAt((ms - 500) % unevenMs)),
  ];
  let open: ComputedPage;

  beforeAll(async () => {
    open = await openComputedPage(folder.path("images.html"), size, frameRate);
  });

  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
  });

  it("show each frame as long as it lasts, as large as they are", async () => {
    const wrong: string[] = [];
    for await (const picture of open.read(all)) {
      const ms: number = (picture.index * 1000) / frameRate;
      const clear: number = 255 + ((rows[3]!(ms)! * GREY_STEP - 255) * CLEAR_ALPHA) / 255;
      if (Math.abs(pixelAt(picture, 108, 8)[0]! - clear) > 3)
        wrong.push(`frame ${picture.index}: ${pixelAt(picture, 108, 8)[0]} instead of ${clear}`);
      rows.forEach((frameAt, row) => {
        const frame: number | null = frameAt(ms);
        const inside: number = pixelAt(picture, 15, row * 20 + 15)[0]!;
        const outside: number[] = [pixelAt(picture, 16, row * 20 + 15)[0]!, pixelAt(picture, 15, row * 20 + 16)[0]!];
        const expected: number = frame === null ? 255 : frame * GREY_STEP;
        if (Math.abs(inside - expected) > 3) wrong.push(`frame ${picture.index}, row ${row}: ${inside} instead of ${expected}`);
        if (outside.some((grey) => grey !== 255)) wrong.push(`frame ${picture.index}, row ${row}: ${outside.join(", ")} around it`);
      });
    }
    expect(wrong.slice(0, 12)).toEqual([]);
  });

  it("show the same in any order, and in another browser", async () => {
    const hashes: ReadonlyMap<number, string> = await hashesOf(open, all);
    await expectSameHashes(open, orders.sequential, hashes);
    await using other = await openComputedPage(folder.path("images.html"), size, frameRate);
    expect(await hashesOf(other, all)).toEqual(hashes);
  });
});

describe("videos", () => {
  /** The level of the frame that is there so many seconds after the first one. */
  const level = (seconds: number, count: number = LEVELS): number =>
    Math.min(count - 1, Math.max(0, Math.floor(seconds * LEVEL_RATE + 1e-6))) * LEVEL_STEP;
  const shortSeconds: number = SHORT_LEVELS / LEVEL_RATE;

  const pages: readonly {
    page: string;
    access: "random" | "sequential";
    duration: number;
    rows: readonly ((seconds: number) => number)[];
  }[] = [
    {
      ...{ page: "media", access: "random", duration: 2 },
      rows: [
        (seconds) => level(seconds),
        (seconds) => level(seconds % shortSeconds, SHORT_LEVELS),
        (seconds) => level(0.2 + Math.min(1, Math.max(0, seconds - 0.5))),
        (seconds) => level(seconds * 2),
        // Nobody plays it.
        () => LIGHT,
      ],
    },
    {
      ...{ page: "played-media", access: "sequential", duration: 2 },
      rows: [
        (seconds) => level(seconds - 0.5),
        (seconds) => level(seconds < 0.5 ? seconds : seconds < 1 ? 0.5 : seconds - 0.8),
        (seconds) => level(seconds, SHORT_LEVELS),
        (seconds) => level(seconds - shortSeconds, SHORT_LEVELS),
        (seconds) => level(seconds),
        // Heard: play, playing, and the promise.
        (seconds) => (seconds < 0.5 ? 4 : 16),
      ],
    },
  ];

  describe.each(pages)("$page", ({ page, access, duration, rows }) => {
    let open: ComputedPage;

    beforeAll(async () => {
      open = await openComputedPage(folder.path(`${page}.html`), size, frameRate);
    });

    afterAll(async () => {
      await open?.[Symbol.asyncDispose]();
    });

    it("are played by time", () => {
      expect(open.facts).toMatchObject({ adapters: ["media"], access, duration: { value: duration, by: "animations" }, warnings: [] });
    });

    it("show the frame of each time", async () => {
      const wrong: string[] = [];
      for await (const picture of open.read(all)) {
        rows.forEach((levelAt, row) => {
          const expected: number = levelAt(picture.index / frameRate);
          const shown: number = pixelAt(picture, 8, row * 20 + 8)[0]!;
          if (Math.abs(shown - expected) > 1) wrong.push(`frame ${picture.index}, row ${row}: ${shown} instead of ${expected}`);
        });
      }
      expect(wrong.slice(0, 12)).toEqual([]);
    });

    it("show the same in any order, and in another browser", async () => {
      const hashes: ReadonlyMap<number, string> = await hashesOf(open, all);
      await expectSameHashes(open, orders[access], hashes);
      await using other = await openComputedPage(folder.path(`${page}.html`), size, frameRate);
      expect(await hashesOf(other, all)).toEqual(hashes);
    });
  });
});

describe("what cannot be played by time is said", () => {
  /** Serves what it is given by path, whole and without ranges. */
  async function serve(
    files: Readonly<Record<string, { type: string; body: Uint8Array | string }>>,
  ): Promise<{ url: string } & AsyncDisposable> {
    const server: Server = createServer(({ url }, response) => {
      const file = files[url ?? ""];
      response.writeHead(file ? 200 : 404, { "content-type": file?.type ?? "text/plain" }).end(file?.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  it("a video whose server answers no byte ranges", async () => {
    const html = '<meta name="framewright" content="duration=2"><video src="/clip.webm" autoplay muted></video>';
    await using server = await serve({
      "/": { type: "text/html", body: html },
      "/clip.webm": { type: "video/webm", body: await readFile(folder.path("levels.webm")) },
    });
    await using open = await openComputedPage(`${server.url}/`, size, frameRate);
    await hashesOf(open, [30, 31]);
    expect(open.warnings).toEqual([
      `The video ${server.url}/clip.webm could not be brought to 1 s, and stands still: serve it with byte ranges (Accept-Ranges), or from a file`,
    ]);
  });

  it("animated pictures of other origins, of style sheets, and of SVG", async () => {
    await using other = await serve({ "/far.gif": { type: "image/gif", body: await readFile(folder.path("once.gif")) } });
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"><animate attributeName="x" dur="1s" to="9"/></rect></svg>';
    await writeFile(folder.path("moving.svg"), svg);
    const html = `<meta name="framewright" content="duration=2"><body style="background: url(uneven.gif)"><img src="${other.url}/far.gif"><img src="moving.svg">`;
    await using open = await openComputedPage(await folder.page(html, "unplayable.html"), size, frameRate);
    await hashesOf(open, [0]);
    const { origin } = new URL(open.facts.url);
    expect(new Set([...open.facts.warnings, ...open.warnings])).toEqual(
      new Set([
        `The picture ${origin}/moving.svg is an SVG with animations, which plays in real time: put its markup into the page, where it is seen`,
        `The picture ${origin}/uneven.gif of a style sheet plays in real time if it is animated: show it in an <img>`,
        `The picture ${other.url}/far.gif cannot be read, and plays in real time if it is animated: serve it from the page's origin or with CORS headers`,
      ]),
    );
  });
});
