import { readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { EncodeRequest } from "../../src/core/encoder.ts";
import type { Frame, Size } from "../../src/core/frame.ts";
import { checkOutput } from "../../src/core/pipeline/check-output.ts";
import type { FileSink } from "../../src/core/sink.ts";
import { ffmpegDisk } from "../../src/encoders/ffmpeg-disk.ts";
import { encodePng } from "../../src/encoders/png-picture.ts";
import { ffmpegArguments } from "../../src/ffmpeg/arguments.ts";
import { ffmpegBuild } from "../../src/ffmpeg/build.ts";
import { findFfmpeg, openFileSink } from "../../src/node/index.ts";
import { drawNoise, drawScene, encodeAll, frameOf, openSession, requestFor, writeAll, type Drawing } from "../support/encoding.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { descendants, signalProcess, type ProcessFacts } from "../support/processes.ts";
import { scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";

const repeats: ReadonlySet<number> = new Set([3, 4, 5, 19]);
const size: Size = { width: 64, height: 48 };

/** The scene, in which some frames repeat the one before. */
function scene(isTransparent: boolean): Drawing {
  return (index) => (repeats.has(index) ? null : drawScene(index, size, isTransparent));
}

/** What frame `index` shows: its own picture, or that of the frame that it repeats. */
function shown(index: number): number {
  return repeats.has(index) ? shown(index - 1) : index;
}

function rgbaOf(file: string): Promise<Uint8Array> {
  return runFfmpeg(["-i", file, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"]);
}

/** ffmpeg as it reads the frames of an output of ours. */
function readers(): ProcessFacts[] {
  return descendants().filter(({ commandLine }) => commandLine.includes(".partial.frames"));
}

/** ffmpeg's process, as soon as it is there. */
function untilReading(): Promise<ProcessFacts> {
  return vi.waitUntil(() => readers()[0], { timeout: 10_000, interval: 2 });
}

describe("frames on disk", () => {
  it.each([true, false])("come out bit for bit, in order, those that repeat included; alpha: %s", async (alpha) => {
    await using place = await scratch();
    const sink: FileSink = await openFileSink(place.path("video.mkv"));
    const request: EncodeRequest = requestFor({ container: "mkv", codec: "ffv1", alpha });
    expect(await encodeAll(ffmpegDisk(), request, sink, scene(alpha))).toMatchObject({ framesIn: 20, framesOut: 20, codec: "ffv1" });
    expect(await checkOutput(sink, { ...request, frameCount: 20, pictures: 20 })).toMatchObject({ frameCount: 20, alpha });
    await sink.commit();
    expect(await place.list()).toEqual(["video.mkv"]);
    const drawn = Buffer.concat(Array.from({ length: 20 }, (_, index) => drawScene(shown(index), size, alpha)));
    expect(Buffer.compare(await rgbaOf(place.path("video.mkv")), drawn)).toBe(0);
  });

  it("are taken as PNG as well, under a folder whose name has a per cent sign", async () => {
    await using place = await scratch();
    await using odd = await scratch();
    const folder: string = place.path("50%d done");
    await rename(odd.folder, folder);
    const sink: FileSink = await openFileSink(join(folder, "video.mkv"));
    const request: EncodeRequest = requestFor({ container: "mkv", codec: "ffv1", alpha: true, frameFormat: "PNG" });
    const pictures = await Promise.all(Array.from({ length: 20 }, (_, index) => encodePng(drawScene(index, size, true), size)));
    await encodeAll(ffmpegDisk(), request, sink, (index) => (repeats.has(index) ? null : pictures[index]!));
    await sink.commit();
    const drawn = Buffer.concat(Array.from({ length: 20 }, (_, index) => drawScene(shown(index), size, true)));
    expect(Buffer.compare(await rgbaOf(join(folder, "video.mkv")), drawn)).toBe(0);
  });

  it("take no disk where they repeat", async () => {
    await using place = await scratch();
    const sink: FileSink = await openFileSink(place.path("video.mp4"));
    const session = await openSession(ffmpegDisk(), requestFor({ container: "mp4", codec: "h264" }), sink);
    await writeAll(session, requestFor({ container: "mp4", codec: "h264" }), (index) => (index === 0 ? drawScene(0, size, false) : null));
    const folder = `${sink.temporaryPath}.frames`;
    expect(await readdir(folder)).toHaveLength(20);
    const used: number = Number((await import("node:child_process")).execFileSync("du", ["-s", "-B1", folder]).toString().split("\t")[0]);
    expect(used).toBeLessThan(2 * size.width * size.height * 4 + 8192);
    await session.abort();
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });

  it("share one palette in a GIF, made of all of them", async () => {
    await using place = await scratch();
    const sink: FileSink = await openFileSink(place.path("video.gif"));
    const request: EncodeRequest = requestFor({ container: "gif", codec: "gif", loop: 3 });
    // Each frame has a colour of its own: a palette of the first one alone would miss the others.
    const colors = [255, 0, 128, 60, 200];
    const flat: Drawing = (index) => {
      const pixels = new Uint8Array(size.width * size.height * 4).fill(255);
      for (let at = 0; at < pixels.length; at += 4)
        pixels.set([colors[index % 5]!, colors[(index + 2) % 5]!, colors[(index + 3) % 5]!], at);
      return pixels;
    };
    await encodeAll(ffmpegDisk(), request, sink, flat);
    expect(await checkOutput(sink, { ...request, frameCount: 20, pictures: 20 })).toMatchObject({ frameCount: 20, loop: 3, alpha: false });
    await sink.commit();
    const decoded: Uint8Array = await rgbaOf(place.path("video.gif"));
    for (let index = 0; index < 20; index++) {
      const wanted: Uint8Array = flat(index)!.subarray(0, 3);
      const at: number = index * size.width * size.height * 4;
      expect(Math.max(...wanted.map((value, channel) => Math.abs(value - decoded[at + channel]!))), `frame ${index}`).toBeLessThanOrEqual(
        2,
      );
    }
  });
});

describe("frames on disk that go missing", () => {
  it.each([
    ["is deleted", (file: string) => rm(file)],
    ["is cut off", (file: string) => truncate(file, 100)],
  ])("are refused, by number: one %s", async (_, spoil) => {
    await using place = await scratch();
    const sink: FileSink = await openFileSink(place.path("video.mp4"));
    const request: EncodeRequest = requestFor({ container: "mp4", codec: "h264" });
    const session = await openSession(ffmpegDisk(), request, sink);
    await writeAll(session, request, (index) => drawScene(index, size, false));
    const folder = `${sink.temporaryPath}.frames`;
    const names: readonly string[] = (await readdir(folder)).toSorted();
    await spoil(join(folder, names[7]!));
    await spoil(join(folder, names[19]!));
    await expect(session.finish()).rejects.toMatchObject({
      code: "frames-missing",
      message: expect.stringContaining("2 are missing or cut off: 7, 19"),
      details: { missing: [7, 19], frameCount: 20 },
    });
    expect(await sink.byteLength()).toBe(0);
    await session.abort();
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });

  it("are refused where fewer came than there should be", async () => {
    await using place = await scratch();
    const sink: FileSink = await openFileSink(place.path("video.mp4"));
    const request: EncodeRequest = requestFor({ container: "mp4", codec: "h264" });
    const session = await openSession(ffmpegDisk(), request, sink);
    await writeAll(session, request, scene(false), 18);
    await expect(session.finish()).rejects.toMatchObject({ code: "frames-missing", details: { missing: [18, 19] } });
    await session.abort();
    await sink.discard();
  });
});

describe("the disk", () => {
  const large: Size = { width: 320, height: 200 };
  const frameBytes: number = large.width * large.height * 4;
  const noisy = (frameCount: number): EncodeRequest => requestFor({ container: "mp4", codec: "h264", size: large, frameCount });

  it.runIf(isRoot)("that is too small for all frames is refused after five, with figures", async () => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), "size=8m");
    const sink: FileSink = await openFileSink(`${disk.folder}/video.mp4`);
    const session = await openSession(ffmpegDisk(), noisy(100), sink);
    await expect(writeAll(session, noisy(100), (index) => drawNoise(index, frameBytes))).rejects.toMatchObject({
      code: "disk-full",
      message: expect.stringContaining(`all 100 need about ${95 * frameBytes} more bytes`),
      details: { neededBytes: 95 * frameBytes, frameCount: 100 },
    });
    await session.abort();
    await sink.discard();
    expect(await readdir(disk.folder)).toEqual([]);
  });

  it.runIf(isRoot)("is large enough for frames that repeat", async () => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), "size=8m");
    const sink: FileSink = await openFileSink(`${disk.folder}/video.mp4`);
    const calm: Drawing = (index) => (index % 20 === 0 ? drawNoise(index, frameBytes) : null);
    await encodeAll(ffmpegDisk(), noisy(100), sink, calm);
    await checkOutput(sink, { ...noisy(100), frameCount: 100, pictures: 100 });
    await sink.discard();
    expect(await readdir(disk.folder)).toEqual([]);
  });

  it.runIf(isRoot)("that fills up halfway is told, and left empty", async () => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), "size=2m");
    const sink: FileSink = await openFileSink(`${disk.folder}/video.mp4`);
    // The length is not known: nothing can be estimated.
    const request: EncodeRequest = { ...noisy(40), frameCount: null };
    const session = await openSession(ffmpegDisk(), request, sink);
    const frames = writeAll(session, request, (index) => drawNoise(index, frameBytes), 40);
    await expect(frames).rejects.toMatchObject({
      code: "disk-full",
      details: { output: `${disk.folder}/video.mp4`, freeBytes: expect.any(Number) },
    });
    await session.abort();
    await sink.discard();
    expect(await readdir(disk.folder)).toEqual([]);
  });

  it.runIf(isRoot)("that fills up while ffmpeg writes is told", async () => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), `size=${Math.ceil((10.5 * frameBytes) / 4096) * 4}k`);
    const sink: FileSink = await openFileSink(`${disk.folder}/video.mkv`);
    const request: EncodeRequest = { ...noisy(10), container: "mkv", codec: "ffv1" };
    const session = await openSession(ffmpegDisk(), request, sink);
    await writeAll(session, request, (index) => drawNoise(index, frameBytes));
    await expect(session.finish()).rejects.toMatchObject({ code: "disk-full" });
    await session.abort();
    await sink.discard();
    expect(await readdir(disk.folder)).toEqual([]);
  });

  it("loses the output's folder halfway: that is told, and nothing is left", async () => {
    await using place = await scratch();
    await using out = await scratch();
    const sink: FileSink = await openFileSink(out.path("video.mp4"));
    const request: EncodeRequest = requestFor({ container: "mp4", codec: "h264" });
    const session = await openSession(ffmpegDisk(), request, sink);
    await writeAll(session, request, scene(false), 10);
    await rm(out.folder, { recursive: true });
    const next: Frame = frameOf(10, drawScene(10, size, false), size, "RGBA");
    await expect(session.write(next)).rejects.toMatchObject({ code: "output-not-writable", details: { output: out.path("video.mp4") } });
    await session.abort();
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });
});

describe("ffmpeg that reads frames from disk", () => {
  // Slow enough to be met at work.
  const long: EncodeRequest = requestFor({
    container: "webm",
    codec: "vp9",
    size: { width: 320, height: 200 },
    frameCount: 60,
    quality: { level: "high" },
  });
  const draw: Drawing = (index) => drawNoise(index, 320 * 200 * 4);

  it("is killed: that is told, and nothing is left", async () => {
    await using place = await scratch();
    const sink: FileSink = await openFileSink(place.path("video.webm"));
    const session = await openSession(ffmpegDisk(), long, sink);
    await writeAll(session, long, draw);
    const finishing = expect(session.finish()).rejects.toMatchObject({
      code: "encoder-failed",
      message: expect.stringMatching(/"ffmpeg-disk".*was ended by SIGKILL during finish/),
    });
    signalProcess(await untilReading(), "SIGKILL");
    await finishing;
    await session.abort();
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });

  it("stops: it is ended after its time, and nothing is left", async () => {
    await using place = await scratch();
    const sink: FileSink = await openFileSink(place.path("video.webm"));
    const session = await openSession(ffmpegDisk(), long, sink, { inactivityTimeoutMs: 1000 });
    await writeAll(session, long, draw);
    const finishing = expect(session.finish()).rejects.toMatchObject({
      code: "encoder-stalled",
      details: { phase: "finish", limitMs: 1000 },
    });
    signalProcess(await untilReading(), "SIGSTOP");
    await finishing;
    await session.abort();
    await sink.discard();
    expect(readers()).toEqual([]);
    expect(await place.list()).toEqual([]);
  });

  it.each([
    ["before the first frame", 0, false],
    ["between frames", 10, false],
    ["while ffmpeg works", 60, true],
  ] as const)("is not left, nor any file, where the render is stopped %s", async (_, frames, isFinishing) => {
    await using place = await scratch();
    const listeners: number = process.listenerCount("exit");
    const stop = new AbortController();
    const sink: FileSink = await openFileSink(place.path("video.webm"));
    const session = await openSession(ffmpegDisk(), long, sink, { signal: stop.signal });
    await writeAll(session, long, draw, frames);
    const finishing: Promise<unknown> | null = isFinishing ? session.finish().catch((thrown: unknown) => thrown) : null;
    if (isFinishing) await untilReading();
    stop.abort(new Error("enough"));
    await Promise.all([session.abort(), session.abort()]);
    if (finishing) expect(await finishing).toMatchObject({ code: "aborted" });
    await sink.discard();
    expect(readers()).toEqual([]);
    expect(await place.list()).toEqual([]);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it("tells of each frame that it reads for a GIF's palette, long before it writes the first picture", async () => {
    await using place = await scratch();
    const request: EncodeRequest = requestFor({ container: "gif", codec: "gif" });
    for (let index = 0; index < 20; index++) await writeFile(place.path(`${index}.rgba`), drawScene(index, size, false));
    const args: readonly string[] = ffmpegArguments(request, {
      ...{ encoder: "ffmpeg-disk", build: await ffmpegBuild(await findFfmpeg()), sound: null, extra: [] },
      input: { from: "folder", folder: place.folder, pattern: "%d.rgba" },
      output: { to: "file", path: place.path("video.gif") },
    });
    const said: string = Buffer.from(await runFfmpeg(args)).toString();
    expect(said.slice(0, said.indexOf("progress=")).match(/^read=1$/gm)).toHaveLength(20);
  });

  it("is given arguments of the caller's own", async () => {
    await using place = await scratch();
    const sink: FileSink = await openFileSink(place.path("video.mp4"));
    const request: EncodeRequest = requestFor({ container: "mp4", codec: "h264" });
    await encodeAll(ffmpegDisk({ args: ["-metadata", "title=from disk"] }), request, sink, scene(false));
    await sink.commit();
    expect((await readFile(place.path("video.mp4"))).includes("from disk")).toBe(true);
  });
});
