import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pictureStore, type PictureStore, type StoredBytes } from "../../src/ffmpeg/picture-store.ts";
import { ownRecord } from "../../src/process/ownership.ts";
import { isRoot } from "../support/mounts.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "framewright-store-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const KILOBYTE = 1000;

/** Keeps so many bytes of a value, and lets go of them. */
async function keep(store: PictureStore, name: string, value: number, bytes = KILOBYTE): Promise<boolean> {
  const stored: StoredBytes | null = await store.keep(name, [new Uint8Array(bytes).fill(value)]);
  await stored?.close();
  return stored !== null;
}

async function valueOf(store: PictureStore, name: string): Promise<number | null> {
  const stored: StoredBytes | null = await store.open(name);
  if (stored === null) return null;
  const [value] = await stored.read(stored.byteLength - 1, 1);
  await stored.close();
  return value!;
}

/** As if it had been used last so long ago. */
async function age(name: string, seconds: number): Promise<void> {
  const then = new Date(Date.now() - seconds * 1000);
  await utimes(join(folder, `${name}.kept`), then, then);
}

describe("the store of pictures", () => {
  it("gives back what it was given, from any part of it, and nothing else", async () => {
    const store: PictureStore = pictureStore({ folder });
    await using stored = closing((await store.keep("a", [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)]))!);
    expect(await stored.bytes.read(1, 3)).toEqual(Uint8Array.of(2, 3, 4));
    expect(await store.open("b")).toBeNull();
  });

  it("lets go of what was used longest ago, and of nothing that is open", async () => {
    const store: PictureStore = pictureStore({ folder, limitBytes: 4.5 * KILOBYTE });
    for (const [at, name] of ["a", "b", "c"].entries()) {
      await keep(store, name, at);
      await age(name, 100 - at);
    }
    await using first = closing((await store.open("a"))!);
    await age("a", 200);
    await keep(store, "d", 3, 2 * KILOBYTE);
    expect(await Promise.all(["a", "b", "c", "d"].map((name) => valueOf(store, name)))).toEqual([0, null, 2, 3]);
    expect((await first.bytes.read(0, 1))[0]).toBe(0);
  });

  it("keeps nothing that is larger than its limit, nor what would need room that is in use", async () => {
    const store: PictureStore = pictureStore({ folder, limitBytes: 2.5 * KILOBYTE });
    expect(await keep(store, "large", 1, 3 * KILOBYTE)).toBe(false);
    await using held = closing((await store.keep("held", [new Uint8Array(1.5 * KILOBYTE)]))!);
    expect(await keep(store, "other", 1)).toBe(false);
    expect(await valueOf(store, "held")).toBe(0);
    await held[Symbol.asyncDispose]();
    expect(await keep(store, "other", 1)).toBe(true);
    expect((await readdir(folder)).toSorted()).toEqual(["other.kept"]);
  });

  it("removes what killed processes left, and nothing of those that live", async () => {
    const ended = spawn(process.execPath, ["--eval", ""]);
    await once(ended, "close");
    const own = await ownRecord();
    const gone = { owner: { ...own, processId: ended.pid! }, entry: "x.kept" };
    const alive = { owner: own, entry: "y.kept" };
    await writeFile(join(folder, "dead.lease"), JSON.stringify(gone));
    await writeFile(join(folder, "dead.partial"), "half");
    await writeFile(join(folder, "live.lease"), JSON.stringify(alive));
    await writeFile(join(folder, "live.partial"), "half");
    // An id that is used again by another process than the one that is gone.
    await writeFile(join(folder, "again.lease"), JSON.stringify({ ...alive, owner: { ...own, startedAt: "1" } }));
    await writeFile(join(folder, "nobodys.partial"), "half");
    await writeFile(join(folder, "writing.lease"), "");
    await keep(pictureStore({ folder }), "a", 1);
    expect((await readdir(folder)).toSorted()).toEqual(["a.kept", "live.lease", "live.partial", "writing.lease"]);
  });

  it("takes a file that lost its end for none", async () => {
    const store: PictureStore = pictureStore({ folder });
    for (const length of [0, 10, 500]) {
      await keep(store, "a", 1);
      await truncate(join(folder, "a.kept"), length);
      expect(await valueOf(store, "a"), `${length} bytes`).toBeNull();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it("is readable and writable by this user alone, and a folder that others could read becomes so", async () => {
    await chmod(folder, 0o755);
    const store: PictureStore = pictureStore({ folder });
    await using held = closing((await store.keep("a", [new Uint8Array(KILOBYTE)]))!);
    const modes = await Promise.all((await readdir(folder)).toSorted().map(async (name) => modeOf(join(folder, name))));
    // The entry and its lease.
    expect(modes).toEqual([0o600, 0o600]);
    expect(await modeOf(folder)).toBe(0o700);
    expect(await modeOf(join(folder, "a.kept"))).toBe(0o600);
    await held[Symbol.asyncDispose]();
  });

  it("ignores a folder that other users can write, and what lies in it", async () => {
    await keep(pictureStore({ folder }), "a", 1);
    await chmod(folder, 0o777);
    const store: PictureStore = pictureStore({ folder, limitBytes: 1e6 });
    expect(await valueOf(store, "a")).toBeNull();
    expect(await keep(store, "b", 1)).toBe(false);
    expect(await readdir(folder)).toEqual(["a.kept"]);
  });

  it("ignores a folder below one that every user can write", async () => {
    const below: string = join(folder, "below");
    await mkdir(below, { mode: 0o700 });
    await chmod(folder, 0o777);
    expect(await keep(pictureStore({ folder: below }), "a", 1)).toBe(false);
    // With the sticky bit nobody else can replace it, as on /tmp.
    await chmod(folder, 0o1777);
    expect(await keep(pictureStore({ folder: below }), "a", 1)).toBe(true);
  });

  it.runIf(isRoot)("ignores a folder of another user", async () => {
    await chown(folder, 65_534, 65_534);
    expect(await keep(pictureStore({ folder }), "a", 1)).toBe(false);
  });

  it("ignores a folder that is a link, and an entry that is one", async () => {
    const [elsewhere, linked] = [join(folder, "elsewhere"), join(folder, "linked")];
    await mkdir(elsewhere);
    await symlink(elsewhere, linked);
    expect(await keep(pictureStore({ folder: linked }), "a", 1)).toBe(false);
    const store: PictureStore = pictureStore({ folder: elsewhere });
    await keep(store, "a", 1);
    await symlink(join(elsewhere, "a.kept"), join(elsewhere, "b.kept"));
    expect(await valueOf(store, "a")).toBe(1);
    expect(await valueOf(store, "b")).toBeNull();
  });

  it("keeps nothing, and says so, where it cannot write", async () => {
    const file: string = join(folder, "file");
    await writeFile(file, "");
    const store: PictureStore = pictureStore({ folder: join(file, "below") });
    expect(await keep(store, "a", 1)).toBe(false);
    expect(await store.open("a")).toBeNull();
  });
});

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

function closing(bytes: StoredBytes): AsyncDisposable & { readonly bytes: StoredBytes } {
  return { bytes, [Symbol.asyncDispose]: () => bytes.close() };
}
