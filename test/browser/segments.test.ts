import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Browser } from "../../src/core/browser.ts";
import type { Encoder, EncodeRequest, EncoderContext } from "../../src/core/encoder.ts";
import type { Container, VideoCodec } from "../../src/core/formats.ts";
import { frameTime } from "../../src/core/frame-rate.ts";
import { pumpSegments, type Segment, type SegmentWorker } from "../../src/core/pipeline/segments.ts";
import type { FileSink } from "../../src/core/sink.ts";
import { ffmpegPipe } from "../../src/encoders/ffmpeg-pipe.ts";
import { remux } from "../../src/core/container/remux.ts";
import { webcodecs } from "../../src/encoders/webcodecs.ts";
import { launchBrowser, openFileSink } from "../../src/node/index.ts";
import { barCodeFrames } from "../support/bar-code-frames.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { exactTick, hashOf, readPackets } from "../support/packets.ts";
import { launchPlainBrowser, type PlainBrowser } from "../support/plain-browser.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { colorTags, decodeFrames } from "../support/video-frames.ts";
import { playVideo } from "../support/video-player.ts";

const NTSC = { numerator: 30000, denominator: 1001 } as const;
const FRAMES = 100;
/** Three segments of 33, 33 and 34 frames. */
const SEAMS: readonly number[] = [33, 66];

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

interface Rendered {
  readonly path: string;
  /** The frames of the segments' own files, decoded, one after the other. */
  readonly segments: readonly Uint8Array[];
}

/** Encodes bar codes in three segments, keeps the segments' files until they are decoded, and joins them. */
async function renderInSegments(encoder: Encoder, request: EncodeRequest, changesAt?: readonly number[]): Promise<Rendered> {
  const { container, codec, frameRate, timing } = request;
  const path: string = folder.path(`${encoder.name}-${crypto.randomUUID()}.${container}`);
  const output: FileSink = await openFileSink(path);
  const signal: AbortSignal = new AbortController().signal;
  const workers: SegmentWorker[] = await Promise.all(
    [0, 1, 2].map(async (number) => {
      const file: FileSink = await openFileSink(`${path}.${number}.${container}`);
      return {
        source: barCodeFrames(FRAMES, frameRate, changesAt),
        file,
        openEncoder: ({ start, end }, signal) => {
          const context: EncoderContext = {
            output: file,
            signal,
            browser,
            page: null,
            sound: null,
            inactivityTimeoutMs: 60_000,
            warn: () => {},
          };
          return encoder.open({ ...request, frameCount: end - start }, context);
        },
      };
    }),
  );
  const decoded: Uint8Array[] = [];
  const join = async (segments: readonly Segment[]): Promise<void> => {
    for (const { file } of segments) decoded.push(...(await decodeFrames(file.temporaryPath!, barCodeSize, "yuv420p")));
    const parts = segments.map(({ file, range }) => ({ file, frameCount: range.end - range.start }));
    await remux(parts, output, { container, codec, frameRate, timing });
  };
  const options = { signal, captureTimeoutMs: 60_000, blockFrames: 1, windowBytes: 1_000_000 };
  const { frames } = await pumpSegments(workers, { start: 0, end: FRAMES }, join, options);
  expect(frames).toBe(FRAMES);
  await output.commit();
  for (const { file } of workers) await file.discard();
  return { path, segments: decoded };
}

function requestOf(container: Container, codec: VideoCodec, changed: Partial<EncodeRequest> = {}): EncodeRequest {
  return {
    ...{ container, codec, size: barCodeSize, frameRate: NTSC, frameCount: FRAMES, frameFormat: "I420", alpha: false },
    ...{ quality: { level: "standard" }, timing: "constant", hardware: null, loop: 0, audio: null },
    ...changed,
  };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const joined = [
  { encoder: ffmpegPipe(), container: "mp4", codec: "h264" },
  { encoder: ffmpegPipe(), container: "webm", codec: "vp9" },
  { encoder: webcodecs(), container: "mp4", codec: "h264" },
  { encoder: webcodecs(), container: "webm", codec: "vp9" },
] as const;

describe.each(joined)("three segments by $encoder.name, joined as $codec in $container", ({ encoder, container, codec }) => {
  it("hold every frame once, in order, with the segments' own pixels and at exact times", async () => {
    const { path, segments } = await renderInSegments(encoder, requestOf(container, codec));
    const frames: Uint8Array[] = await decodeFrames(path, barCodeSize, "yuv420p");
    expect(frames.map((frame) => readBarCode(frame))).toEqual(upTo(FRAMES));
    expect(frames.map(hashOf)).toEqual(segments.map(hashOf));
    const { packets, ticksPerSecond } = await readPackets(path);
    expect(packets.map(({ start }) => start)).toEqual(upTo(FRAMES).map((index) => exactTick(index, NTSC, ticksPerSecond)));
    expect([0, ...SEAMS].map((index) => packets[index]!.isKey)).toEqual([true, true, true]);
    expect(await colorTags(path)).toEqual({ matrix: "bt709", primaries: "bt709", transfer: "bt709", range: "tv" });
    if (container === "mp4") {
      const bytes: Buffer = await readFile(path);
      expect(bytes.indexOf("moov"), "the index lies in front").toBeLessThan(bytes.indexOf("mdat"));
    }
    // Around the seams, forwards and backwards, in the middle of frames.
    const sought: readonly number[] = [32, 33, 34, 65, 66, 67, 99, 66, 65, 33, 32, 0];
    const { shown, durationSeconds } = await playVideo(
      player,
      path,
      sought.map((index) => frameTime(index + 0.5, NTSC)),
    );
    expect(shown).toEqual(sought);
    expect(Math.abs(durationSeconds - frameTime(FRAMES, NTSC))).toBeLessThan(0.002);
  });

  it("hold only the pictures that change, where the timing is variable", async () => {
    const changesAt: readonly number[] = [0, 7, 40, 41, 90];
    const { path } = await renderInSegments(encoder, requestOf(container, codec, { timing: "variable" }), changesAt);
    // Each segment begins with a picture of its own.
    const begins: readonly number[] = [0, 7, 33, 40, 41, 66, 90];
    const shows = (index: number): number => changesAt.findLast((at) => at <= index)!;
    const { packets, ticksPerSecond } = await readPackets(path);
    expect(packets.map(({ start }) => start)).toEqual(begins.map((index) => exactTick(index, NTSC, ticksPerSecond)));
    expect(packets.at(-1)!.start + packets.at(-1)!.duration).toBe(exactTick(FRAMES, NTSC, ticksPerSecond));
    expect((await decodeFrames(path, barCodeSize, "gray")).map(readBarCode)).toEqual(begins.map(shows));
    const sought: readonly number[] = [6, 7, 32, 33, 39, 40, 41, 65, 66, 89, 90, 99, 20];
    const { shown } = await playVideo(
      player,
      path,
      sought.map((index) => frameTime(index + 0.5, NTSC)),
    );
    expect(shown).toEqual(sought.map(shows));
  });
});
