import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { isGone, ownershipSchema, ownRecord, type OwnershipRecord } from "../../src/process/ownership.ts";

const isLinux: boolean = process.platform === "linux";

describe("an ownership record", () => {
  it("of a running process is not gone, and survives JSON", async () => {
    const own: OwnershipRecord = await ownRecord();
    expect(own).toMatchObject({ processId: process.pid, user: process.getuid?.() ?? null });
    expect(await isGone(own)).toBe(false);
    expect(v.parse(ownershipSchema, JSON.parse(JSON.stringify(own)))).toEqual(own);
  });

  it("of an ended process is gone", async () => {
    const ended = spawn(process.execPath, ["--eval", ""]);
    await once(ended, "close");
    expect(await isGone({ ...(await ownRecord()), processId: ended.pid! })).toBe(true);
  });

  it.runIf(isLinux)("of an earlier process with the same id is gone", async () => {
    expect(await isGone({ ...(await ownRecord()), startedAt: "1" })).toBe(true);
  });

  it.runIf(isLinux)("of an earlier boot of this host is gone", async () => {
    expect(await isGone({ ...(await ownRecord()), bootId: "00000000-0000-0000-0000-000000000000" })).toBe(true);
  });

  it.runIf(isLinux)("of a process that nobody has reaped is gone", async () => {
    // The shell's child ends at once, and the program that replaces the shell never asks for its exit code.
    const parent = spawn("sh", ["-c", "sh -c 'echo $$; exec >&-; read _ < /dev/null' & exec sleep 1000"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const processId = Number(String(said));
    await expect.poll(() => readFile(`/proc/${processId}/stat`, "utf8"), { timeout: 10_000, interval: 10 }).toContain(") Z ");
    expect(await isGone({ ...(await ownRecord()), processId, startedAt: null })).toBe(true);
    parent.kill("SIGKILL");
    await once(parent, "close");
  });

  it.each([
    ["another host", { host: "elsewhere" }],
    ["another host that has booted since", { host: "elsewhere", bootId: "00000000-0000-0000-0000-000000000000" }],
    ["another container on this machine", { pidNamespace: "pid:[1]" }],
    ["a system that tells of no boot", { bootId: null }],
  ])("of %s cannot be checked, and is not gone", async (_, other) => {
    // A process id that no process here has.
    expect(await isGone({ ...(await ownRecord()), processId: 2 ** 31 - 1, ...other })).toBe(
      !isLinux && "bootId" in other && other.bootId === null,
    );
  });

  it.each([
    ["a process group as its process", { processId: 0 }],
    ["a negative process id", { processId: -1 }],
    ["text as its process id", { processId: "1" }],
    ["a very long host", { host: "h".repeat(300) }],
    ["no user", { user: undefined }],
  ])("with %s is invalid", async (_, wrong) => {
    expect(v.is(ownershipSchema, { ...(await ownRecord()), ...wrong })).toBe(false);
  });
});
