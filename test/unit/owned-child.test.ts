import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { spawnOwned } from "../../src/process/owned-child.ts";
import { allProcesses, descendants, signalProcess, stillAlive, type ProcessFacts } from "../support/processes.ts";
import { scratch } from "../support/render.ts";

const OWNER: string = fileURLToPath(new URL("../support/ffmpeg-owner.ts", import.meta.url));
const settings = { timeout: 10_000, interval: 20 } as const;

function namesAlive(processes: readonly ProcessFacts[]): string[] {
  return stillAlive(processes).map(({ commandLine }) => commandLine);
}

function watchers(): ProcessFacts[] {
  return descendants().filter(({ commandLine, parent }) => commandLine.startsWith("/bin/sh -c trap") && parent === process.pid);
}

describe("a child process", { timeout: 30_000 }, () => {
  it.skipIf(process.platform === "win32").each(["SIGKILL", "SIGTERM"] as const)(
    "that reads and writes files ends when its owner gets %s, and leaves no watcher",
    async (signal) => {
      await using place = await scratch();
      const { executablePath } = await findFfmpeg();
      const owner: ChildProcess = spawn(process.execPath, ["--import", "tsx", OWNER, executablePath, place.path("out.raw")], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(owner.stdout!, "data");
      const started: ProcessFacts[] = descendants().filter(({ parent }) => parent === owner.pid);
      expect(started.filter(({ commandLine }) => commandLine.includes(place.folder))).toHaveLength(1);
      owner.kill(signal);
      await once(owner, "exit");
      await expect.poll(() => namesAlive(started), settings).toEqual([]);
      expect(allProcesses().filter(({ commandLine }) => commandLine.includes(place.folder))).toEqual([]);
    },
  );

  it.skipIf(process.platform === "win32")("ends although its owner's whole group was interrupted before", async () => {
    await using place = await scratch();
    // As an ffmpeg that does not end when the terminal interrupts it.
    await writeFile(place.path("ffmpeg"), "#!/bin/sh\ntrap '' INT\necho frame=1\nexec sleep 1000\n", { mode: 0o755 });
    const args = [
      "-c",
      'trap "" INT; exec "$0" "$@"',
      process.execPath,
      "--import",
      "tsx",
      OWNER,
      place.path("ffmpeg"),
      place.path("out.raw"),
    ];
    const owner: ChildProcess = spawn("/bin/sh", args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
    await once(owner.stdout!, "data");
    const started = (): ProcessFacts[] => descendants().filter(({ parent }) => parent === owner.pid);
    await expect.poll(() => started().map(({ commandLine }) => commandLine), settings).toContain("sleep 1000");
    const all: ProcessFacts[] = started();
    process.kill(-owner.pid!, "SIGINT");
    owner.kill("SIGKILL");
    await once(owner, "exit");
    await expect.poll(() => namesAlive(all), settings).toEqual([]);
  });

  it("that has ended leaves no watcher behind it, and one that others need stays", async () => {
    const listeners: number = process.listenerCount("exit");
    const [first, second] = [spawnOwned("sleep", ["1000"], { stdio: "ignore" }), spawnOwned("sleep", ["1000"], { stdio: "ignore" })];
    await expect.poll(watchers, settings).toHaveLength(1);
    first.kill("SIGKILL");
    await once(first, "exit");
    expect(watchers()).toHaveLength(1);
    second.kill("SIGKILL");
    await once(second, "exit");
    await expect.poll(watchers, settings).toEqual([]);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it("gets another watcher where that was killed", async () => {
    const child = spawnOwned("sleep", ["1000"], { stdio: "ignore" });
    try {
      await expect.poll(watchers, settings).toHaveLength(1);
      const [killed] = watchers();
      expect(signalProcess(killed!, "SIGKILL")).toBe(true);
      await expect.poll(() => watchers().map(({ id }) => id === killed!.id), settings).toEqual([false]);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await expect.poll(watchers, settings).toEqual([]);
  });

  it("that does not start says so, and leaves no watcher", async () => {
    const child = spawnOwned("/nonexistent/program", [], { stdio: "ignore" });
    const [fault] = (await once(child, "error")) as [NodeJS.ErrnoException];
    expect(fault.code).toBe("ENOENT");
    await expect.poll(watchers, settings).toEqual([]);
  });
});
