import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderResult } from "../../src/core/result.ts";
import { render } from "../../src/node/render.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { codedCodecs, makeCodedVideo } from "../support/coded-videos.ts";
import { mediaServer, type MediaServer } from "../support/media-server.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames } from "../support/video-frames.ts";

/** Videos that are not as they should be. Each render ends in words that name the file, with nothing at its place, or in a right file. */

let folder: Scratch;
let good: Buffer;

beforeAll(async () => {
  folder = await scratch();
  await makeCodedVideo({ path: folder.path("good.mp4"), rate: "30", frames: 60, codec: codedCodecs.h264 });
  await makeCodedVideo({ path: folder.path("good.webm"), rate: "30", frames: 60, codec: codedCodecs.vp9 });
  good = await readFile(folder.path("good.mp4"));
});
afterAll(() => folder[Symbol.asyncDispose]());

async function renderedVideo(src: string, more: object = {}, attributes = 'data-start="0"', head = ""): Promise<RenderResult> {
  const name: string = Math.random().toString(36).slice(2);
  const page: string = await folder.page(
    `<!doctype html>${head}<style>body { margin: 0 } video { width: 320px; height: 180px; display: block }</style><video muted ${attributes} src="${src}"></video>`,
    `${name}.html`,
  );
  const output: string = folder.path(`${name}.mp4`);
  const video = { ...barCodeSize, frameRate: 30, duration: 3, quality: { preset: "ultrafast" } } as const;
  return render({ page, output, ...video, ...more });
}

async function shownIn(path: string): Promise<(number | null)[]> {
  return (await decodeFrames(path, barCodeSize, "gray")).map(readBarCode);
}

/** Frames 0 to 59, and the last one for another second. */
const heldAtTheEnd: readonly number[] = Array.from({ length: 90 }, (_, index) => Math.min(59, index));

describe.each(["webcodecs", "base64"])("by %s", (injector) => {
  const media = { injector };

  it.each([
    ["that is missing", "gone.mp4", null, /404|not found/i],
    ["of zero bytes", "empty.mp4", Buffer.alloc(0), /0 bytes|empty/i],
    ["that is a text", "words.mp4", Buffer.from("these are words, and no video at all\n".repeat(40)), /no media|contain|format/i],
  ])("a video %s ends the render with its name", async (_, name, content, why) => {
    if (content !== null) await writeFile(folder.path(name), content);
    const before: string[] = await folder.list();
    const failed: Promise<RenderResult> = renderedVideo(name, { media });
    await expect(failed).rejects.toMatchObject({ code: "media-unreadable", message: expect.stringContaining(name) });
    await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(why) });
    expect((await folder.list()).filter((file) => !before.includes(file) && !file.endsWith(".html"))).toEqual([]);
  });

  it("a video that is cut off says so", async () => {
    await writeFile(folder.path("cut.mp4"), good.subarray(0, Math.round(good.length * 0.6)));
    await expect(renderedVideo("cut.mp4", { media })).rejects.toMatchObject({
      code: "media-unreadable",
      message: expect.stringContaining("cut.mp4"),
    });
  });

  it("a wrong extension is no fault, and a video that ends early holds its last picture", async () => {
    await writeFile(folder.path("really-webm.mp4"), await readFile(folder.path("good.webm")));
    const result = await renderedVideo("really-webm.mp4", { media });
    expect(result.warnings).toEqual([]);
    expect(await shownIn(result.output)).toEqual(heldAtTheEnd);
  });

  it("a codec that nothing decodes is named", async () => {
    const unknown: Buffer = Buffer.from(good);
    for (let at = unknown.indexOf("avc1"); at !== -1; at = unknown.indexOf("avc1", at + 4)) unknown.write("zzzz", at, "latin1");
    await writeFile(folder.path("unknown.mp4"), unknown);
    await expect(renderedVideo("unknown.mp4", { media: {} })).rejects.toMatchObject({
      code: "media-unreadable",
      message: expect.stringMatching(/unknown\.mp4.*(codec|zzzz)/s),
    });
  });
});

it("a server that refuses pages of other origins gets the browser's own player, with a warning that says what to do", async () => {
  await using server: MediaServer = await mediaServer({ "good.mp4": good });
  const result = await renderedVideo(server.url("ranges", "good.mp4"));
  expect(result.warnings).toContainEqual(expect.stringContaining("Access-Control-Allow-Origin"));
  expect(await shownIn(result.output)).toEqual(heldAtTheEnd);
});

it("a broken video that nothing plays is a warning", async () => {
  const result = await renderedVideo("gone.mp4", {}, "");
  expect(result.warnings).toEqual([expect.stringContaining("gone.mp4")]);
});

it("the browser's own player is taken where the job asks for it", async () => {
  const result = await renderedVideo("good.mp4", { media: { injector: "native" } });
  expect([result.cache, result.warnings]).toEqual([null, []]);
  expect(await shownIn(result.output)).toEqual(heldAtTheEnd);
});

describe.each(["webcodecs", "base64"])("by %s, a player that loses pictures", (injector) => {
  /** Every seventh picture is lost on its way to its video. */
  const losing = `<script>
    const Generator = MediaStreamTrackGenerator;
    let writes = 0;
    globalThis.MediaStreamTrackGenerator = function (options) {
      const track = new Generator(options);
      const writer = track.writable.getWriter();
      const write = (picture) => (++writes % 7 === 0 ? picture.close() : writer.write(picture));
      return Object.defineProperty(track, "writable", { value: new WritableStream({ write }) });
    };
  </script>`;

  it("is given them again: no other picture is shown instead", async () => {
    const result = await renderedVideo("good.mp4", { media: { injector }, duration: 2 }, 'data-start="0"', losing);
    expect(await shownIn(result.output)).toEqual(Array.from({ length: 60 }, (_, index) => index));
  });
});
