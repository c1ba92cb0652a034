import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepCosts, measuredHere } from "../../src/node/measured-here.ts";
import type { MeasuredCosts } from "../../src/core/policy/costs.ts";
import { userCacheFolder } from "../../src/process/user-cache.ts";
import { scratch, type Scratch } from "../support/render.ts";

const before: string | undefined = process.env["XDG_CACHE_HOME"];
let place: Scratch;
beforeEach(async () => {
  place = await scratch();
  process.env["XDG_CACHE_HOME"] = place.folder;
});
afterEach(async () => {
  if (before === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = before;
  await place[Symbol.asyncDispose]();
});

const costs: MeasuredCosts = {
  ...{ version: 1, basis: "measured on this host", machine: "some processor", cores: 2, usage: "measured" },
  ...{ captures: [], encoders: [], injectors: [] },
};

describe.skipIf(process.platform === "win32")("the user's cache", () => {
  it("is a folder that only this user can read", async () => {
    await keepCosts(costs);
    expect((await stat(place.path("framewright"))).mode & 0o777).toBe(0o700);
    expect(await measuredHere()).toEqual(costs);
  });

  it("is not read or written where other users can write in it", async () => {
    await mkdir(place.path("framewright"));
    await chmod(place.path("framewright"), 0o777);
    await writeFile(place.path("framewright/costs.json"), JSON.stringify(costs));
    expect(await measuredHere()).toBeNull();
    await expect(keepCosts(costs)).rejects.toMatchObject({
      code: "output-not-writable",
      message: expect.stringContaining("can be written by other users"),
    });
  });

  it("is not in a relative folder, which would depend on where the program was started", () => {
    process.env["XDG_CACHE_HOME"] = "cache";
    expect(userCacheFolder()).not.toBe("cache");
  });
});
