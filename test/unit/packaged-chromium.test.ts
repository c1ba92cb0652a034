import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packagedChromium, type PackagedChromium } from "../../src/browser/packaged-chromium.ts";
import { checkUnpacked } from "../../src/browser/unpack-chromium.ts";

const names = ["XDG_CACHE_HOME", "TMPDIR", "LD_LIBRARY_PATH"] as const;
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));

/** Both as other users would see them: a cache of this test's own, and a folder for temporary files that everybody can write. */
let [cache, temporary]: [string, string] = ["", ""];
beforeEach(async () => {
  const root: string = await mkdtemp(join(tmpdir(), "framewright-packaged-"));
  [cache, temporary] = [join(root, "cache"), join(root, "tmp")];
  await mkdir(temporary);
  await chmod(temporary, 0o1777);
  process.env["XDG_CACHE_HOME"] = cache;
  process.env["TMPDIR"] = temporary;
});
afterEach(async () => {
  const root: string = dirname(temporary);
  for (const name of names) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await rm(root, { recursive: true, force: true });
});

async function versionOf({ executablePath, environment }: PackagedChromium): Promise<string> {
  const { stdout } = await promisify(execFile)(executablePath, ["--version"], { env: { ...process.env, ...environment } });
  return stdout;
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe.runIf(process.platform === "linux")("the browser of @sparticuz/chromium", { timeout: 120_000 }, () => {
  it("is unpacked into the user's own cache, once, and nothing that lies in the folder for temporary files is run", async () => {
    const marker: string = join(temporary, "was-run");
    for (const name of ["chromium", "headless_shell"])
      await writeFile(join(temporary, name), `#!/bin/sh\necho > '${marker}'\n`, { mode: 0o755 });
    for (const name of ["al2023/lib", "fonts"]) await mkdir(join(temporary, name), { recursive: true });
    const all: PackagedChromium[] = (await Promise.all([1, 2, 3].map(() => packagedChromium()))).map((one) => one!);
    const [first] = all;
    expect(all).toEqual([first, first, first]);
    expect(await versionOf(first!)).toMatch(/^(?:Chromium|HeadlessChrome|Google Chrome)/);
    await expect(stat(marker)).rejects.toMatchObject({ code: "ENOENT" });
    for (const path of [first!.executablePath, ...Object.values(first!.environment)]) {
      expect(path.startsWith(join(cache, "framewright", "browsers"))).toBe(true);
    }
    const folder: string = dirname(first!.executablePath);
    for (const path of [join(cache, "framewright"), dirname(folder), folder, first!.executablePath]) expect(await modeOf(path)).toBe(0o700);
    expect(await readdir(dirname(folder))).toEqual([expect.stringMatching(/^chromium-[\d.]+-[0-9a-f]{16}$/)]);
    const settings: string = await readFile(join(folder, "fonts", "fonts.conf"), "utf8");
    expect(settings).toContain(`<dir>${folder}/fonts/fonts</dir>`);
    expect(settings.replaceAll(folder, "")).not.toContain("/tmp");
    expect(await readdir(join(folder, "fonts", "fonts", "Open_Sans"))).toContain("OpenSans-Regular.ttf");
    const { ino } = await stat(first!.executablePath);
    expect(await packagedChromium()).toEqual(first);
    expect((await stat(first!.executablePath)).ino).toBe(ino);

    // What somebody else could have changed, or has lost its end, is not run but unpacked again.
    const spoil: ((path: string) => Promise<unknown>)[] = [
      (path) => chmod(path, 0o777),
      (path) => writeFile(path, `#!/bin/sh\necho > '${marker}'\n`),
      (path) => rm(path).then(() => symlink(join(temporary, "chromium"), path)),
      (path) => chmod(dirname(path), 0o777),
    ];
    for (const change of spoil) {
      await change(first!.executablePath);
      await expect(checkUnpacked(folder)).rejects.toThrow(/can be written by other users|is not the file that was unpacked/);
      expect(await packagedChromium()).toEqual(first);
      await checkUnpacked(folder);
    }
    await expect(stat(marker)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it.each([
    [
      "can be written by other users",
      async () => {
        await mkdir(join(cache, "framewright"), { recursive: true });
        await chmod(join(cache, "framewright"), 0o777);
      },
    ],
    [
      "is not a folder",
      async () => {
        await mkdir(dirname(cache), { recursive: true });
        await writeFile(cache, "");
      },
    ],
  ])("is unpacked into a private folder of this process where the user's cache %s", async (_, spoil) => {
    await spoil();
    const all = await Promise.all([packagedChromium(), packagedChromium()]);
    expect(all[0]).toEqual(all[1]);
    const { executablePath } = all[0]!;
    const [folder] = await readdir(temporary);
    expect(folder).toMatch(new RegExp(`^framewright-browser-${process.pid}-`));
    expect(executablePath).toBe(join(temporary, folder!, "chromium", "chromium"));
    expect(await modeOf(join(temporary, folder!))).toBe(0o700);
    expect(await versionOf(all[0]!)).not.toBe("");
  });
});
