import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { hostFacts } from "../../src/node/host-facts.ts";
import { scratch } from "../support/render.ts";

const MiB = 1024 * 1024;

/** The facts under a made-up cgroup. */
async function factsUnder(files: Readonly<Record<string, string>>): Promise<{ cores: number; memoryBytes: number }> {
  await using place = await scratch();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(place.path(name)), { recursive: true });
    await writeFile(place.path(name), `${text}\n`);
  }
  return hostFacts(place.path("video.mp4"), place.folder);
}

describe("the facts of a host", () => {
  it("are those of the machine where nothing limits them", async () => {
    const machine = { cores: availableParallelism(), memoryBytes: totalmem() };
    expect(await factsUnder({})).toMatchObject(machine);
    expect(await factsUnder({ "cpu.max": "max 100000", "memory.max": "max" })).toMatchObject(machine);
    const unlimited = { "cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000" };
    expect(await factsUnder({ ...unlimited, "memory/memory.limit_in_bytes": "9223372036854771712" })).toMatchObject(machine);
  });

  it.each([
    ["the second version", { "cpu.max": "50000 100000", "memory.max": `${512 * MiB}` }],
    [
      "the first version",
      { "cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000", "memory/memory.limit_in_bytes": `${512 * MiB}` },
    ],
  ])("are those of a container under %s of cgroups, part of a core rounded up", async (_, files) => {
    expect(await factsUnder(files)).toMatchObject({ cores: 1, memoryBytes: 512 * MiB });
  });

  it("are no more than the machine has, whatever a container may use", async () => {
    const most = await factsUnder({ "cpu.max": "100000000 100000", "memory.max": `${2 ** 50}` });
    expect(most).toMatchObject({ cores: availableParallelism(), memoryBytes: totalmem() });
  });

  it("count the free disk of the nearest folder that is there, and name runtime and platform", async () => {
    await using place = await scratch();
    const facts = await hostFacts(place.path("not/there/yet/video.mp4"));
    expect(facts.freeDiskBytes).toBeGreaterThan(0);
    expect(facts.runtime).toBe(`node ${process.versions.node}`);
    expect(facts.platform).toBe(`${process.platform} ${process.arch}`);
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
  });
});
