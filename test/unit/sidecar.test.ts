import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { writeSidecar } from "../../src/core/sidecar.ts";
import { CHANNELS } from "../../src/core/sound.ts";
import { openFileSink } from "../../src/node/file-sink.ts";
import { openFolderSink } from "../../src/node/folder-sink.ts";
import { memorySink, memorySound } from "../../src/testing/index.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** More than the second that is written at a time. */
const LONG = 70_000;

function ramp(sampleCount: number): Float32Array {
  return Float32Array.from({ length: sampleCount * CHANNELS }, (_, at) => (at % 2_001) / 1_000 - 1);
}

describe("the WAV file of a mix", () => {
  it("holds every sample with 24 bits, and what is too loud cut off", async () => {
    const sink = memorySink("moving.gif");
    const samples: Float32Array = ramp(LONG);
    samples.set([1.5, -1.5, 1, -1, 2 ** -23, -(2 ** -23)], 100);
    expect(await writeSidecar(sink, memorySound(samples))).toBe("moving.gif.wav");
    const read = await runFfmpeg(["-i", "pipe:0", "-f", "f32le", "pipe:1"], [sink.sidecarBytes]);
    const decoded = new Float32Array(read.slice().buffer);
    expect(decoded).toHaveLength(LONG * CHANNELS);
    const largest = 1 - 2 ** -23;
    expect([...decoded.subarray(100, 106)]).toEqual([largest, -1, largest, -1, 2 ** -23, -(2 ** -23)]);
    const furthest: number = decoded.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - Math.max(-1, Math.min(1, samples[at]!)))),
      0,
    );
    expect(furthest).toBeLessThanOrEqual(2 ** -23);
  });

  it("that is empty has a header alone", async () => {
    const sink = memorySink();
    await writeSidecar(sink, memorySound(new Float32Array(0)));
    expect(sink.sidecarBytes).toHaveLength(44);
  });
});

describe("sound beside a file", () => {
  it("appears with it, and replaces that of an earlier render", async () => {
    await using place = await scratch();
    await writeFile(place.path("moving.gif.wav"), "the one before");
    const sink = await openFileSink(place.path("moving.gif"));
    await sink.write(text("pictures"), 0);
    expect(await writeSidecar(sink, memorySound(ramp(10)))).toBe(place.path("moving.gif.wav"));
    expect(await readFile(place.path("moving.gif.wav"), "utf8")).toBe("the one before");
    expect(await sink.byteLength(), "of the pictures alone").toBe(8);
    await sink.commit();
    expect(await place.list()).toEqual(["moving.gif", "moving.gif.wav"]);
    expect(await readFile(place.path("moving.gif.wav"))).toHaveLength(44 + 60);
  });

  it("goes with it: discarded, or cleared for another encoder", async () => {
    await using place = await scratch();
    await writeFile(place.path("moving.gif.wav"), "the one before");
    const sink = await openFileSink(place.path("moving.gif"));
    await writeSidecar(sink, memorySound(ramp(10)));
    await sink.clear();
    await writeSidecar(sink, memorySound(ramp(3)));
    await sink.discard();
    expect(await place.list()).toEqual(["moving.gif.wav"]);
    const second = await openFileSink(place.path("moving.gif"));
    await writeSidecar(second, memorySound(ramp(10)));
    await second.clear();
    await writeSidecar(second, memorySound(ramp(3)));
    await second.commit();
    expect(await readFile(place.path("moving.gif.wav"))).toHaveLength(44 + 18);
  });

  it("leaves a file that is called so alone where the output holds its sound itself", async () => {
    await using place = await scratch();
    await writeFile(place.path("video.mp4.wav"), "somebody's own");
    const sink = await openFileSink(place.path("video.mp4"));
    await sink.write(text("video"), 0);
    await sink.commit();
    expect(await readFile(place.path("video.mp4.wav"), "utf8")).toBe("somebody's own");
  });

  it("is there again as it was where the pictures cannot get their name", async () => {
    await using place = await scratch();
    await writeFile(place.path("moving.gif.wav"), "the one before");
    const sink = await openFileSink(place.path("moving.gif"));
    await writeSidecar(sink, memorySound(ramp(10)));
    // A folder in its place cannot be replaced by a file.
    await mkdir(place.path("moving.gif"));
    await expect(sink.commit()).rejects.toMatchObject({ code: "output-not-writable" });
    expect(await readFile(place.path("moving.gif.wav"), "utf8")).toBe("the one before");
    expect(await place.list()).toEqual(["moving.gif", "moving.gif.wav"]);
  });

  it.runIf(isRoot)("says that the disk is full", async () => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), "size=64k");
    const sink = await openFileSink(`${disk.folder}/moving.gif`);
    await expect(writeSidecar(sink, memorySound(ramp(LONG)))).rejects.toMatchObject({ code: "disk-full" });
    await sink.discard();
    expect(await readdir(disk.folder)).toEqual([]);
  });
});

describe("sound inside a folder of pictures", () => {
  const png = { extension: ".png" } as const;

  it("appears with them, is no picture, and goes where the next render has none", async () => {
    await using place = await scratch();
    const sink = await openFolderSink(place.path("frames"), png);
    await sink.writeFile("000000.png", text("one"));
    expect(await writeSidecar(sink, memorySound(ramp(10)))).toBe(place.path("frames/sound.wav"));
    expect(await sink.fileNames()).toEqual(["000000.png"]);
    expect(await sink.byteLength()).toBe(3);
    await sink.commit();
    expect(await readdir(place.path("frames"))).toEqual(["000000.png", "sound.wav"]);
    const silent = await openFolderSink(place.path("frames"), png);
    await silent.writeFile("000000.png", text("two"));
    await silent.commit();
    expect(await readdir(place.path("frames"))).toEqual(["000000.png"]);
  });

  it("is nobody's but the user's where no pictures are there", async () => {
    await using place = await scratch();
    await mkdir(place.path("frames"));
    await writeFile(place.path("frames/sound.wav"), "somebody's own");
    await expect(openFolderSink(place.path("frames"), png)).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining('holds "sound.wav"'),
    });
  });

  it("goes with them when they are discarded", async () => {
    await using place = await scratch();
    const sink = await openFolderSink(place.path("frames"), png);
    await writeSidecar(sink, memorySound(ramp(10)));
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });
});
