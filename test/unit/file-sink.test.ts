import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { openFileSink } from "../../src/node/file-sink.ts";
import { ownRecord, type OwnershipRecord } from "../../src/process/ownership.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { holdOutput } from "../support/holders.ts";
import { scratch } from "../support/render.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a file sink", () => {
  it("shows the file under its name only after the commit, and leaves nothing else", async () => {
    await using place = await scratch();
    await writeFile(place.path("video.mp4"), "the one before");
    const sink = await openFileSink(place.path("video.mp4"));
    await sink.write(bytes("456"), 3);
    await sink.write(bytes("123"), 0);
    expect(await readFile(place.path("video.mp4"), "utf8")).toBe("the one before");
    expect(await sink.byteLength()).toBe(6);
    expect(await sink.read(1, 4)).toEqual(bytes("234"));
    await sink.commit();
    expect(await readFile(place.path("video.mp4"), "utf8")).toBe("123456");
    expect(await place.list()).toEqual(["video.mp4"]);
  });

  it("leaves what was there when it is discarded, before and after a commit that came too late", async () => {
    await using place = await scratch();
    await writeFile(place.path("video.mp4"), "the one before");
    const listeners: number = process.listenerCount("exit");
    const sink = await openFileSink(place.path("video.mp4"));
    await sink.write(bytes("123"), 0);
    await sink.discard();
    await sink.commit();
    await sink.discard();
    expect(await readFile(place.path("video.mp4"), "utf8")).toBe("the one before");
    expect(await place.list()).toEqual(["video.mp4"]);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it("is empty again after clear", async () => {
    await using place = await scratch();
    const sink = await openFileSink(place.path("video.mp4"));
    await sink.write(bytes("123"), 0);
    await sink.clear();
    expect(await sink.byteLength()).toBe(0);
    await sink.discard();
  });

  it("refuses a folder, and a folder that is not there, with the output's name", async () => {
    await using place = await scratch();
    await mkdir(place.path("video.mp4"));
    await expect(openFileSink(place.path("video.mp4"))).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining("it is a folder"),
    });
    await expect(openFileSink(place.path("none/video.mp4"))).rejects.toMatchObject({
      code: "output-not-writable",
      details: { output: place.path("none/video.mp4") },
    });
    expect(await place.list()).toEqual(["video.mp4"]);
  });

  it.each(["byteLength", "read", "commit"] as const)("says at %s that its folder is gone, and leaves nothing", async (call) => {
    await using place = await scratch();
    await mkdir(place.path("out"));
    const listeners: number = process.listenerCount("exit");
    const sink = await openFileSink(place.path("out/video.mp4"));
    await sink.write(bytes("123"), 0);
    await rm(place.path("out"), { recursive: true });
    const calls = { byteLength: () => sink.byteLength(), read: () => sink.read(0, 1), commit: () => sink.commit() };
    await expect(calls[call]()).rejects.toMatchObject({ code: "output-not-writable", details: { output: place.path("out/video.mp4") } });
    await sink.discard();
    expect(await place.list()).toEqual([]);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it.runIf(isRoot)("says that the disk is full, and how much is free", async () => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), "size=64k");
    const sink = await openFileSink(`${disk.folder}/video.mp4`);
    await expect(sink.write(new Uint8Array(256 * 1024), 0)).rejects.toMatchObject({
      code: "disk-full",
      details: { output: `${disk.folder}/video.mp4`, freeBytes: expect.any(Number) },
    });
    await sink.discard();
  });
});

/** The id of this process, as a process had it that is gone. */
async function goneOwner(): Promise<OwnershipRecord> {
  return { ...(await ownRecord()), startedAt: "1" };
}

describe("two renders to one output", () => {
  it("is refused in the same process, and allowed after the first has ended", async () => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    const first = await openFileSink(output);
    await expect(openFileSink(output)).rejects.toMatchObject({
      code: "output-busy",
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
      details: { output, lockPath: place.path(".video.mp4.lock") },
    });
    // Another output in the same folder is no matter.
    await (await openFileSink(place.path("other.mp4"))).discard();
    await first.discard();
    await (await openFileSink(output)).commit();
    expect(await place.list()).toEqual(["video.mp4"]);
  });

  it("is refused across processes, whatever path leads there, and allowed after the other has committed", async () => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    await using holder = await holdOutput(output);
    expect(holder.said).toBe("held");
    const around = `${place.folder}/../${basename(place.folder)}/video.mp4`;
    await expect(openFileSink(around)).rejects.toMatchObject({
      code: "output-busy",
      details: { owner: `process ${holder.processId} on ${hostname()}` },
    });
    await holder.end("commit");
    expect(await place.list()).toEqual(["video.mp4"]);
    await (await openFileSink(output)).discard();
    expect(await place.list()).toEqual(["video.mp4"]);
  });

  it("takes over from a process that was killed, and removes what it left", async () => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    await using holder = await holdOutput(output);
    await holder.end("SIGKILL");
    const left: readonly string[] = await place.list();
    expect(left).toHaveLength(2);
    const partial: string | undefined = left.find((name) => name.endsWith(".partial"));
    await mkdir(place.path(`${partial}.frames`));
    await writeFile(place.path(`${partial}.frames/00000000.png`), "a frame");
    const sink = await openFileSink(output);
    expect(await place.list()).toEqual([basename(sink.temporaryPath!), ".video.mp4.lock"].toSorted());
    await sink.commit();
    expect(await place.list()).toEqual(["video.mp4"]);
  });

  it("leaves nothing when the process exits in the middle", async () => {
    await using place = await scratch();
    await using holder = await holdOutput(place.path("video.mp4"));
    await holder.end("exit");
    expect(await place.list()).toEqual([]);
  });

  it("lets only one of many take over from a process that is gone", async () => {
    for (let round = 0; round < 40; round++) {
      await using place = await scratch();
      const output: string = place.path("video.mp4");
      const stale = { owner: await goneOwner(), temporaryName: ".video.mp4.00000000.partial" };
      await writeFile(place.path(".video.mp4.lock"), JSON.stringify(stale));
      const opened = await Promise.allSettled(Array.from({ length: 12 }, () => openFileSink(output)));
      const sinks = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      expect(sinks, `round ${round}`).toHaveLength(1);
      for (const one of opened) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "output-busy" });
      await sinks[0]!.commit();
      expect(await place.list()).toEqual(["video.mp4"]);
    }
  });

  it("believes a lock of another host, and names the file to remove", async () => {
    await using place = await scratch();
    const lock: string = place.path(".video.mp4.lock");
    const owner = { ...(await ownRecord()), host: "elsewhere", processId: 1 };
    await writeFile(lock, JSON.stringify({ owner, temporaryName: ".x" }));
    const opening = openFileSink(place.path("video.mp4"));
    await expect(opening).rejects.toMatchObject({ code: "output-busy", message: expect.stringContaining("1 on elsewhere") });
    await expect(opening).rejects.toThrow(`remove "${lock}"`);
    expect(await place.list()).toEqual([".video.mp4.lock"]);
  });

  it("takes over a lock whose process id another process has by now", async () => {
    await using place = await scratch();
    const stale = { owner: await goneOwner(), temporaryName: ".video.mp4.00000000.partial" };
    await writeFile(place.path(".video.mp4.lock"), JSON.stringify(stale));
    await (await openFileSink(place.path("video.mp4"))).discard();
    expect(await place.list()).toEqual([]);
  });

  it("removes nothing by a name that no render gives", async () => {
    await using place = await scratch();
    await writeFile(place.path("precious"), "1");
    const stale = { owner: await goneOwner(), temporaryName: "precious" };
    await writeFile(place.path(".video.mp4.lock"), JSON.stringify(stale));
    await (await openFileSink(place.path("video.mp4"))).discard();
    expect(await place.list()).toEqual(["precious"]);
  });

  it("keeps to its file when the folder is renamed under it", async () => {
    await using place = await scratch();
    await mkdir(place.path("out"));
    const sink = await openFileSink(place.path("out/video.mp4"));
    await rename(place.path("out"), place.path("moved"));
    await expect(sink.commit()).rejects.toMatchObject({ code: "output-not-writable" });
    expect((await stat(place.path("moved"))).isDirectory()).toBe(true);
  });
});
