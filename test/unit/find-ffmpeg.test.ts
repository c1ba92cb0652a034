import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { scratch, type Scratch } from "../support/render.ts";

let place: Scratch;

beforeEach(async () => {
  place = await scratch();
  // Processes and their answers take the time that they take.
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await place[Symbol.asyncDispose]();
});

/** A program that answers as ffmpeg of this version, and writes down that it was asked. */
async function install(version: string): Promise<string> {
  const script = `#!/bin/sh\necho "$@" >> '${place.path("asked")}'\necho "ffmpeg version ${version}"\n`;
  await writeFile(place.path("ffmpeg"), script, { mode: 0o755 });
  return place.path("ffmpeg");
}

async function timesAsked(): Promise<number> {
  return (await readFile(place.path("asked"), "utf8")).trim().split("\n").length;
}

it("an ffmpeg is asked for its version once for the parts of a render, and anew for a later one", async () => {
  const path: string = await install("5.1");
  const [first, second] = await Promise.all([findFfmpeg(path), findFfmpeg(path)]);
  expect(first).toEqual({ executablePath: path, foundIn: "the option", version: "5.1" });
  expect([second, await findFfmpeg(path)]).toEqual([first, first]);
  expect(await timesAsked()).toBe(1);
  await install("7.0");
  vi.advanceTimersByTime(10_000);
  expect(await findFfmpeg(path)).toMatchObject({ version: "7.0" });
  expect(await timesAsked()).toBe(2);
});

it("one that is missing is looked for anew each time", async () => {
  await expect(findFfmpeg(place.path("ffmpeg"))).rejects.toMatchObject({ code: "ffmpeg-missing" });
  const path: string = await install("5.1");
  expect(await findFfmpeg(path)).toMatchObject({ version: "5.1" });
});
