import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockOutput, type OutputLock } from "../../src/node/output-lock.ts";
import { ownRecord, type OwnershipRecord } from "../../src/process/ownership.ts";
import { scratch, type Scratch } from "../support/render.ts";

const TEMPORARY = ".video.mp4.0a1b2c3d.partial";
const LOCK = ".video.mp4.lock";

let place: Scratch;
beforeEach(async () => {
  place = await scratch();
});
afterEach(async () => {
  vi.useRealTimers();
  await place[Symbol.asyncDispose]();
});

const lock = (): Promise<OutputLock> => lockOutput(place.path(LOCK), place.path("video.mp4"), TEMPORARY);

/** Takes the output, and gives it back. */
async function lockAndRelease(): Promise<void> {
  await (await lock()).release();
}

async function makeOld(name: string, minutes: number): Promise<void> {
  const then = new Date(Date.now() - minutes * 60_000);
  await utimes(place.path(name), then, then);
}

async function contentOf(owner: Partial<OwnershipRecord>, temporaryName = ".video.mp4.00000000.partial"): Promise<string> {
  return JSON.stringify({ owner: { ...(await ownRecord()), ...owner }, temporaryName });
}

describe("the lock of an output", () => {
  it("appears with its content, and leaves nothing else", async () => {
    const held: OutputLock = await lock();
    expect(JSON.parse(await readFile(place.path(LOCK), "utf8"))).toEqual({ owner: await ownRecord(), temporaryName: TEMPORARY });
    expect(await place.list()).toEqual([LOCK]);
    await expect(lock()).rejects.toMatchObject({ code: "output-busy" });
    held.releaseNow();
    expect(await place.list()).toEqual([]);
  });

  it.each([
    ["is empty", ""],
    ["is not JSON", "garbage"],
    ["is JSON of another kind", '{"processId":1,"host":"elsewhere"}'],
    ["has an impossible process", JSON.stringify({ owner: { processId: -1 }, temporaryName: "x" })],
    ["is large", "x".repeat(1_000_000)],
  ])("is taken over where the one that is there %s", async (_, content) => {
    await writeFile(place.path(LOCK), content);
    // It may be one that is being written.
    await expect(lock()).rejects.toMatchObject({ code: "output-busy" });
    await makeOld(LOCK, 1);
    await lockAndRelease();
    expect(await place.list()).toEqual([]);
  });

  it("is taken over from a link, which is not followed", async () => {
    await writeFile(place.path("target"), await contentOf({}));
    await symlink(place.path("target"), place.path(LOCK));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    await lockAndRelease();
    expect(await place.list()).toEqual(["target"]);
    expect(await readFile(place.path("target"), "utf8")).toBe(await contentOf({}));
  });

  it.skipIf(process.platform === "win32")("is taken over from a FIFO, which is not waited for", async () => {
    spawnSync("mkfifo", [place.path(LOCK)]);
    await makeOld(LOCK, 1);
    await lockAndRelease();
    expect(await place.list()).toEqual([]);
  });

  it.each([
    ["another host", { host: "elsewhere" }],
    ["another container", { pidNamespace: "pid:[1]" }],
    ["a process that runs, but did not write it,", {}],
  ])("of %s is believed while it is refreshed, and no longer", async (_, owner) => {
    await writeFile(place.path(LOCK), await contentOf(owner));
    await makeOld(LOCK, 9);
    await expect(lock()).rejects.toMatchObject({ code: "output-busy", details: { lockPath: place.path(LOCK) } });
    await makeOld(LOCK, 11);
    await lockAndRelease();
    // A time to come is none that a render gave.
    await writeFile(place.path(LOCK), await contentOf(owner));
    await makeOld(LOCK, -60);
    await lockAndRelease();
    expect(await place.list()).toEqual([]);
  });

  it("is refreshed while it is held, so that nobody else takes it", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const held: OutputLock = await lock();
    await makeOld(LOCK, 11);
    vi.advanceTimersByTime(30_000);
    vi.useRealTimers();
    await expect
      .poll(
        () =>
          lock().then(
            () => "taken",
            ({ code }) => code,
          ),
        { timeout: 10_000 },
      )
      .toBe("output-busy");
    await held.release();
    expect(await place.list()).toEqual([]);
  });

  it("that another render has taken over meanwhile is left to it", async () => {
    const held: OutputLock = await lock();
    const other: string = await contentOf({ host: "elsewhere" });
    await writeFile(place.path(LOCK), other);
    held.releaseNow();
    await held.release();
    expect(await readFile(place.path(LOCK), "utf8")).toBe(other);
  });

  it("is taken over although a process was killed while it took it over", async () => {
    const gone: string = await contentOf({ startedAt: "1" });
    const claimOf = (path: string, content: string): string => `${path}.${createHash("sha256").update(content).digest("hex").slice(0, 8)}`;
    const claim: string = claimOf(LOCK, gone);
    await writeFile(place.path(LOCK), gone);
    await writeFile(place.path(claim), gone);
    await writeFile(place.path(claimOf(claim, gone)), "");
    await makeOld(claimOf(claim, gone), 1);
    await lockAndRelease();
    expect(await place.list()).toEqual([]);
  });

  it("removes what the killed render left, and nothing of other outputs", async () => {
    const others: readonly string[] = [".other.mp4.00000000.partial", ".video.mp4.11111111.partial", "precious"];
    for (const name of [...others, ".video.mp4.00000000.partial.wav"]) await writeFile(place.path(name), "1");
    await mkdir(place.path(".video.mp4.00000000.partial.frames"));
    for (const name of [".other.mp4.00000000.partial", "precious", ".video.mp4.00000000.partial"]) {
      await writeFile(place.path(LOCK), await contentOf({ startedAt: "1" }, name));
      await lockAndRelease();
    }
    expect(await place.list()).toEqual([...others].toSorted());
  });
});
