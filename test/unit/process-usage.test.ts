import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile, link } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderBytes, watchPeak } from "../../src/bench/peak.ts";
import { cpuMsOf, parseKilobytes, parseProcessStat, processTree } from "../../src/process/process-usage.ts";

/** As Linux writes it: 52 fields, of which the 14th to the 17th are times. */
const stat = (name: string): string => `4711 (${name}) S 42 4711 4711 0 -1 4194560 1 2 3 4 150 25 7 18 20 0 1 0 9 10 11\n`;

describe("parseProcessStat", () => {
  it("adds its own time and that of its children that ended, in milliseconds", () => {
    expect(parseProcessStat(stat("chrome"))).toEqual({ id: 4711, parentId: 42, cpuMs: 2000 });
  });

  it.each(["a b", "x) S 1 (y", "))"])("is not misled by the name %j", (name) => {
    expect(parseProcessStat(stat(name))).toEqual({ id: 4711, parentId: 42, cpuMs: 2000 });
  });

  it.each(["", "4711", "4711 (cut) S 42 4711", "no (number) S 42 1 1 0 -1 0 0 0 0 0 1 1 1 1"])("gives nothing for %j", (text) => {
    expect(parseProcessStat(text)).toBeNull();
  });
});

describe("parseKilobytes", () => {
  const text = "Rss:              900 kB\nPss:              123 kB\nPss_Anon:          50 kB\n";

  it("finds the line of the name, whole", () => {
    expect(parseKilobytes(text, "Pss")).toBe(123 * 1024);
  });

  it("gives nothing where there is no such line", () => {
    expect(parseKilobytes(text, "VmRSS")).toBeNull();
  });
});

describe("processTree", () => {
  it("holds this process and those that came of it, grandchildren too, and no others", async () => {
    // The shell waits for the second one, which is a grandchild of this process.
    const child = spawn("sh", ["-c", "sh -c 'echo $$; read _' ; true"], { stdio: ["pipe", "pipe", "ignore"] });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const tree = await processTree(process.pid);
    child.stdin.end("\n");
    await once(child, "close");
    const ids: readonly number[] = tree!.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([process.pid, child.pid, Number(line.toString())]));
    expect(ids).not.toContain(process.ppid);
  });

  it("keeps the time of a child that has ended", async () => {
    const before: number = cpuMsOf((await processTree(process.pid))!);
    const child = spawn("sh", ["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done"], { stdio: "ignore" });
    await once(child, "close");
    expect(cpuMsOf((await processTree(process.pid))!) - before).toBeGreaterThanOrEqual(10);
  });
});

describe("watchPeak", () => {
  it("gives the largest value, the last look among them", async () => {
    const values: number[] = [3, 9, 4];
    const peak = watchPeak(async () => values.shift() ?? 0, 1_000_000);
    expect(await peak.stop()).toBe(9);
  });
});

describe("folderBytes", () => {
  it("counts files of all depths, and one with two names once", async () => {
    const folder: string = await mkdtemp(join(tmpdir(), "framewright-bytes-"));
    try {
      await writeFile(join(folder, "one"), "12345");
      await link(join(folder, "one"), join(folder, "two"));
      await writeFile(join(folder, "three"), "123");
      expect(await folderBytes(folder)).toBe(8);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("counts nothing where there is no folder", async () => {
    expect(await folderBytes(join(tmpdir(), "framewright-not-there"))).toBe(0);
  });
});
