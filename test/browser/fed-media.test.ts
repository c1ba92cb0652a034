import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { beginFrame } from "../../src/capture/begin-frame.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import type { CaptureSession, PageFacts } from "../../src/core/capture.ts";
import type { HostPixels, Size } from "../../src/core/frame.ts";
import { openCaptures, type CaptureToOpen, type OpenCaptures } from "../support/open-captures.ts";
import { LEVEL_STEP, writeLevelVideos } from "../support/level-videos.ts";
import { mediaLink, type MediaLinkDouble } from "../support/media-link.ts";
import {
  PAINTED_BLUE,
  paintedFile,
  paintedLink,
  RED_STEP,
  serveMedia,
  type MediaServer,
  type ServedFile,
} from "../support/painted-videos.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodePictures } from "../support/video-frames.ts";
import { unchecked } from "../support/unchecked.ts";

const RATE = 30;
const captures: Readonly<Record<string, CaptureToOpen>> = {
  "html-in-canvas": { capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "RGBA" },
  screenshot: { capture: screenshot(), frameFormat: "PNG" },
  "begin-frame": { capture: beginFrame(), frameFormat: "PNG" },
};

/** A page whose videos are fed by a test. */
interface FedPage extends AsyncDisposable {
  readonly server: MediaServer;
  readonly link: MediaLinkDouble;
  readonly session: CaptureSession;
  readonly facts: PageFacts;
  readonly warnings: readonly string[];
}

const json = (body: string): ServedFile => ({ type: "application/json", body });
/** Of two seconds, of half a second, and one of another colour. */
const files: Readonly<Record<string, ServedFile>> = {
  "/clip": json(paintedFile()),
  "/short": json(paintedFile({ frames: 15 })),
  "/other": json(paintedFile({ green: 200 })),
  "/text": { type: "text/plain", body: "no video" },
};

async function openFed(
  html: string,
  size: Size,
  {
    capture = "html-in-canvas",
    more = {},
    link = paintedLink(),
  }: { capture?: string; more?: Record<string, ServedFile>; link?: MediaLinkDouble } = {},
): Promise<FedPage> {
  const server: MediaServer = await serveMedia({ ...files, ...more, "/": { type: "text/html", body: html } });
  try {
    const open: OpenCaptures = await openCaptures(`${server.url}/`, size, RATE, [captures[capture]!], {}, 15_000, link.attach);
    const [session] = open.sessions as [CaptureSession];
    return {
      ...{ server, link, session, facts: session.facts, warnings: open.warnings },
      async [Symbol.asyncDispose]() {
        await open[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  } catch (thrown) {
    await server[Symbol.asyncDispose]();
    throw thrown;
  }
}

type Pixel = readonly [red: number, green: number, blue: number];
/** The colour of a place of a picture. */
type Look = (x: number, y: number) => Pixel;

async function looksOf({ session }: FedPage, size: Size, start: number, end: number): Promise<Look[]> {
  const pictures: Uint8Array[] = [];
  let format = "RGBA";
  for await (const { pixels, close } of session.read({ start, end }, {})) {
    if (pixels !== null) format = pixels.format;
    pictures.push(pixels === null ? pictures.at(-1)! : Uint8Array.from((pixels as HostPixels).data));
    close();
  }
  const isRgba: boolean = format === "RGBA";
  const raw: readonly Uint8Array[] = isRgba ? pictures : await decodePictures(pictures, size);
  return raw.map((bytes) => (x, y) => {
    const at: number = (y * size.width + x) * (isRgba ? 4 : 3);
    return [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!];
  });
}

/** The colour of a frame of a file; `count` frames it has. */
const frame = (index: number, green = 0, count = 60): Pixel => [Math.min(count - 1, Math.max(0, index)) * RED_STEP, green, PAINTED_BLUE];
/** That of the frame that begins by a time of the file. */
const at = (seconds: number, green = 0, count = 60): Pixel => frame(Math.floor(seconds * RATE + 1e-6), green, count);

const isNear = (one: Pixel, other: Pixel): boolean => one.every((channel, index) => Math.abs(channel - other[index]!) <= 2);

type Row = (seconds: number, index: number) => Pixel;
const ROW = 20;

/** What is wrong in a page of videos of 16 × 16 pixels upon one another, in words. */
function wrongRows(looks: readonly Look[], rows: readonly Row[], firstIndex = 0): string[] {
  return looks.flatMap((look, offset) => {
    const index: number = firstIndex + offset;
    return rows.flatMap((row, number) => {
      const [expected, shown] = [row(index / RATE, index), look(8, number * ROW + 8)];
      return isNear(expected, shown) ? [] : [`frame ${index}, row ${number}: ${shown.join()} instead of ${expected.join()}`];
    });
  });
}

const style = `<style>
  body { margin: 0; background: white }
  video, canvas, iframe, div { display: block; width: 16px; height: 16px; margin: 0 0 4px; border: 0 }
</style>`;

const WHITE: Pixel = [255, 255, 255];
const POSTER: Pixel = [0, 255, 0];
const poster =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='64' height='64'%3E%3Crect width='64' height='64' fill='%2300ff00'/%3E%3C/svg%3E";

const ways: readonly (readonly [html: string, row: Row])[] = [
  [`<video src="clip" autoplay></video>`, (seconds) => at(seconds)],
  [`<video src="short" autoplay muted loop></video>`, (seconds) => at(seconds % 0.5)],
  [
    `<video src="clip" data-start="0.5" data-media-start="0.2" data-duration="1"></video>`,
    (seconds) => at(0.2 + Math.min(1, Math.max(0, seconds - 0.5))),
  ],
  [`<video src="clip" autoplay onloadedmetadata="this.playbackRate = 2"></video>`, (seconds) => at(seconds * 2)],
  [
    `<video autoplay><source src="gone" type="video/mp4"><source src="clip" type="video/never-heard-of"><source src="other" type="video/webm"></video>`,
    (seconds) => at(seconds, 200),
  ],
  [`<video src="clip"></video>`, () => frame(0)],
  [`<video src="clip" data-start="0" data-playback-rate="0.1"></video>`, (seconds) => at(seconds * 0.1)],
  [`<video src="short" data-start="0" data-playback-rate="5" data-duration="9" loop></video>`, (seconds) => at((seconds * 5) % 0.5)],
  [`<video src="short" data-start="0.2" data-duration="1.5"></video>`, (seconds) => at(seconds - 0.2, 0, 15)],
  [
    `<div id="host"></div><script>document.querySelector("#host").attachShadow({ mode: "closed" }).innerHTML = '<video src="clip" autoplay style="width: 16px; height: 16px; display: block"></video>'</script>`,
    (seconds) => at(seconds),
  ],
  [
    `<iframe srcdoc="<body style='margin: 0'><video src='other' autoplay style='width: 16px; height: 16px'></video>"></iframe>`,
    (seconds) => at(seconds, 200),
  ],
  [
    `<canvas id="drawn" width="16" height="16"></canvas><script>
      const nowhere = document.createElement("video");
      nowhere.src = "clip";
      nowhere.play();
      const context = document.querySelector("#drawn").getContext("2d");
      requestAnimationFrame(function draw() { context.drawImage(nowhere, 0, 0, 16, 16); requestAnimationFrame(draw) });
    </script>`,
    (seconds) => at(seconds),
  ],
  [
    `<video id="sought" src="clip"></video><script>
      requestAnimationFrame(function seek(now) {
        const { duration } = document.querySelector("#sought");
        document.querySelector("#sought").currentTime = duration - 1 / 60 - now / 1000;
        requestAnimationFrame(seek);
      });
    </script>`,
    (_, index) => frame(59 - index),
  ],
  [`<video src="clip" poster="${poster}"></video>`, () => POSTER],
  [`<video src="clip" preload="none"></video>`, () => WHITE],
  [`<video src="clip" preload="none" poster="${poster}" data-start="0"></video>`, (seconds) => at(seconds)],
  [
    `<video id="blob" autoplay></video><script>
      const url = URL.createObjectURL(new Blob([${JSON.stringify(paintedFile({ green: 100 }))}]));
      document.querySelector("#blob").src = url;
      URL.revokeObjectURL(url);
    </script>`,
    (seconds) => at(seconds, 100),
  ],
  [`<video src='data:application/json,${paintedFile({ green: 60 })}' autoplay></video>`, (seconds) => at(seconds, 60)],
  [
    `<canvas id="called" width="16" height="16"></canvas><script>
      const counted = document.createElement("video");
      counted.src = "other";
      counted.play();
      counted.requestVideoFrameCallback(function draw(now, { mediaTime }) {
        // Its own picture, and nothing where the time is wrong.
        if (Math.abs(mediaTime - now / 1000) < 0.001) document.querySelector("#called").getContext("2d").drawImage(counted, 0, 0, 16, 16);
        counted.requestVideoFrameCallback(draw);
      });
    </script>`,
    (seconds) => at(seconds, 200),
  ],
  [`<video src="clip#t=1" autoplay></video>`, (seconds) => at(1 + seconds)],
];

describe.each(Object.keys(captures))("fed videos in %s", (capture) => {
  const size: Size = { width: 32, height: ways.length * ROW };
  let page: FedPage;

  beforeAll(async () => {
    page = await openFed(`<!doctype html>${style}${ways.map(([html]) => html).join("")}`, size, { capture });
  });

  afterAll(async () => {
    await page?.[Symbol.asyncDispose]();
  });

  it("show the right picture at every frame, and nothing of them is downloaded", async () => {
    const rows: readonly Row[] = ways.map(([, row]) => row);
    const looks: readonly Look[] = await looksOf(page, size, 0, 60);
    expect(wrongRows(looks, rows).slice(0, 12)).toEqual([]);
    expect(page.server.played).toEqual([]);
    expect(page.warnings).toEqual([]);
  });

  it("show the same in another order", async () => {
    const rows: readonly Row[] = ways.map(([, row]) => row);
    for (const index of [40, 7]) expect(wrongRows(await looksOf(page, size, index, index + 1), rows, index)).toEqual([]);
  });
});

describe("fed videos that change", () => {
  const at10 = (script: string): string => `<script>setTimeout(() => { ${script} }, 10000 / 30 - 1)</script>`;
  const before =
    (index: number, row: Row, otherwise: Row): Row =>
    (seconds, now) =>
      (now < index ? row : otherwise)(seconds, now);
  const white: Row = () => WHITE;
  const played: Row = (seconds) => at(seconds);
  const changes: readonly (readonly [html: string, row: Row])[] = [
    [
      `<video id="hidden" src="clip" autoplay style="visibility: hidden"></video>${at10("hidden.style.visibility = ''")}`,
      before(10, white, played),
    ],
    [
      `<div><video id="none" src="clip" autoplay style="display: none"></video></div>${at10("none.style.display = 'block'")}`,
      before(10, white, played),
    ],
    // One that stands still is not written again, and shows its picture even so.
    [
      `<div><video id="still" src="clip" style="display: none"></video></div>${at10("still.style.display = 'block'")}`,
      before(10, white, () => frame(0)),
    ],
    [
      `<div id="from"><video id="moved" src="clip" autoplay></video></div><div id="to"></div>${at10("to.append(moved)")}`,
      before(10, played, white),
    ],
    [``, before(10, white, played)],
    [
      `<div id="still-from"><video id="still-moved" src="clip"></video></div>${at10("const v = document.querySelector('#still-moved'); v.remove(); document.querySelector('#still-from').append(v)")}`,
      () => frame(0),
    ],
    [
      `<div id="holder"></div>${at10("holder.innerHTML = '<video src=other autoplay></video>'")}`,
      before(10, white, (_, index) => frame(index - 10, 200)),
    ],
    [
      `<video id="changed" src="clip" autoplay></video>${at10("changed.src = 'other'; changed.play()")}`,
      before(10, played, (_, index) => frame(index - 10, 200)),
    ],
    [`<video id="paused" src="clip" autoplay></video>${at10("paused.pause()")}`, before(10, played, () => frame(9))],
    [
      `<video id="back" src="clip" autoplay></video>${at10("back.currentTime = 1")}`,
      before(10, played, (_, index) => frame(30 + index - 10)),
    ],
    [
      `<div id="place"><video src="clip" autoplay></video></div>${at10(
        "const left = place.firstChild; left.remove(); setTimeout(() => place.append(left), 10000 / 30)",
      )}`,
      before(10, played, (time, index) => (index < 20 ? WHITE : at(time))),
    ],
    [
      `<video data-start="0.5" data-duration="0.5" src="clip" id="slot"></video>${at10("slot.src = 'other'")}`,
      before(
        10,
        () => frame(0),
        (seconds) => at(Math.min(0.5, Math.max(0, seconds - 0.5)), 200),
      ),
    ],
  ];

  it.each(["html-in-canvas", "screenshot"])("show the picture of each frame in %s", async (capture) => {
    const size: Size = { width: 32, height: changes.length * ROW };
    const html = `<!doctype html>${style}<style>body > * { min-height: 16px }</style>${changes.map(([html]) => html).join("")}`;
    await using page: FedPage = await openFed(html, size, { capture });
    expect(
      wrongRows(
        await looksOf(page, size, 0, 30),
        changes.map(([, row]) => row),
      ).slice(0, 12),
    ).toEqual([]);
    expect(page.server.played).toEqual([]);
    expect([...page.facts.warnings, ...page.warnings]).toEqual([]);
  });
});

describe("a fed video is painted as the browser would", () => {
  const size: Size = { width: 480, height: 320 };
  const looks: readonly string[] = [
    "width: 120px; height: 60px",
    "width: 120px; height: 60px; object-fit: cover; object-position: 20% 80%",
    "width: 60px; height: 60px; object-fit: fill; border-radius: 50%; border: 4px solid red",
    "width: 80px; height: 60px; filter: blur(2px) hue-rotate(90deg); opacity: 0.6",
    "width: 80px; height: 60px; transform: rotate(30deg) scale(0.8); clip-path: circle(40%)",
    "width: 100px; height: 60px; object-fit: none; padding: 5px; background: linear-gradient(lime, navy); mix-blend-mode: multiply",
    // As wide and as high as it is.
    "",
  ];
  const paint = `(context, index) => {
    const colors = ["red", "lime", "blue", "yellow"];
    for (let at = 0; at < 4; at++) {
      context.fillStyle = colors[at];
      context.fillRect((at % 2) * 40, at < 2 ? 0 : 20, 40, 20);
    }
    context.clearRect(20, 10, 20, 10);
    context.fillStyle = "rgba(0, 0, 0, 0.5)";
    context.fillRect(30 + index, 15, 20, 15);
  }`;
  const box = (content: string, at: number): string =>
    `<div style="position: absolute; left: ${(at % 4) * 120}px; top: ${Math.floor(at / 4) * 90}px">${content}</div>`;
  const pageOf = (element: (css: string) => string): string => `<!doctype html><meta name="framewright" content="duration=1">
    <body style="margin: 0; background: repeating-linear-gradient(45deg, #ddd 0 10px, #fff 10px 20px)"><script>
      window.__paint = ${paint};
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: 80, height: 40 });
      __paint(canvas.getContext("2d"), 5);
      const picture = canvas.toDataURL();
    </script>${looks.map((css, at) => box(element(css), at)).join("")}
    <script>for (const image of document.querySelectorAll("img")) image.src = picture;</script>`;

  it.each(["html-in-canvas", "screenshot"])("in %s: fit, borders, filters, transforms, alpha, and its own size", async (capture) => {
    const more = { "/wide": json(paintedFile({ width: 80, height: 40 })) };
    await using video = await openFed(
      pageOf((css) => `<video src="wide" data-start="0" data-media-start="${5 / RATE}" data-duration="0.001" style="${css}"></video>`),
      size,
      { capture, more },
    );
    await using image = await openFed(
      pageOf((css) => `<img style="${css.includes("object-fit") ? css : `${css}; object-fit: contain`}">`),
      size,
      { capture },
    );
    const [[shown], [expected]] = [await looksOf(video, size, 0, 1), await looksOf(image, size, 0, 1)] as [[Look], [Look]];
    let [differing, furthest]: [number, number] = [0, 0];
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const distance: number = Math.max(...shown(x, y).map((channel, index) => Math.abs(channel - expected(x, y)[index]!)));
        if (distance > 8) differing++;
        furthest = Math.max(furthest, distance);
      }
    }
    // Scaled edges are smoothed otherwise.
    expect(differing, `${differing} pixels differ, by ${furthest} at most`).toBeLessThan(size.width * size.height * 0.01);
  });
});

describe("many fed videos", () => {
  it("thirty at once, of one source and of others, show their pictures at every frame", async () => {
    const size: Size = { width: 32, height: 30 * ROW };
    const sources: readonly string[] = Array.from({ length: 10 }, (_, at) => `many${at}`);
    const more = Object.fromEntries(sources.map((name, at) => [`/${name}`, json(paintedFile({ green: at * 20 }))]));
    // Each source is played by three: two alike, and one that runs ahead.
    const html: string = Array.from(
      { length: 30 },
      (_, at) => `<video src="${sources[at % 10]}" data-start="0" data-duration="9" data-media-start="${at < 20 ? 0 : 0.5}"></video>`,
    ).join("");
    await using page: FedPage = await openFed(`<!doctype html>${style}${html}`, size, { more });
    const rows: readonly Row[] = Array.from({ length: 30 }, (_, at): Row => (seconds) => [
      Math.floor((seconds + (at < 20 ? 0 : 0.5)) * RATE + 1e-6) * RED_STEP,
      (at % 10) * 20,
      PAINTED_BLUE,
    ]);
    expect(wrongRows(await looksOf(page, size, 0, 30), rows).slice(0, 12)).toEqual([]);
    // Two that show the same ask for one picture.
    expect(page.link.asked.filter(({ ask }) => ask === "feed")).toHaveLength(10);
    const statistics: { misses: number } = await page.session.page.evaluate("__framewrightMediaStatistics()", unchecked());
    expect(statistics.misses).toBe(2 * 10 * 30);
  });
});

describe("what a page sees of its fed media", () => {
  const size: Size = { width: 32, height: 32 };
  const textOf = (page: FedPage, expression: string): Promise<unknown> =>
    page.session.page.evaluate(`(() => { const view = frames[0] ?? window; return (${expression}); })()`, unchecked());

  it("events, times and sizes are those of the file, and streams and mutes are not seen", async () => {
    const html = `<!doctype html><video id="v"></video><script>
      window.heard = [];
      const v = document.querySelector("#v");
      const types = ["loadstart", "durationchange", "loadedmetadata", "loadeddata", "canplay", "canplaythrough", "play", "playing", "pause",
        "seeking", "seeked", "emptied", "error", "volumechange", "ended", "waiting", "resize"];
      for (const type of types) v.addEventListener(type, (event) => heard.push(type));
      v.src = "short";
      v.play();
      window.atOnce = [v.readyState, v.videoWidth, v.networkState, Number.isNaN(v.duration), v.paused];
    </script>`;
    await using page: FedPage = await openFed(html, size);
    await looksOf(page, size, 0, 20);
    expect(await textOf(page, "view.atOnce")).toEqual([0, 0, 2, true, false]);
    const types = ["loadstart", "durationchange", "resize", "loadedmetadata", "loadeddata", "canplay", "canplaythrough", "play", "playing"];
    expect(await textOf(page, "view.heard")).toEqual([...types, "pause", "ended"]);
    const state = `[v.readyState, v.networkState, v.error, v.duration, v.videoWidth, v.videoHeight, v.srcObject, v.muted, v.paused, v.ended,
      v.currentTime, v.seekable.length, v.seekable.end(0), v.currentSrc, v.seeking]`;
    expect(await textOf(page, `(({ v }) => ${state})({ v: view.document.querySelector("#v") })`)).toEqual([
      ...[4, 1, null, 0.5, 64, 64, null, false, true, true, 0.5, 1, 0.5, `${page.server.url}/short`, false],
    ]);
  });

  it("a page that seeks and waits for it draws the right picture", async () => {
    const html = `<!doctype html>${style}<canvas width="16" height="16"></canvas><script>
      const video = document.createElement("video");
      video.src = "clip";
      window.framewright = { duration: 1, async seek(seconds) {
        video.currentTime = 1 - seconds;
        await new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
        document.querySelector("canvas").getContext("2d").drawImage(video, 0, 0, 16, 16);
      } };
    </script>`;
    await using page: FedPage = await openFed(html, size);
    expect(page.facts.access).toBe("random");
    expect(wrongRows(await looksOf(page, size, 0, 30), [(_, index) => frame(30 - index)])).toEqual([]);
    expect(wrongRows(await looksOf(page, size, 12, 13), [(_, index) => frame(30 - index)], 12)).toEqual([]);
  });

  it("a page is told how long everything is before its load event, as by the browser", async () => {
    const html = `<!doctype html><video src="short"></video><script>
      window.addEventListener("load", () => { window.framewright = { duration: document.querySelector("video").duration } });
    </script>`;
    await using page: FedPage = await openFed(html, size);
    expect(page.facts.duration).toEqual({ value: 0.5, by: "contract" });
  });

  it("__hf.media: what the list says of its elements is played", async () => {
    const html = `<!doctype html>${style}<video id="one"></video><video id="two" src="other"></video><script>
      window.__hf = { duration: 1, seek() {}, media: [
        { elementId: "one", src: "clip", startTime: 0.5, endTime: 1, mediaOffset: 0.2 },
        { elementId: "two", src: "other", startTime: 0, endTime: 0.2 },
        { elementId: "music", src: "short", startTime: 0, endTime: 1 },
      ] };
    </script>`;
    const both: Size = { width: 32, height: 2 * ROW };
    await using page: FedPage = await openFed(html, both);
    const rows: readonly Row[] = [(seconds) => at(0.2 + Math.max(0, seconds - 0.5)), (seconds) => at(Math.min(0.2, seconds), 200)];
    expect(wrongRows(await looksOf(page, both, 0, 30), rows)).toEqual([]);
    expect(page.facts.media.map(({ kind, source, isUsed }) => [kind, new URL(source).pathname, isUsed])).toEqual([
      ["video", "/other", true],
      ["video", "/clip", true],
      ["audio", "/short", true],
    ]);
  });
});

describe("what is heard of fed media", () => {
  const size: Size = { width: 32, height: 32 };
  const more = {
    "/long.sound": json(paintedFile({ sounds: true })),
    "/short.sound": json(paintedFile({ frames: 15, sounds: true })),
    "/next.sound": json(paintedFile({ frames: 30, sounds: true })),
  };
  const clipsOf = async (page: FedPage): Promise<unknown[]> =>
    (await page.session.listen(60)).clips.map(({ source, start, duration, mediaStart, playbackRate, loopFrom }) =>
      [new URL(source).pathname, start, duration, mediaStart, playbackRate, loopFrom].map((value) =>
        typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value,
      ),
    );

  it("slots and what plays by itself, as attributes say them", async () => {
    const html = `<!doctype html><audio src="long.sound" data-start="0.5" data-duration="1" data-media-start="0.25" data-playback-rate="1.5"></audio>
      <audio src="short.sound" autoplay loop></audio><video src="long.sound" data-start="0.1"></video><audio src="next.sound"></audio>`;
    await using page: FedPage = await openFed(html, size, { more });
    expect(page.facts.sound).toBe("declared");
    expect(new Set(await clipsOf(page))).toEqual(
      new Set([
        ["/long.sound", 0.5, 1, 0.25, 1.5, null],
        ["/short.sound", 0, 2, 0, 1, 0],
        ["/long.sound", 0.1, 1.9, 0, 1, null],
      ]),
    );
    expect(page.server.played).toEqual([]);
  });

  it("what scripts play, pause, seek, speed up and replace, at its exact times", async () => {
    const html = `<!doctype html><meta name="framewright" content="duration=2"><audio id="played" src="long.sound"></audio><script>
      const at = (seconds, work) => setTimeout(work, seconds * 1000);
      at(0.21, () => played.play());
      at(0.5, () => played.pause());
      at(0.75, () => { played.currentTime = 1; played.play(); });
      at(1, () => { played.playbackRate = 2; });
      at(1.25, () => { played.src = "next.sound"; played.play(); });
      at(1.3, () => new Audio("short.sound").play());
    </script>`;
    await using page: FedPage = await openFed(html, size, { more });
    expect(await clipsOf(page)).toEqual([
      ["/long.sound", 0.21, 0.29, 0, 1, null],
      ["/long.sound", 0.75, 0.25, 1, 1, null],
      ["/long.sound", 1, 0.25, 1.25, 2, null],
      // Another file plays at its own speed, as in a browser.
      ["/next.sound", 1.25, 0.75, 0, 1, null],
      ["/short.sound", 1.3, 0.5, 0, 1, null],
    ]);
  });
});

describe("media that cannot be fed", () => {
  const size: Size = { width: 32, height: 40 };

  it("are in the facts with why, whether they are used or not, and the page hears of it", async () => {
    const html = `<!doctype html><body><video id="gone" src="gone" autoplay></video><video src="text"></video><audio src="nowhere" id="a"></audio>
      <video><source src="text"><source src="gone"></video><script>
      window.heard = [];
      gone.onerror = () => heard.push(gone.error.code);
      a.play().catch(({ name }) => heard.push(name));
    </script>`;
    await using page: FedPage = await openFed(html, size);
    const said = page.facts.media.map(({ kind, source, facts, fault, isUsed }) => [kind, new URL(source).pathname, facts, fault, isUsed]);
    expect(said).toEqual([
      ["video", "/gone", null, "its server answered with 404", true],
      ["video", "/text", null, "it is no video", false],
      ["audio", "/nowhere", null, "its server answered with 404", true],
      ["video", "/text", null, "it is no video; its server answered with 404", false],
    ]);
    // Whoever has the facts warns of them.
    expect(page.facts.warnings).toEqual([]);
    expect(await page.session.page.evaluate("frames[0].heard.sort()", unchecked())).toEqual([4, "NotSupportedError"]);
  });

  it("what scripts may not read is played by the browser itself, with a warning", async () => {
    await using folder: Scratch = await scratch();
    await writeLevelVideos(folder);
    const body: Uint8Array = await readFile(folder.path("levels.webm"));
    await using other: MediaServer = await serveMedia({ "/levels.webm": { type: "video/webm", body } });
    const url = `${other.url}/levels.webm`;
    const html = `<!doctype html>${style}<video src="${url}" autoplay muted></video><video src="${url}" data-start="0" data-media-start="1"></video>`;
    // Pictures of other origins are painted in screenshots alone.
    await using page: FedPage = await openFed(html, size, { capture: "screenshot" });
    const level = (index: number): Pixel => [index * LEVEL_STEP, index * LEVEL_STEP, index * LEVEL_STEP];
    const rows: readonly Row[] = [(_, index) => level(index), (_, index) => level(30 + index)];
    expect(wrongRows(await looksOf(page, size, 0, 20), rows)).toEqual([]);
    expect(page.facts.warnings).toEqual([
      `The video ${url} cannot be read by scripts (its server refuses scripts of other origins), so that the browser itself plays it, frame by frame and slower, and it is not heard: serve it with Access-Control-Allow-Origin, or render with crossOrigin: "paint"`,
    ]);
    expect(page.facts.media).toMatchObject([
      { source: url, facts: null, fault: null, isUsed: true },
      { source: url, facts: null, fault: null, isUsed: true },
    ]);
  });

  it("videos that no injector feeds are played by the browser itself, from the first frame on", async () => {
    await using folder: Scratch = await scratch();
    await writeLevelVideos(folder);
    const more = { "/levels.webm": { type: "video/webm", body: await readFile(folder.path("levels.webm")) } };
    const link = mediaLink({
      reader: `({ sourceOf: async (url) => url, read: async (source) => ({ source, durationSeconds: 2, byteLength: 9, audio: null,
        video: { codec: "vp9", size: { width: 64, height: 64 }, rotation: 0, hasAlpha: false, tickSeconds: 0.001, frameRate: 30, decodesInPage: true } }) })`,
      feeds: {},
      answer: ({ ask }) => (ask === "feed" ? { injector: null, cacheBytes: 0 } : null),
    });
    await using page: FedPage = await openFed(`<!doctype html>${style}<video src="levels.webm" autoplay></video>`, size, { more, link });
    expect(page.server.played).toEqual([]);
    const rows: readonly Row[] = [(_, index) => [index * LEVEL_STEP, index * LEVEL_STEP, index * LEVEL_STEP]];
    expect(wrongRows(await looksOf(page, size, 0, 20), rows)).toEqual([]);
    expect(page.server.played).not.toEqual([]);
  });

  it("the words of a feed that fails come with the frame, and the host is told", async () => {
    const link = paintedLink({
      ask: () => {
        throw new Error("the decoder ended with 187");
      },
    });
    await using page: FedPage = await openFed(`<!doctype html><video src="clip" autoplay></video>`, size, { link });
    await expect(looksOf(page, size, 0, 1)).rejects.toMatchObject({
      code: "seek-failed",
      message: expect.stringContaining("the decoder ended with 187"),
    });
    expect(link.asked.at(-1)).toMatchObject({ ask: "failed", injector: "painted", source: `${page.server.url}/clip` });
  });
});
