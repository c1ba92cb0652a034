import { execFileSync } from "node:child_process";
import { lstatSync } from "node:fs";
import { link, lstat, mkdir, readFile, readlink, realpath, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { openFileSink } from "../../src/node/file-sink.ts";
import { openFolderSink } from "../../src/node/folder-sink.ts";
import { isRoot } from "../support/mounts.ts";
import { scratch, type Scratch } from "../support/render.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const png = { extension: ".png" } as const;

async function writeVideo(output: string, text: string): Promise<void> {
  const sink = await openFileSink(output);
  await sink.write(bytes(text), 0);
  await sink.commit();
}

function makeNode(path: string, kind: "FIFO" | "character device" | "block device"): void {
  if (kind === "FIFO") execFileSync("mkfifo", [path]);
  // The numbers of memory devices and RAM disks that no system of ours has: nothing is ever read or written there.
  else execFileSync("mknod", [path, kind === "character device" ? "c" : "b", "240", "77"]);
}

describe("an output that is not a regular file", () => {
  const nodes = [
    { kind: "FIFO", says: "is a FIFO" },
    ...(isRoot
      ? ([
          { kind: "character device", says: "is a character device" },
          { kind: "block device", says: "is a block device" },
        ] as const)
      : []),
  ] as const;

  it.each(nodes)("rejects a $kind as output, and leaves it as it was", async ({ kind, says }) => {
    await using place = await scratch();
    makeNode(place.path("video.mp4"), kind);
    const before = await lstat(place.path("video.mp4"));
    await expect(openFileSink(place.path("video.mp4"))).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringMatching(new RegExp(`${says}.*Name a file`)),
    });
    expect(await lstat(place.path("video.mp4"))).toMatchObject({ ino: before.ino, mode: before.mode });
    expect(await place.list()).toEqual(["video.mp4"]);
  });

  it.each(nodes)("rejects a symbolic link to a $kind as output", async ({ kind, says }) => {
    await using place = await scratch();
    makeNode(place.path("node"), kind);
    await symlink("node", place.path("video.mp4"));
    await expect(openFileSink(place.path("video.mp4"))).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining(says),
    });
    expect(await place.list()).toEqual(["node", "video.mp4"]);
  });

  it("rejects a socket as output", async () => {
    await using place = await scratch();
    const server: Server = createServer().listen(place.path("video.mp4"));
    await once(server, "listening");
    try {
      await expect(openFileSink(place.path("video.mp4"))).rejects.toMatchObject({
        code: "output-not-writable",
        message: expect.stringContaining("it is a socket"),
      });
    } finally {
      server.close();
    }
  });

  it.each(nodes)("rejects a $kind as the folder of pictures", async ({ kind, says }) => {
    await using place = await scratch();
    makeNode(place.path("frames"), kind);
    await expect(openFolderSink(place.path("frames"), png)).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining(says),
    });
    expect(await place.list()).toEqual(["frames"]);
  });

  it("rejects a FIFO where the sound goes beside pictures", async () => {
    await using place = await scratch();
    makeNode(place.path("moving.gif.wav"), "FIFO");
    await expect(openFileSink(place.path("moving.gif"), { soundBeside: true })).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringMatching(/moving\.gif\.wav.*it is a FIFO/),
    });
    // Nothing is written beside formats that hold sound.
    await (await openFileSink(place.path("moving.gif"))).discard();
    expect(await place.list()).toEqual(["moving.gif.wav"]);
  });

  it("rejects a folder whose sound.wav is a FIFO, and keeps it", async () => {
    await using place = await scratch();
    await mkdir(place.path("frames"));
    await writeFile(place.path("frames/000000.png"), "earlier");
    makeNode(place.path("frames/sound.wav"), "FIFO");
    await expect(openFolderSink(place.path("frames"), png)).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining('"sound.wav"'),
    });
    expect(lstatSync(place.path("frames/sound.wav")).isFIFO()).toBe(true);
  });
});

describe("an output that becomes something else while it is rendered", () => {
  it("is not replaced where it has become a FIFO", async () => {
    await using place = await scratch();
    const sink = await openFileSink(place.path("video.mp4"));
    await sink.write(bytes("new"), 0);
    makeNode(place.path("video.mp4"), "FIFO");
    await expect(sink.commit()).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining("it is a FIFO"),
    });
    expect(lstatSync(place.path("video.mp4")).isFIFO()).toBe(true);
    expect(await place.list()).toEqual(["video.mp4"]);
  });

  it("is not replaced where it has become a symbolic link", async () => {
    await using place = await scratch();
    await writeFile(place.path("thesis.txt"), "years of work");
    const sink = await openFileSink(place.path("video.mp4"));
    await sink.write(bytes("new"), 0);
    await symlink("thesis.txt", place.path("video.mp4"));
    await expect(sink.commit()).rejects.toMatchObject({ code: "output-not-writable", message: expect.stringContaining("symbolic link") });
    expect(await readFile(place.path("thesis.txt"), "utf8")).toBe("years of work");
    expect(await readlink(place.path("video.mp4"))).toBe("thesis.txt");
    expect(await place.list()).toEqual(["thesis.txt", "video.mp4"]);
  });

  it("is not replaced where its sound has become a FIFO, and the earlier video stays", async () => {
    await using place = await scratch();
    await writeFile(place.path("moving.gif"), "earlier");
    const sink = await openFileSink(place.path("moving.gif"), { soundBeside: true });
    await sink.write(bytes("new"), 0);
    await sink.sidecar.append(bytes("sound"));
    makeNode(place.path("moving.gif.wav"), "FIFO");
    await expect(sink.commit()).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining("it is a FIFO"),
    });
    expect(await readFile(place.path("moving.gif"), "utf8")).toBe("earlier");
    expect(lstatSync(place.path("moving.gif.wav")).isFIFO()).toBe(true);
    expect(await place.list()).toEqual(["moving.gif", "moving.gif.wav"]);
  });

  it("keeps a FIFO that has the name of a new picture, and the earlier pictures", async () => {
    await using place = await scratch();
    await mkdir(place.path("frames"));
    await writeFile(place.path("frames/000000.png"), "earlier");
    const sink = await openFolderSink(place.path("frames"), png);
    for (const index of [0, 1]) await sink.writeFile(sink.fileName(index), bytes(`new ${index}`));
    makeNode(place.path("frames/000001.png"), "FIFO");
    await expect(sink.commit()).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringMatching(/000001\.png" cannot be written: it is a FIFO/),
    });
    expect(await readFile(place.path("frames/000000.png"), "utf8")).toBe("earlier");
    expect(lstatSync(place.path("frames/000001.png")).isFIFO()).toBe(true);
  });
});

describe("an output that is a symbolic link", () => {
  /** A folder with a link in one folder to a file in another; the temporary files of a sink are listed while it is open. */
  async function linked(place: Scratch, target: string): Promise<string> {
    for (const name of ["here", "there"]) await mkdir(place.path(name));
    await symlink(target, place.path("here/video.mp4"));
    return place.path("here/video.mp4");
  }

  it("writes to the target of the link, which stays", async () => {
    await using place = await scratch();
    const output: string = await linked(place, "../there/real.mp4");
    await writeFile(place.path("there/real.mp4"), "earlier");
    await writeVideo(output, "new");
    expect(await readlink(output)).toBe("../there/real.mp4");
    expect(await readFile(place.path("there/real.mp4"), "utf8")).toBe("new");
  });

  it("keeps its temporary file and its lock beside the target", async () => {
    await using place = await scratch();
    const output: string = await linked(place, "../there/real.mp4");
    const sink = await openFileSink(output);
    expect(sink.temporaryPath).toMatch(new RegExp(`^${await realpath(place.path("there"))}/\\.real\\.mp4\\.`));
    await expect(openFileSink(place.path("there/real.mp4"))).rejects.toMatchObject({ code: "output-busy" });
    await sink.discard();
  });

  it("creates the target of a dangling link", async () => {
    await using place = await scratch();
    const output: string = await linked(place, "../there/new.mp4");
    await writeVideo(output, "new");
    expect(await readlink(output)).toBe("../there/new.mp4");
    expect(await readFile(place.path("there/new.mp4"), "utf8")).toBe("new");
  });

  it("names the loop where links lead back to themselves", async () => {
    await using place = await scratch();
    await symlink("b.mp4", place.path("a.mp4"));
    await symlink("a.mp4", place.path("b.mp4"));
    await expect(openFileSink(place.path("a.mp4"))).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining("symbolic links that lead back to themselves"),
    });
    expect(await place.list()).toEqual(["a.mp4", "b.mp4"]);
  });

  it("rejects a link whose target lies in a missing folder", async () => {
    await using place = await scratch();
    const output: string = await linked(place, "../nowhere/real.mp4");
    await expect(openFileSink(output)).rejects.toMatchObject({ code: "output-not-writable", details: { output } });
  });

  it("writes the sound beside pictures to the target of its own link", async () => {
    await using place = await scratch();
    for (const name of ["here", "there"]) await mkdir(place.path(name));
    await symlink("../there/sound.wav", place.path("here/moving.gif.wav"));
    await writeFile(place.path("there/sound.wav"), "earlier");
    const sink = await openFileSink(place.path("here/moving.gif"), { soundBeside: true });
    await sink.write(bytes("new"), 0);
    await sink.sidecar.append(bytes("new sound"));
    await sink.commit();
    expect(await readlink(place.path("here/moving.gif.wav"))).toBe("../there/sound.wav");
    expect(await readFile(place.path("there/sound.wav"), "utf8")).toBe("new sound");
  });

  it.each(["frames", "frames/%06d.png"])("writes pictures into the folder that a link leads to: %s", async (name) => {
    await using place = await scratch();
    await symlink("real", place.path("frames"));
    const sink = await openFolderSink(place.path(name), png);
    await sink.writeFile(sink.fileName(0), bytes("new"));
    await sink.commit();
    expect(await readlink(place.path("frames"))).toBe("real");
    expect(await readFile(place.path("real/000000.png"), "utf8")).toBe("new");
  });
});

describe("files that an output must not replace", () => {
  const files = (...paths: string[]) => {
    return async (): Promise<string[]> => paths;
  };

  it.each(["itself", "a symbolic link", "a hard link"] as const)("rejects a file that the page uses, given as %s", async (how) => {
    await using place = await scratch();
    await writeFile(place.path("film.mp4"), "film");
    if (how === "a symbolic link") await symlink("film.mp4", place.path("video.mp4"));
    if (how === "a hard link") await link(place.path("film.mp4"), place.path("video.mp4"));
    const sink = await openFileSink(place.path(how === "itself" ? "film.mp4" : "video.mp4"));
    await expect(sink.refuseReplacing!(files(place.path("film.mp4")))).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringMatching(/the page uses the file ".*film\.mp4".*Name another file/),
    });
    await sink.discard();
    expect(await readFile(place.path("film.mp4"), "utf8")).toBe("film");
  });

  it("allows other files beside it, and ones that are gone", async () => {
    await using place = await scratch();
    await writeFile(place.path("film.mp4"), "film");
    await writeFile(place.path("video.mp4"), "earlier");
    const sink = await openFileSink(place.path("video.mp4"));
    await sink.refuseReplacing!(files(place.path("film.mp4"), place.path("gone.mp4")));
    await sink.write(bytes("new"), 0);
    await sink.commit();
    expect(await readFile(place.path("video.mp4"), "utf8")).toBe("new");
  });

  it("asks for no files where nothing would be replaced", async () => {
    await using place = await scratch();
    const sink = await openFileSink(place.path("video.mp4"));
    await sink.refuseReplacing!(() => Promise.reject(new Error("asked")));
    await sink.discard();
  });

  it("rejects a sound file that the page uses, beside pictures", async () => {
    await using place = await scratch();
    await writeFile(place.path("moving.gif.wav"), "music");
    const sink = await openFileSink(place.path("moving.gif"), { soundBeside: true });
    await expect(sink.refuseReplacing!(files(place.path("moving.gif.wav")))).rejects.toMatchObject({ code: "output-not-writable" });
    await sink.discard();
  });

  it("rejects a folder with a picture that the page uses", async () => {
    await using place = await scratch();
    await mkdir(place.path("frames"));
    for (const name of ["000000.png", "000001.png"]) await writeFile(place.path(`frames/${name}`), name);
    const sink = await openFolderSink(place.path("frames"), png);
    await expect(sink.refuseReplacing!(files(place.path("frames/000001.png")))).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining("000001.png"),
    });
    await sink.refuseReplacing!(files(place.path("elsewhere.png")));
    await sink.discard();
  });
});
