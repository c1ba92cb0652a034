import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RenderError } from "../../src/core/errors.ts";
import type { RenderEvent } from "../../src/core/events.ts";
import {
  builtInParts,
  htmlInCanvas,
  render,
  webSocket,
  type NodeRenderOptions,
  type RenderJob,
  type RenderResult,
} from "../../src/node/index.ts";
import { hostilePage, lyingComposition } from "../support/hostile-pages.ts";
import { scratch, type Scratch } from "../support/render.ts";

const MIB: number = 1024 * 1024;

let folder: Scratch;
beforeAll(async () => {
  folder = await scratch();
});
afterAll(() => folder[Symbol.asyncDispose]());

let count = 0;

async function renderPage(html: string, job: Partial<RenderJob> = {}, options: NodeRenderOptions = {}): Promise<RenderResult> {
  const name = `page-${count++}`;
  const page: string = await folder.page(html, `${name}.html`);
  const whole: RenderJob = {
    page,
    output: folder.path(`${name}.mp4`),
    width: 160,
    height: 90,
    frameRate: 30,
    encoder: "ffmpeg-pipe",
    ...job,
  };
  return render(whole, options);
}

async function failure(work: Promise<unknown>): Promise<RenderError> {
  return work.then(
    () => {
      throw new Error("The render did not fail");
    },
    (thrown: unknown) => thrown as RenderError,
  );
}

/** That a render ended because of a message that breaks the rules, and left nothing. */
async function expectRefused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const earlier: readonly string[] = await folder.list();
  const { code, details, message: words } = await failure(work);
  expect({ code, words }).toEqual({ code: "page-failed", words: expect.stringMatching(message) });
  expect(details["invalidMessage"]).toBeDefined();
  expect(words.length).toBeLessThan(2_000);
  const isLeft = (name: string): boolean => !earlier.includes(name) && !name.endsWith(".html");
  expect((await folder.list()).filter(isLeft)).toEqual([]);
}

describe("a malformed call of a binding ends its render, and not the process:", () => {
  const shell = "parent";
  test.each([
    ["a question that is not JSON", `__framewrightMedia("{")`, /a call of __framewrightMedia/],
    ["a question that is null", `__framewrightMedia("null")`, /a call of __framewrightMedia/],
    ["a question without an id", `__framewrightMedia('{"question":{"ask":"reader"}}')`, /id is undefined/],
    ["an unknown question", `__framewrightMedia('{"id":"1","question":{"ask":"files"}}')`, /question.ask is "files"/],
    [
      "a question of two million characters",
      `__framewrightMedia("x".repeat(2e6))`,
      /it has 2000000 characters, and at most 1000000 are read/,
    ],
    ["a frame notice that is not JSON", `${shell}.__framewrightFrame("frame")`, /a call of __framewrightFrame/],
    ["a frame notice that is null", `${shell}.__framewrightFrame("null")`, /a call of __framewrightFrame/],
    ["a frame with an index that is text", `${shell}.__framewrightFrame('{"index":"0","at":null}')`, /index is "0"/],
    ["a frame that nobody asked for", `${shell}.__framewrightFrame('{"index":999999,"at":null}')`, /it announces frame 999999/],
    [
      "a frame in a slot that is not there",
      `${shell}.__framewrightFrame('{"index":3,"at":{"slot":77}}'); ${shell}.__framewright.stop()`,
      /slot 77/,
    ],
    ["a warning of a million characters", `__framewrightWarn("x".repeat(1e6))`, /a call of __framewrightWarn/],
  ])("%s", async (_, call, message) => {
    const onSeek = `if (frame === 3) { ${call}; }`;
    await expectRefused(renderPage(hostilePage({ onSeek }), { capture: "html-in-canvas" }), message);
  });
});

describe("a message that is too large to be read ends its render, and not the process:", () => {
  test.each([
    ["a call of a binding of 100 MB", `__framewrightMedia("x".repeat(1e8))`],
    ["an exception of 100 MB", `setTimeout(() => { throw "x".repeat(1e8); })`],
  ])("%s", async (_, call) => {
    const onSeek = `if (frame === 3) { ${call}; }`;
    await expectRefused(
      renderPage(hostilePage({ onSeek }), { capture: "screenshot" }),
      /where at most \d+ are read|and at most \d+ are read/,
    );
  });

  test("an answer of 500 MB", async () => {
    const onLoad: string = lyingComposition("seek", `"x".repeat(5e8)`);
    await expectRefused(renderPage(hostilePage({ onLoad }), { capture: "screenshot" }), /it has 5\d+ bytes, and at most 67108864 are read/);
  });

  test("a picture of 6 MB in a data: URL is loaded", async () => {
    const onLoad = `{
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: 1280, height: 1280 });
      const context = canvas.getContext("2d");
      const noise = context.createImageData(1280, 1280);
      for (let at = 0; at < noise.data.length; at++) noise.data[at] = at % 4 === 3 ? 255 : Math.random() * 256;
      context.putImageData(noise, 0, 0);
      const picture = document.body.appendChild(new Image());
      picture.src = canvas.toDataURL();
      if (picture.src.length < 6e6) throw new Error("the picture has " + picture.src.length + " characters");
    }`;
    const { frames, warnings } = await renderPage(hostilePage({ onLoad }), { capture: "html-in-canvas" });
    expect({ frames, warnings: warnings.filter((warning) => /load/.test(warning)) }).toEqual({ frames: 12, warnings: [] });
  });

  test("100 MB on the console are ignored", async () => {
    const { frames } = await renderPage(hostilePage({ onLoad: `console.log("x".repeat(1e8))` }), { capture: "screenshot" });
    expect(frames).toBe(12);
  });
});

test("a message of two bytes over the WebSocket ends its render, and not the process", async () => {
  const captures = [htmlInCanvas({ transports: [webSocket()] })];
  const onSeek = `if (frame === 3) {
    const { send } = parent.WebSocket.prototype;
    parent.WebSocket.prototype.send = function () { send.call(this, new Uint8Array(2)); };
  }`;
  const parts = { ...builtInParts(), captures };
  await expectRefused(
    renderPage(hostilePage({ onSeek }), { capture: "html-in-canvas" }, { parts }),
    /a message of the WebSocket: it has 2 bytes/,
  );
});

describe("a page that answers in the place of the renderer", () => {
  test("cannot have a file of the host rendered: its address is the browser's word", async () => {
    await writeFile(folder.path("secret.html"), `<body style="background:#0f0">secret`);
    const secret = `file://${folder.path("secret.html")}`;
    const events: RenderEvent[] = [];
    // Another size than the first one: the host opens the page again.
    const onLoad = `document.documentElement.dataset.width = 320; document.documentElement.dataset.height = 180;
      ${lyingComposition("open", `({ ...was, url: ${JSON.stringify(secret)} })`)}`;
    const page: string = await folder.page(hostilePage({ onLoad }), "liar.html");
    const onEvent = (event: RenderEvent): void => void events.push(event);
    const result = await render({ page, output: folder.path("liar.mkv"), frameRate: 30, codec: "ffv1" }, { onEvent });
    expect(result.video.size.value).toEqual({ width: 320, height: 180 });
    expect(events.find(({ type }) => type === "page-ready")).toMatchObject({
      url: expect.stringMatching(/^http:\/\/[\w.-]+:\d+\/liar\.html$/),
    });
  });

  test.each([
    ["a size that is text", "open", `({ ...was, size: { value: { width: "64,movie=/etc/passwd", height: 36 }, by: "contract" } })`, /size/],
    ["a list in place of its facts", "open", `[was]`, /invalid message/],
    ["a million warnings", "open", `({ ...was, warnings: Array(1e6).fill("x") })`, /warnings/],
    ["a seek that ends in a way that there is none of", "seek", `"elsewhere"`, /the answer to __framewright.seek/],
  ])("ends its render with page-failed: %s", async (_, method, answer, message) => {
    await expectRefused(renderPage(hostilePage({ onLoad: lyingComposition(method, answer) }), { capture: "screenshot" }), message);
  });

  test("ends its render with page-failed where it says that all frames are there", async () => {
    const onSeek = `if (frame === 3) parent.__framewrightFrame('{"index":4,"at":null}'); `;
    const onLoad = `setTimeout(() => { parent.__framewright.run = async () => ({ ended: "complete" }); });`;
    await expectRefused(
      renderPage(hostilePage({ onLoad, onSeek }), { capture: "html-in-canvas" }),
      /the run ended without frame 0|it announces frame/,
    );
  });

  test("reaches neither the frames nor the encoder of a page that encodes", async () => {
    const onSeek = `if (frame === 3 && (parent.__framewrightFrames || parent.__framewrightEncoder || parent.__framewrightChunk || parent.__framewrightKeeper)) throw new Error("reached");`;
    const { encoded, plan } = await renderPage(hostilePage({ onSeek }), { capture: "html-in-canvas", encoder: "webcodecs" });
    expect({ encoded, format: plan.frameFormat }).toEqual({ encoded: 12, format: "page" });
  });

  test("does not decide what its screenshots are compared with", async () => {
    const onLoad = `Object.defineProperty(globalThis, "__framewright", { set(top) { this.top_ = { ...top, averages: async () => "" }; }, get() { return this.top_; } });`;
    const { checks } = await renderPage(hostilePage({ onLoad }), { capture: "html-in-canvas" });
    expect(checks.comparisons).toBeGreaterThan(0);
  });
});

describe("facts of a video that a page makes up", () => {
  const facts = (size: string): string =>
    `{ source: "x", durationSeconds: 1, byteLength: 1, audio: null, video: { codec: "avc1", size: ${size}, rotation: 0, hasAlpha: false, tickSeconds: 1, frameRate: 1, decodesInPage: false } }`;
  test.each([
    ["a width that is a filter of ffmpeg", `{ width: "64[a];movie=/etc/hostname[b];[a]", height: 36 }`, /facts.video.size.width/],
    ["16 million pixels a side", `{ width: 16000000, height: 16000000 }`, /facts.video.size.width/],
    ["a fraction of a pixel", `{ width: 0.5, height: 36 }`, /facts.video.size.width/],
  ])("never reach ffmpeg: %s", async (_, size, message) => {
    const onSeek = `if (frame === 3) __framewrightMedia(JSON.stringify({ id: "x", question: { ask: "feed", facts: ${facts(size)} } }));`;
    await expectRefused(renderPage(hostilePage({ onSeek }), { capture: "screenshot" }), message);
  });

  test("an injector that does not feed the video answers no question", async () => {
    const question = `{ ask: "injector", injector: "base64", source: "x", question: { seconds: 0 } }`;
    const onSeek = `if (frame === 3) __framewrightMedia(JSON.stringify({ id: "x", question: ${question} }));`;
    await expectRefused(renderPage(hostilePage({ onSeek }), { capture: "screenshot" }), /the injector "base64" does not feed "x" here/);
  });
});

test("a render beside a hostile one gives the same file, byte for byte, as it does alone", async () => {
  const innocent: string = hostilePage({});
  const alone = await renderPage(innocent);
  const hostile = renderPage(hostilePage({ onSeek: `if (frame === 2) parent.__framewrightFrame("x".repeat(${40 * MIB}));` }), {
    capture: "html-in-canvas",
  });
  const [beside] = await Promise.all([renderPage(innocent), expect(hostile).rejects.toMatchObject({ code: "page-failed" })]);
  expect((await readFile(beside.output)).equals(await readFile(alone.output))).toBe(true);
});
