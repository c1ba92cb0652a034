import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { scratch } from "../support/render.ts";

const script: string = fileURLToPath(new URL("../../scripts/check-lock.mjs", import.meta.url));
const lockFile: string = fileURLToPath(new URL("../../package-lock.json", import.meta.url));

interface Locked {
  integrity?: string;
}

interface Checked {
  readonly status: number | null;
  readonly stderr: string;
}

/** Checks the package's own lock file after a change to one of its packages. */
async function checkChanged(change: (one: Locked) => void): Promise<Checked> {
  await using place = await scratch();
  const lock = JSON.parse(readFileSync(lockFile, "utf8")) as { packages: Record<string, Locked> };
  change(lock.packages["node_modules/ws"]!);
  await writeFile(place.path("package-lock.json"), JSON.stringify(lock));
  return spawnSync(process.execPath, [script, place.path("package-lock.json")], { encoding: "utf8" });
}

it("accepts the lock file of this package", async () => {
  expect(await checkChanged(() => {})).toMatchObject({ status: 0, stderr: "" });
});

it.each([
  ["no checksum", (one: Locked) => void delete one.integrity],
  ["an empty checksum", (one: Locked) => void (one.integrity = "")],
  ["a weak checksum", (one: Locked) => void (one.integrity = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")],
])("rejects a lock file in which one package has %s, and names it", async (_, change) => {
  const { status, stderr } = await checkChanged(change);
  expect(status).toBe(1);
  expect(stderr).toContain("1 packages in");
  expect(stderr).toContain("node_modules/ws 8.");
});

it("is checked by the lint step", () => {
  const { scripts } = JSON.parse(readFileSync(fileURLToPath(new URL("../../package.json", import.meta.url)), "utf8"));
  expect(scripts.lint).toContain("node scripts/check-lock.mjs");
});
