import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, readdir, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeSoundFolder } from "../../src/audio/sound-folder.ts";
import { createProfile, removeProfile } from "../../src/browser/profile.ts";
import { ownRecord, type OwnershipRecord } from "../../src/process/ownership.ts";
import {
  makeTemporaryFolder,
  removeAbandonedFolders,
  removeTemporaryFolder,
  removeTemporaryFolderNow,
} from "../../src/process/temporary-folder.ts";
import { isRoot } from "../support/mounts.ts";
import { scratch, type Scratch } from "../support/render.ts";

const RECORD = ".framewright-owner.json";

let place: Scratch;
let endedId: number;
beforeEach(async () => {
  place = await scratch();
  const ended = spawn(process.execPath, ["--eval", ""]);
  await once(ended, "close");
  endedId = ended.pid!;
});
afterEach(() => place[Symbol.asyncDispose]());

/** A folder as a process left it that has ended, with what differs in its record. */
async function leave(name: string, differs: Partial<OwnershipRecord> | string = {}): Promise<string> {
  const folder: string = place.path(name);
  await mkdir(folder, { mode: 0o700 });
  const record: string = typeof differs === "string" ? differs : JSON.stringify({ ...(await ownRecord()), processId: endedId, ...differs });
  await writeFile(join(folder, RECORD), record, { mode: 0o600 });
  await writeFile(join(folder, "data"), "1");
  return folder;
}

async function makeOld(path: string): Promise<void> {
  const then = new Date(Date.now() - 3 * 3_600_000);
  await utimes(path, then, then);
}

describe("a temporary folder", () => {
  it("is private, carries a record, and is gone when it is removed", async () => {
    const folder: string = await makeTemporaryFolder(place.folder, "media");
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual([RECORD]);
    expect((await stat(join(folder, RECORD))).mode & 0o777).toBe(0o600);
    await writeFile(join(folder, "data"), "1");
    await removeTemporaryFolder(folder);
    const other: string = await makeTemporaryFolder(place.folder, "profile");
    await writeFile(join(other, "data"), "1");
    removeTemporaryFolderNow(other);
    // Twice does no harm.
    removeTemporaryFolderNow(other);
    await removeTemporaryFolder(folder);
    expect(await place.list()).toEqual([]);
  });

  it("of any kind is removed after its process has ended", async () => {
    for (const kind of ["bench", "browser", "doctor", "media", "profile", "sound"]) await leave(`framewright-${kind}-${endedId}-aB3dE6`);
    await removeAbandonedFolders(place.folder);
    expect(await place.list()).toEqual([]);
  });

  it("of a running process stays, whatever id its name has", async () => {
    const folder: string = await makeTemporaryFolder(place.folder, "profile");
    await leave(`framewright-media-${endedId}-aaaaaa`, { processId: process.pid });
    await removeAbandonedFolders(place.folder);
    expect(await place.list()).toHaveLength(2);
    await removeTemporaryFolder(folder);
  });

  it.each([
    ["another container that shares the folder", { pidNamespace: "pid:[1]" }],
    ["another host that shares the folder", { host: "elsewhere" }],
    ["another user", { user: 4_000_000_000 }],
  ])("of %s stays although no process here has its id", async (_, differs) => {
    await leave(`framewright-profile-${endedId}-aaaaaa`, differs);
    await removeAbandonedFolders(place.folder);
    expect(await place.list()).toEqual([`framewright-profile-${endedId}-aaaaaa`]);
  });

  it.each(["framewright-profile-x", "framewright-profile-1-aaaaaa-backup", "framewright-profiles-1-aaaaaa", "framewright-profile-1-../aa"])(
    "named %s is none of ours and stays",
    async (name) => {
      await leave(name.replace("/", ""));
      await removeAbandonedFolders(place.folder);
      expect(await place.list()).toHaveLength(1);
    },
  );

  it.each([
    ["an empty record", ""],
    ["a record that is not JSON", "{"],
    ["a record without a host", JSON.stringify({ processId: 1 })],
    ["a record that is too large", " ".repeat(10_000)],
  ])("with %s and data stays, however old", async (_, record) => {
    const folder: string = await leave(`framewright-sound-${endedId}-aaaaaa`, record);
    await makeOld(folder);
    await removeAbandonedFolders(place.folder);
    expect(await readdir(folder)).toContain("data");
  });

  it("that is being made stays, and one that was never finished goes after an hour", async () => {
    const names = [
      `framewright-sound-${endedId}-aaaaaa`,
      `framewright-sound-${endedId}-bbbbbb`,
      `framewright-sound-${endedId}-cccccc`,
    ] as const;
    for (const name of names) await mkdir(place.path(name), { mode: 0o700 });
    await writeFile(place.path(`${names[1]}/${RECORD}.new`), "{");
    for (const name of names.slice(1)) await makeOld(place.path(name));
    await removeAbandonedFolders(place.folder);
    expect(await place.list()).toEqual([names[0]]);
  });

  it("that is a link, or that others can write, stays, and so does what the link leads to", async () => {
    const target: string = await leave("target");
    await symlink(target, place.path(`framewright-profile-${endedId}-aaaaaa`));
    await chmod(await leave(`framewright-profile-${endedId}-bbbbbb`), 0o777);
    await removeAbandonedFolders(place.folder);
    expect(await place.list()).toHaveLength(3);
    expect(await readdir(target)).toContain("data");
  });

  it("with a link as its record stays", async () => {
    const folder: string = place.path(`framewright-profile-${endedId}-aaaaaa`);
    await mkdir(folder, { mode: 0o700 });
    await symlink(join(await leave("target"), RECORD), join(folder, RECORD));
    await removeAbandonedFolders(place.folder);
    expect(await readdir(folder)).toEqual([RECORD]);
  });

  it.runIf(isRoot)("that belongs to another user stays", async () => {
    const folder: string = await leave(`framewright-profile-${endedId}-aaaaaa`);
    await chown(folder, 65_534, 65_534);
    await removeAbandonedFolders(place.folder);
    expect(await place.list()).toHaveLength(1);
  });

  it("of a killed process is removed by the next sound, and by the next browser", async () => {
    await leave(`framewright-sound-${endedId}-aaaaaa`);
    const sound = await makeSoundFolder("a mixer", place.folder);
    expect(await place.list()).toEqual([sound.path.slice(place.folder.length + 1)]);
    await sound.remove();
    const before: string | undefined = process.env["TMPDIR"];
    try {
      process.env["TMPDIR"] = place.folder;
      await leave(`framewright-sound-${endedId}-bbbbbb`);
      await removeProfile(await createProfile());
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
    expect(await place.list()).toEqual([]);
  });
});
