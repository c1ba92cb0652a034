import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncodeRequest, EncodeResult, EncoderContext, EncoderSession, Quality } from "../../src/core/encoder.ts";
import type { Browser, BrowserPage } from "../../src/core/browser.ts";
import type { Container, VideoCodec } from "../../src/core/formats.ts";
import { frameTime } from "../../src/core/frame-rate.ts";
import type { Frame } from "../../src/core/frame.ts";
import { webcodecs } from "../../src/encoders/webcodecs.ts";
import { launchBrowser } from "../../src/node/index.ts";
import { memorySink, type MemorySink } from "../../src/testing/index.ts";
import { barCodeFrames, barCodePicture } from "../support/bar-code-frames.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { exactTick, readPackets } from "../support/packets.ts";
import { launchPlainBrowser, type PlainBrowser } from "../support/plain-browser.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { colorTags, decodeFrames } from "../support/video-frames.ts";
import { playVideo } from "../support/video-player.ts";

const NTSC = { numerator: 30000, denominator: 1001 } as const;
const FRAMES = 30;
const encoder = webcodecs();

interface Kind {
  readonly container: Container;
  readonly codec: VideoCodec;
}

/** All that Chromium for Linux writes: it has no HEVC. */
const kinds: readonly Kind[] = [
  { container: "mp4", codec: "h264" },
  { container: "mp4", codec: "av1" },
  { container: "webm", codec: "vp9" },
  { container: "webm", codec: "av1" },
  { container: "webm", codec: "vp8" },
  { container: "mov", codec: "h264" },
  { container: "mkv", codec: "h264" },
];

let browser: Browser;
let player: PlainBrowser;
let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
  browser = await launchBrowser({ flags: [] });
  player = await launchPlainBrowser();
});
afterAll(async () => {
  await browser.close();
  await player[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function requestOf(kind: Kind, changed: Partial<EncodeRequest> = {}): EncodeRequest {
  return {
    ...kind,
    size: barCodeSize,
    frameRate: NTSC,
    frameCount: FRAMES,
    frameFormat: "I420",
    alpha: false,
    quality: { level: "standard" },
    timing: "constant",
    hardware: null,
    loop: 0,
    audio: null,
    ...changed,
  };
}

interface Opened {
  readonly session: EncoderSession;
  readonly sink: MemorySink;
  readonly warnings: readonly string[];
}

async function open(request: EncodeRequest, encodesIn: Browser = browser): Promise<Opened> {
  const sink = memorySink();
  const warnings: string[] = [];
  const context: EncoderContext = {
    output: sink,
    signal: new AbortController().signal,
    browser: encodesIn,
    page: null,
    sound: null,
    inactivityTimeoutMs: 30_000,
    warn: (reason) => warnings.push(reason),
  };
  return { session: await encoder.open(request, context), sink, warnings };
}

interface Encoded extends EncodeResult {
  readonly path: string;
  readonly warnings: readonly string[];
}

/** Encodes bar codes; those between `changesAt` repeat the one before. */
async function encode(request: EncodeRequest, changesAt?: readonly number[]): Promise<Encoded> {
  const { session, sink, warnings } = await open(request);
  const frameCount: number = request.frameCount!;
  for await (const frame of barCodeFrames(frameCount, request.frameRate, changesAt).read({ start: 0, end: frameCount }))
    await session.write(frame);
  const result: EncodeResult = await session.finish();
  const path: string = folder.path(`${crypto.randomUUID()}.${request.container}`);
  await writeFile(path, sink.bytes);
  return { ...result, path, warnings };
}

async function shownIn(path: string): Promise<(number | null)[]> {
  return (await decodeFrames(path, barCodeSize, "gray")).map(readBarCode);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe.each(kinds)("$codec in $container", (kind) => {
  it("holds every frame once, in order, at its exact time and with its colours", async () => {
    expect(await encoder.probe(requestOf(kind), { browser })).toMatchObject({ ok: true });
    const { path, warnings, ...result } = await encode(requestOf(kind), [0, 1, 2, 10, 29]);
    expect(result).toEqual({ framesIn: FRAMES, framesOut: FRAMES, byteLength: (await readFile(path)).length, codec: kind.codec });
    expect(warnings).toEqual([]);
    expect(await shownIn(path)).toEqual(upTo(FRAMES).map((index) => [0, 1, 2, 10, 29].findLast((at) => at <= index)!));
    const { packets, ticksPerSecond, colorSpace } = await readPackets(path);
    expect(packets.map(({ start }) => start)).toEqual(upTo(FRAMES).map((index) => exactTick(index, NTSC, ticksPerSecond)));
    expect(colorSpace).toEqual({ primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false });
    // The stream of VP8 has one bit for BT.601, which ffmpeg believes more than the container.
    if (kind.codec === "vp8") return;
    expect(await colorTags(path)).toEqual({ matrix: "bt709", primaries: "bt709", transfer: "bt709", range: "tv" });
  });

  it("lengthens a picture that stays, where the timing is variable", async () => {
    const changesAt: readonly number[] = [0, 7, 8, 40, 70];
    const { path, framesIn, framesOut } = await encode(requestOf(kind, { frameCount: 100, timing: "variable" }), changesAt);
    expect({ framesIn, framesOut }).toEqual({ framesIn: 100, framesOut: 5 });
    expect(await shownIn(path)).toEqual(changesAt);
    const { packets, ticksPerSecond } = await readPackets(path);
    expect(packets.map(({ start }) => start)).toEqual(changesAt.map((at) => exactTick(at, NTSC, ticksPerSecond)));
    expect(packets.at(-1)!.start + packets.at(-1)!.duration).toBe(exactTick(100, NTSC, ticksPerSecond));
  });

  it("is played by Chromium, also where pictures last unequally long", async () => {
    const changesAt: readonly number[] = [0, 7, 8, 40, 70];
    const { path } = await encode(requestOf(kind, { frameCount: 100, timing: "variable" }), changesAt);
    // In the middle of frames, in rising and falling order.
    const frames: readonly number[] = [0, 6, 7, 8, 39, 40, 69, 70, 85, 99, 50, 3];
    const { durationSeconds, shown } = await playVideo(
      player,
      path,
      frames.map((index) => frameTime(index + 0.5, NTSC)),
    );
    expect(shown).toEqual(frames.map((index) => changesAt.findLast((at) => at <= index)));
    expect(Math.abs(durationSeconds - frameTime(100, NTSC))).toBeLessThan(0.002);
  });

  it("begins with a key frame, and has another at least every gop frames", async () => {
    const { path } = await encode(requestOf(kind, { quality: { level: "standard", gop: 8 } }));
    const { packets } = await readPackets(path);
    const keys: readonly number[] = upTo(FRAMES).filter((index) => packets[index]!.isKey);
    expect(keys).toEqual(expect.arrayContaining([0, 8, 16, 24]));
  });

  it("spends more bytes on a higher level", async () => {
    const sizes: number[] = [];
    for (const level of ["draft", "standard", "high"] as const) sizes.push(await noiseBytes(kind, { level }));
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(new Set(sizes).size).toBe(3);
  });
});

/** Bytes that frames of noise take, which no encoder can foretell. */
async function noiseBytes(kind: Kind, quality: Quality): Promise<number> {
  const { session } = await open(requestOf(kind, { quality, frameCount: 12 }));
  let state = 1;
  const noise = (data: Uint8Array): Uint8Array => data.map((value) => value ^ ((state = (state * 48271) % 2147483647) & 7));
  for (let index = 0; index < 12; index++) await session.write(frameOf(index, noise(barCodePicture(index))));
  return (await session.finish()).byteLength;
}

function frameOf(index: number, data: Uint8Array, close: () => void = () => {}): Frame {
  const [timestampUs, durationUs] = [index * 33_000, 33_000];
  return { index, timestampUs, durationUs, size: barCodeSize, repeats: false, pixels: { format: "I420", data }, close };
}

describe("a probe refuses what browsers do not do", () => {
  it.each<[string, Partial<EncodeRequest>, RegExp]>([
    ["HEVC in Chromium for Linux", { codec: "hevc" }, /encodes no HEVC at 320×180$/],
    ["alpha", { container: "webm", codec: "vp9", alpha: true }, /keep no transparency/],
    ["lossless", { quality: { level: "lossless" } }, /not lossless/],
    ["presets", { quality: { level: "standard", preset: "slow" } }, /no preset, such as "slow"/],
    ["pixel formats", { quality: { level: "standard", pixelFormat: "yuv444p" } }, /not "yuv444p"/],
    ["hardware by name", { hardware: "nvenc" }, /nvenc/],
    ["codecs that the container has not", { codec: "vp8" }, /no vp8 into mp4/],
  ])("%s", async (_, changed, reason) => {
    const request: EncodeRequest = requestOf(kinds[0]!, changed);
    const support = await encoder.probe(request, { browser });
    expect(support).toEqual({ ok: false, reasons: [expect.stringMatching(reason)] });
    await expect(open(request), "nor does it open").rejects.toMatchObject({ code: "encoder-failed" });
  });
});

it("says what bitrate a CRF became where the codec knows no constant quality", async () => {
  const quality: Quality = { level: "standard", crf: 24 };
  expect((await encode(requestOf(kinds[0]!, { quality }))).warnings).toEqual([
    expect.stringMatching(/^Browsers encode H\.264 at no constant quality: CRF 24 became \d+ bits a second$/),
  ]);
  expect((await encode(requestOf(kinds[2]!, { quality }))).warnings).toEqual([]);
});

it("refuses a frame of the wrong length, closes it, and stays refused", async () => {
  const { session } = await open(requestOf(kinds[0]!));
  await session.write(frameOf(0, barCodePicture(0)));
  let closed = 0;
  const wrong: Frame = frameOf(1, new Uint8Array(5), () => closed++);
  await expect(session.write(wrong)).rejects.toMatchObject({
    code: "encoder-failed",
    message: expect.stringContaining("frame 1 has 5 bytes instead of 86400"),
  });
  await expect(session.write(frameOf(2, barCodePicture(2), () => closed++))).rejects.toMatchObject({ code: "encoder-failed" });
  expect(closed).toBe(2);
  await expect(session.finish()).rejects.toMatchObject({ code: "encoder-failed" });
  await session.abort();
});

it("refuses a frame after the finish, and closes it", async () => {
  const { session } = await open(requestOf(kinds[0]!));
  await session.write(frameOf(0, barCodePicture(0)));
  await session.finish();
  let closed = 0;
  await expect(session.write(frameOf(1, barCodePicture(1), () => closed++))).rejects.toMatchObject({
    code: "encoder-failed",
    message: expect.stringContaining("after the finish"),
  });
  expect(closed).toBe(1);
});

it("refuses a picture of another size", async () => {
  const { session } = await open(requestOf(kinds[0]!, { frameFormat: "PNG" }));
  // One black pixel.
  const png: Buffer = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg==",
    "base64",
  );
  await expect(session.write({ ...frameOf(0, png), pixels: { format: "PNG", data: png } })).rejects.toMatchObject({
    code: "encoder-failed",
    message: expect.stringContaining("1×1 came instead of 320×180"),
  });
  await session.abort();
});

it.each([
  ["leaves a picture out", "if (++count !== 3) init.output(chunk, metadata);", /left out the picture at 66733 µs/],
  ["keeps the last one to itself", `if (++count !== ${FRAMES}) init.output(chunk, metadata);`, /kept 1 pictures to itself/],
])("notices an encoder that %s", async (_, output, message) => {
  const dropping = `{
    const Native = VideoEncoder;
    let count = 0;
    globalThis.VideoEncoder = class extends Native { constructor(init) { super({ ...init, output(chunk, metadata) { ${output} } }); } };
  }`;
  const { session } = await open(requestOf(kinds[0]!), withScript(browser, dropping));
  const encoding = (async () => {
    for await (const frame of barCodeFrames(FRAMES, NTSC).read({ start: 0, end: FRAMES })) await session.write(frame);
    await session.finish();
  })();
  await expect(encoding).rejects.toMatchObject({ code: "encoder-failed", message: expect.stringMatching(message) });
  await session.abort();
});

/** The same browser, whose pages run a script before any other. */
function withScript(browser: Browser, source: string): Browser {
  return new Proxy(browser, {
    get: (target, key) =>
      key === "newPage"
        ? async (size: { width: number; height: number }): Promise<BrowserPage> => {
            const page: BrowserPage = await target.newPage(size);
            // Where the encoder is.
            await page.send("Page.addScriptToEvaluateOnNewDocument", { source, worldName: "framewright" });
            return page;
          }
        : Reflect.get(target, key),
  });
}
