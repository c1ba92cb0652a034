import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { EncodeRequest } from "../../src/core/encoder.ts";
import type { Size } from "../../src/core/frame.ts";
import { checkOutput } from "../../src/core/pipeline/check-output.ts";
import type { FolderSink } from "../../src/core/sink.ts";
import { encodePng } from "../../src/encoders/png-picture.ts";
import { pngSequence } from "../../src/encoders/png-sequence.ts";
import { openFileSink, openFolderSink } from "../../src/node/index.ts";
import { drawNoise, drawScene, encodeAll, openSession, requestFor, writeAll, type Drawing } from "../support/encoding.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { descendants, signalProcess, type ProcessFacts } from "../support/processes.ts";
import { scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";

const size: Size = { width: 65, height: 47 };
const repeats: ReadonlySet<number> = new Set([1, 2, 8, 9]);

function shown(index: number): number {
  return repeats.has(index) ? shown(index - 1) : index;
}

function scene(isTransparent: boolean): Drawing {
  return (index) => (repeats.has(index) ? null : drawScene(index, size, isTransparent));
}

function requestOf(asked: Partial<EncodeRequest> & Pick<EncodeRequest, "container" | "codec">): EncodeRequest {
  return requestFor({ size, frameCount: 10, ...asked });
}

function rgbaOf(file: string): Promise<Uint8Array> {
  return runFfmpeg(["-i", file, "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"]);
}

/** The largest difference of a channel, 0 to 255; of RGB, where it can be seen. */
function farthest(one: Uint8Array, other: Uint8Array): number {
  let largest = 0;
  for (let at = 0; at < one.length; at++) if (other[at | 3]! > 0) largest = Math.max(largest, Math.abs(one[at]! - other[at]!));
  return largest;
}

function encodingFfmpeg(): ProcessFacts | undefined {
  return descendants().find(({ commandLine }) => commandLine.includes(".partial") && commandLine.includes("image2"));
}

describe("a folder of pictures", () => {
  it.each(["RGBA", "PNG"] as const)(
    "of PNG has the very pixels of frames in %s, alpha and repeats included, without ffmpeg",
    async (frameFormat) => {
      await using place = await scratch();
      const sink: FolderSink = await openFolderSink(place.path("frames/shot-%03d.png"), { extension: ".png" });
      const request: EncodeRequest = requestOf({ container: "png-sequence", codec: "png", alpha: true, frameFormat });
      const encoder = pngSequence({ executablePath: "/no/ffmpeg" });
      expect(await encoder.probe(request, { browser: {} as never })).toEqual({ ok: true });
      const pngs = await Promise.all(Array.from({ length: 10 }, (_, index) => encodePng(drawScene(index, size, true), size)));
      const draw: Drawing = frameFormat === "RGBA" ? scene(true) : (index) => (repeats.has(index) ? null : pngs[index]!);
      expect(await encodeAll(encoder, request, sink, draw)).toMatchObject({ framesIn: 10, framesOut: 10 });
      expect(await checkOutput(sink, { ...request, frameCount: 10, pictures: 10 })).toMatchObject({ alpha: true, size, codec: "png" });
      await sink.commit();
      const names: readonly string[] = (await readdir(place.path("frames"))).toSorted();
      expect(names).toEqual(Array.from({ length: 10 }, (_, index) => `shot-00${index}.png`));
      for (const [index, name] of names.entries()) {
        const path: string = join(place.path("frames"), name);
        expect(Buffer.compare(await rgbaOf(path), drawScene(shown(index), size, true)), name).toBe(0);
        if (frameFormat === "PNG") expect(Buffer.compare(await readFile(path), pngs[shown(index)]!)).toBe(0);
      }
    },
  );

  it("of WebP keeps alpha, and every pixel where nothing may be lost", async () => {
    await using place = await scratch();
    const sink: FolderSink = await openFolderSink(place.path("frames"), { extension: ".webp" });
    const request: EncodeRequest = requestOf({ container: "webp-sequence", codec: "webp", alpha: true, quality: { level: "lossless" } });
    await encodeAll(pngSequence(), request, sink, scene(true));
    expect(await checkOutput(sink, { ...request, frameCount: 10, pictures: 10 })).toMatchObject({ alpha: true, size });
    for (let index = 0; index < 10; index++) {
      const pixels: Uint8Array = await rgbaOf(join(sink.temporaryPath, sink.fileName(index)));
      expect(farthest(pixels, drawScene(shown(index), size, true)), `picture ${index}`).toBe(0);
    }
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });

  it("of JPEG has the colours of its frames, and the same bytes for the same picture", async () => {
    await using place = await scratch();
    const sink: FolderSink = await openFolderSink(place.path("frames"), { extension: ".jpg" });
    const request: EncodeRequest = requestOf({ container: "jpeg-sequence", codec: "jpeg", quality: { level: "high" } });
    await encodeAll(pngSequence(), request, sink, scene(false));
    await checkOutput(sink, { ...request, frameCount: 10, pictures: 10 });
    const bytes = await Promise.all(Array.from({ length: 10 }, (_, index) => readFile(join(sink.temporaryPath, sink.fileName(index)))));
    for (let index = 0; index < 10; index++) {
      expect(Buffer.compare(bytes[index]!, bytes[shown(index)]!), `picture ${index}`).toBe(0);
      const pixels: Uint8Array = await rgbaOf(join(sink.temporaryPath, sink.fileName(index)));
      const wanted: Uint8Array = drawScene(shown(index), size, false);
      // Away from the box, whose edges JPEG blurs.
      expect(farthest(pixels.subarray(0, 65 * 8 * 4), wanted.subarray(0, 65 * 8 * 4)), `picture ${index}`).toBeLessThan(16);
    }
    await sink.discard();
  });

  it("of JPEG takes frames in JPEG as they are, without ffmpeg", async () => {
    await using place = await scratch();
    const sink: FolderSink = await openFolderSink(place.path("frames"), { extension: ".jpg" });
    const request: EncodeRequest = requestOf({ container: "jpeg-sequence", codec: "jpeg", frameFormat: "JPEG" });
    const picture: Uint8Array = await runFfmpeg([
      ...["-f", "lavfi", "-i", "testsrc2=s=66x48", "-frames:v", "1", "-vf", "scale=65:47", "-f", "image2pipe", "-c:v", "mjpeg", "pipe:1"],
    ]);
    await encodeAll(pngSequence({ executablePath: "/no/ffmpeg" }), request, sink, (index) => (repeats.has(index) ? null : picture));
    await checkOutput(sink, { ...request, frameCount: 10, pictures: 10 });
    expect(Buffer.compare(await readFile(join(sink.temporaryPath, sink.fileName(9))), picture)).toBe(0);
    await sink.discard();
  });

  it("needs a folder: a file is refused with what to write instead", async () => {
    await using place = await scratch();
    const sink = await openFileSink(place.path("frames.png"));
    const request: EncodeRequest = requestOf({ container: "png-sequence", codec: "png" });
    await expect(openSession(pngSequence(), request, sink)).rejects.toMatchObject({
      code: "encoder-failed",
      message: expect.stringContaining("give a pattern such as frames/%06d.png"),
    });
    await sink.discard();
  });
});

describe("what goes wrong while pictures are written", () => {
  const large: Size = { width: 320, height: 200 };
  const noise: Drawing = (index) => drawNoise(index, 320 * 200 * 4);

  it.runIf(isRoot).each([
    ["png-sequence", "png", ".png", "1m"],
    ["webp-sequence", "webp", ".webp", "600k"],
  ] as const)("a disk that fills up under %s is told, and left empty", async (container, codec, extension, room) => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), `size=${room}`);
    const sink: FolderSink = await openFolderSink(`${disk.folder}/frames`, { extension });
    const request: EncodeRequest = requestOf({ container, codec, size: large, frameCount: 40, quality: { level: "lossless" } });
    await expect(encodeAll(pngSequence(), request, sink, noise)).rejects.toMatchObject({ code: "disk-full" });
    await sink.discard();
    expect(await readdir(disk.folder)).toEqual([]);
  });

  it.each([
    ["png-sequence", "png", ".png"],
    ["webp-sequence", "webp", ".webp"],
  ] as const)("a folder of %s that is removed is told, and nothing is left", async (container, codec, extension) => {
    await using place = await scratch();
    const sink: FolderSink = await openFolderSink(place.path("frames"), { extension });
    const request: EncodeRequest = requestOf({ container, codec });
    const session = await openSession(pngSequence(), request, sink);
    await writeAll(session, request, scene(false), 3);
    await rm(place.path("frames"), { recursive: true });
    const rest = async (): Promise<unknown> => {
      await writeAll(session, request, scene(false), 10);
      return session.finish();
    };
    await expect(rest()).rejects.toMatchObject({ code: "output-not-writable", details: { output: place.path("frames") } });
    await session.abort();
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });

  it("ffmpeg that is killed is told, and nothing is left", async () => {
    await using place = await scratch();
    const sink: FolderSink = await openFolderSink(place.path("frames"), { extension: ".webp" });
    const request: EncodeRequest = requestOf({ container: "webp-sequence", codec: "webp", size: large });
    const session = await openSession(pngSequence(), request, sink);
    await writeAll(session, request, noise, 3);
    signalProcess(await vi.waitUntil(encodingFfmpeg, { timeout: 5000, interval: 2 }), "SIGKILL");
    const rest = async (): Promise<unknown> => {
      await writeAll(session, request, noise, 10);
      return session.finish();
    };
    await expect(rest()).rejects.toMatchObject({ code: "encoder-failed", message: expect.stringContaining("SIGKILL") });
    await session.abort();
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });

  it.each([
    ["png-sequence", "png", ".png"],
    ["webp-sequence", "webp", ".webp"],
  ] as const)("a stop leaves no ffmpeg and no file of %s", async (container, codec, extension) => {
    await using place = await scratch();
    const listeners: number = process.listenerCount("exit");
    const stop = new AbortController();
    const sink: FolderSink = await openFolderSink(place.path("frames"), { extension });
    const request: EncodeRequest = requestOf({ container, codec, size: large });
    const session = await openSession(pngSequence(), request, sink, { signal: stop.signal });
    await writeAll(session, request, noise, 6);
    const finishing: Promise<unknown> = session.finish().catch((thrown: unknown) => thrown);
    stop.abort(new Error("enough"));
    await session.abort();
    expect(await finishing).toMatchObject({ code: "aborted" });
    await sink.discard();
    expect(encodingFfmpeg()).toBeUndefined();
    expect(await place.list()).toEqual([]);
    expect(process.listenerCount("exit")).toBe(listeners);
  });
});
