import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { FolderSink } from "../../src/core/sink.ts";
import { openFolderSink } from "../../src/node/folder-sink.ts";
import { namingOf } from "../../src/node/picture-naming.ts";
import { holdOutput } from "../support/holders.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { scratch } from "../support/render.ts";

const png = { extension: ".png" } as const;

async function fill(sink: FolderSink, count: number, text: string): Promise<void> {
  for (let index = 0; index < count; index++) await sink.writeFile(sink.fileName(index), new TextEncoder().encode(`${text} ${index}`));
}

describe("the names of pictures", () => {
  it.each([
    ["frames", "frames", "000042.png", "%06d.png"],
    ["frames/", "frames/", "000042.png", "%06d.png"],
    ["frames/shot-%04d.png", "frames", "shot-0042.png", "shot-%04d.png"],
    ["shot-%d.png", ".", "shot-42.png", "shot-%d.png"],
    ["a/%3d of 100%.png", "a", "042 of 100%.png", "%3d of 100%%.png"],
  ])("of %s", (output, folder, name, pattern) => {
    const naming = namingOf(output, ".png");
    expect([naming.folder, naming.fileName(42), naming.pattern]).toEqual([folder, name, pattern]);
    expect(naming.isPicture(name)).toBe(true);
  });

  it("grow where the digits are too few, and know their own", () => {
    const { fileName, isPicture, compare } = namingOf("f/shot-%02d.png", ".png");
    expect(fileName(1234)).toBe("shot-1234.png");
    expect(["shot-1234.png", "shot-01.png"].map(isPicture)).toEqual([true, true]);
    const foreign = ["shot-1.png", "shot-001.png", "shot-.png", "shot-01.jpg", "shot--1.png", "shot-01.png.txt", "hot-01.png", ".png", ""];
    expect(foreign.filter(isPicture)).toEqual([]);
    expect(["shot-100.png", "shot-99.png"].toSorted(compare)).toEqual(["shot-99.png", "shot-100.png"]);
  });
});

describe("a folder sink", () => {
  it("shows pictures only after the commit, in a folder that it makes", async () => {
    await using place = await scratch();
    const sink = await openFolderSink(place.path("frames"), png);
    await fill(sink, 3, "new");
    expect((await readdir(place.path("frames"))).filter((name) => !name.startsWith("."))).toEqual([]);
    expect(await sink.fileNames()).toEqual(["000000.png", "000001.png", "000002.png"]);
    expect(await sink.byteLength()).toBe(15);
    expect(Buffer.from(await sink.readFile("000001.png")).toString()).toBe("new 1");
    expect(Buffer.from(await sink.readFile("000001.png", 0, 2)).toString()).toBe("ne");
    expect(Buffer.from(await sink.readFile("000001.png", -1)).toString()).toBe("1");
    expect(await sink.readFile("000001.png", 5)).toHaveLength(0);
    await sink.commit();
    expect(await place.list()).toEqual(["frames"]);
    expect(await readdir(place.path("frames"))).toEqual(["000000.png", "000001.png", "000002.png"]);
  });

  it("replaces the pictures of an earlier render, all of them, and keeps hidden files", async () => {
    await using place = await scratch();
    const first = await openFolderSink(place.path("frames/shot-%02d.png"), png);
    await fill(first, 5, "old");
    await first.commit();
    await writeFile(place.path("frames/.notes"), "of the system");
    const second = await openFolderSink(place.path("frames/shot-%02d.png"), png);
    await fill(second, 2, "new");
    await second.commit();
    expect((await readdir(place.path("frames"))).toSorted()).toEqual([".notes", "shot-00.png", "shot-01.png"]);
    expect(await readFile(place.path("frames/shot-01.png"), "utf8")).toBe("new 1");
  });

  it("leaves an earlier render as it was when it is discarded", async () => {
    await using place = await scratch();
    const first = await openFolderSink(place.path("frames"), png);
    await fill(first, 2, "old");
    await first.commit();
    const listeners: number = process.listenerCount("exit");
    const second = await openFolderSink(place.path("frames"), png);
    await fill(second, 5, "new");
    await second.discard();
    await second.commit();
    expect(await readdir(place.path("frames"))).toEqual(["000000.png", "000001.png"]);
    expect(await readFile(place.path("frames/000000.png"), "utf8")).toBe("old 0");
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it("leaves no folder behind that it made and nobody used", async () => {
    await using place = await scratch();
    const sink = await openFolderSink(place.path("frames"), png);
    await fill(sink, 2, "new");
    await sink.discard();
    expect(await place.list()).toEqual([]);
  });

  it("refuses a folder with other files, names the first, and touches none", async () => {
    await using place = await scratch();
    await mkdir(place.path("frames"));
    for (const name of ["000000.png", "notes.txt", "zebra.png"]) await writeFile(place.path(`frames/${name}`), name);
    await expect(openFolderSink(place.path("frames"), png)).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringMatching(/holds "notes\.txt".*such as "000000\.png"/),
    });
    expect(await readdir(place.path("frames"))).toEqual(["000000.png", "notes.txt", "zebra.png"]);
  });

  it("refuses a file, and a place that is not there", async () => {
    await using place = await scratch();
    await writeFile(place.path("frames"), "a file");
    await expect(openFolderSink(place.path("frames"), png)).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining("is a file; pictures need a folder"),
    });
    await expect(openFolderSink(place.path("none/frames"), png)).rejects.toMatchObject({ code: "output-not-writable" });
    expect(await place.list()).toEqual(["frames"]);
  });

  it("puts everything back where a picture cannot be moved in", async () => {
    await using place = await scratch();
    const first = await openFolderSink(place.path("frames"), png);
    await fill(first, 3, "old");
    await first.commit();
    const second = await openFolderSink(place.path("frames"), png);
    await fill(second, 5, "new");
    // A folder that somebody made meanwhile, under the name of a picture.
    await mkdir(place.path("frames/000004.png"));
    await writeFile(place.path("frames/000004.png/inside"), "1");
    await expect(second.commit()).rejects.toMatchObject({ code: "output-not-writable" });
    expect((await readdir(place.path("frames"))).toSorted()).toEqual(["000000.png", "000001.png", "000002.png", "000004.png"]);
    expect(await readFile(place.path("frames/000000.png"), "utf8")).toBe("old 0");
    expect(await readFile(place.path("frames/000004.png/inside"), "utf8")).toBe("1");
    await expect(openFolderSink(place.path("frames"), png)).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining('holds "000004.png"'),
    });
  });

  it("says that its folder is gone, and leaves nothing", async () => {
    await using place = await scratch();
    const listeners: number = process.listenerCount("exit");
    const sink = await openFolderSink(place.path("frames"), png);
    await fill(sink, 1, "new");
    await rm(place.path("frames"), { recursive: true });
    const gone = { code: "output-not-writable", details: { output: place.path("frames") } };
    await expect(sink.writeFile("000001.png", new Uint8Array(1))).rejects.toMatchObject(gone);
    await expect(sink.byteLength()).rejects.toMatchObject(gone);
    await expect(sink.fileNames()).rejects.toMatchObject(gone);
    await expect(sink.readFile("000000.png")).rejects.toMatchObject(gone);
    await expect(sink.commit()).rejects.toMatchObject(gone);
    expect(await place.list()).toEqual([]);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it.runIf(isRoot)("writes into a disk of its own, and says when it is full", async () => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), "size=64k");
    const sink = await openFolderSink(`${disk.folder}/%03d.png`, png);
    await expect(sink.writeFile("000.png", new Uint8Array(256 * 1024))).rejects.toMatchObject({ code: "disk-full" });
    await sink.clear();
    await fill(sink, 2, "new");
    await sink.commit();
    expect(await readdir(disk.folder)).toEqual(["000.png", "001.png"]);
  });
});

describe("two renders to one folder", () => {
  it("is refused across processes, also under another pattern, and taken over from one that was killed", async () => {
    await using place = await scratch();
    await using holder = await holdOutput(place.path("frames"), "png-sequence");
    expect(holder.said).toBe("held");
    await expect(openFolderSink(place.path("frames/%06d.png"), png)).rejects.toMatchObject({ code: "output-busy" });
    await holder.end("SIGKILL");
    const sink = await openFolderSink(place.path("frames"), png);
    await fill(sink, 1, "new");
    await sink.commit();
    expect(await readdir(place.path("frames"))).toEqual(["000000.png"]);
  });

  it("leaves nothing when the process exits in the middle", async () => {
    await using place = await scratch();
    await using holder = await holdOutput(place.path("frames"), "png-sequence");
    await holder.end("exit");
    expect(await place.list()).toEqual([]);
  });
});
