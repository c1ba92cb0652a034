import { execFile, spawn } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, type BrowserInstall } from "../../src/browser/find.ts";
import type { DoctorReport } from "../../src/cli/doctor-report.ts";
import { mendsFor } from "../../src/cli/mends.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { builtInParts } from "../../src/node/render.ts";
import { buildCommandLine, type CommandLine } from "../support/command-line.ts";
import { isRoot } from "../support/mounts.ts";
import { allProcesses } from "../support/processes.ts";
import { scratch } from "../support/render.ts";

type Environment = Readonly<Record<string, string>>;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function doctor(args: readonly string[] = [], env: Environment = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const [runtime, program] = commandLine.command;
    const child = execFile(runtime, [program, "doctor", ...args], { env: { ...process.env, ...env } }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

async function report(args: readonly string[] = [], env: Environment = {}): Promise<DoctorReport & { readonly code: number | null }> {
  const { code, stdout, stderr } = await doctor([...args, "--json"], env);
  expect(stderr).toBe("");
  return { code, ...(JSON.parse(stdout) as DoctorReport) };
}

const captures: readonly string[] = builtInParts().captures.map(({ name }) => name);
const encoders: readonly string[] = builtInParts().encoders.map(({ name }) => name);

let commandLine: CommandLine;
let browser: BrowserInstall;
/** For a browser that is found without a PATH. */
let browserEnvironment: Environment;
beforeAll(async () => {
  commandLine = await buildCommandLine();
  browser = await findBrowser();
  browserEnvironment = { FRAMEWRIGHT_BROWSER: browser.executablePath, ...browser.environment };
});
afterAll(() => commandLine[Symbol.asyncDispose]());

describe("where everything is there", () => {
  test("it tells so in lines, without colours in a pipe, and exits with 0", async () => {
    const { code, stdout, stderr } = await doctor();
    expect({ code, stderr, stdout }).toMatchObject({ code: 0, stderr: "" });
    expect(stdout).toContain(`✔ Node`);
    expect(stdout).toContain(process.versions.node);
    expect(stdout).toContain(browser.executablePath);
    expect(stdout).toMatch(isRoot ? /^ {2}– sandbox +off: it runs as root/m : /^ {2}✔ sandbox +on$/m);
    for (const name of [...captures, ...encoders]) expect(stdout).toMatch(new RegExp(`^ {2}✔ ${name} +works`, "m"));
    expect(stdout).toMatch(/^ {2}✔ html-in-canvas \+ ffmpeg-pipe +[\d,]+ ms over \S+$/m);
    expect(stdout).toContain("Everything works here");
    expect(stdout).not.toMatch(/✘|^ {2}– (?!sandbox)|mend:/m);
    expect(stdout).not.toContain("\u001B");
  });

  test("it tells the same as JSON, and leaves nothing in the folder for temporary files", async () => {
    await using folder = await scratch();
    const { code, works, machine, ...found } = await report([], { TMPDIR: folder.folder });
    expect({ code, works }).toEqual({ code: 0, works: true });
    expect(machine).toMatchObject({ runtime: "Node", runtimeVersion: process.versions.node, platform: process.platform });
    expect(machine.cores).toBeGreaterThan(0);
    expect(machine.memoryBytes).toBeGreaterThan(machine.freeMemoryBytes);
    expect(found.browser).toMatchObject({ ok: true, product: expect.stringMatching(/Chrome\/\d+/) });
    expect(found.browser).toMatchObject({
      sandbox: isRoot ? { enabled: false, reason: expect.stringContaining("root") } : { enabled: true },
    });
    expect(found.ffmpeg).toMatchObject({ ok: true, version: (await findFfmpeg()).version });
    expect(found.captures.map(({ name, ok }) => [name, ok])).toEqual(captures.map((name) => [name, true]));
    expect(found.encoders.map(({ name, ok }) => [name, ok])).toEqual(encoders.map((name) => [name, true]));
    const pairs = [
      ...captures.map((capture) => ({ capture, encoder: encoders[0], ok: true })),
      ...encoders.slice(1).map((encoder) => ({ capture: captures[0], encoder, ok: true })),
    ];
    expect(found.renders).toMatchObject(pairs);
    for (const one of found.renders) expect(one.ok && one.ms).toBeGreaterThan(50);
    expect((await folder.list()).filter((name) => name.startsWith("framewright"))).toEqual([]);
  });
});

describe("where something is missing", () => {
  test("no browser: it tells how to get one, tries the rest, and exits with 3", async () => {
    const { code, stdout } = await doctor(["--browser", "/nonexistent"]);
    expect({ code, stdout }).toMatchObject({ code: 3 });
    expect(stdout).toMatch(/^ {2}✘ browser +there is none at "\/nonexistent"/m);
    expect(stdout).toContain(`mend: ${mendsFor().browser}`);
    expect(stdout).toMatch(/^ {2}✔ ffmpeg/m);
    for (const name of [...captures, ...encoders]) expect(stdout).toMatch(new RegExp(`^ {2}– ${name} +not tried`, "m"));
    expect(stdout).toContain("No page can be rendered here yet");
  });

  test("no ffmpeg: pages can be rendered without, and it tells how to get it", async () => {
    await using empty = await scratch();
    const env: Environment = { ...browserEnvironment, PATH: empty.folder, FFMPEG_PATH: "" };
    const { code, works, ffmpeg, renders, ...found } = await report([], env);
    expect({ code, works }).toEqual({ code: 0, works: true });
    expect(ffmpeg).toMatchObject({ ok: false, reason: expect.stringContaining("none was found"), mend: mendsFor().ffmpeg });
    expect(found.encoders).toMatchObject([
      { name: "ffmpeg-pipe", ok: false, mend: mendsFor().ffmpeg },
      { name: "ffmpeg-disk", ok: false, mend: mendsFor().ffmpeg },
      { name: "png-sequence", ok: true },
      { name: "webcodecs", ok: true },
    ]);
    expect(renders).toMatchObject([
      ...captures.map((capture) => ({ capture, encoder: "png-sequence", ok: true })),
      { capture: captures[0], encoder: "webcodecs", ok: true },
    ]);

    const { stdout } = await doctor([], env);
    expect(stdout).toMatch(/^ {2}✘ ffmpeg /m);
    expect(stdout).toMatch(/^ {2}✘ ffmpeg-pipe /m);
    // One command mends both.
    expect(stdout.match(/mend:/g)).toHaveLength(1);
    expect(stdout).toContain("Pages can be rendered here, though not in every way");
  });

  test("neither: it tells both, and exits with 3", async () => {
    const { code, works, ...found } = await report(["--browser", "/nonexistent", "--ffmpeg", "/missing"]);
    expect({ code, works }).toEqual({ code: 3, works: false });
    expect(found.browser).toMatchObject({ ok: false, reason: expect.stringContaining('"/nonexistent"') });
    expect(found.ffmpeg).toMatchObject({ ok: false, reason: expect.stringContaining('"/missing"') });
    expect(found.renders).toEqual([]);
  });

  test("a browser that does not start is a finding, not a crash", async () => {
    await using folder = await scratch();
    const broken: string = await executable(folder.path("broken"), 'echo "no such display" >&2; exit 7');
    const { code, browser } = await report(["--browser", broken]);
    expect(code).toBe(3);
    expect(browser).toMatchObject({ ok: false, reason: expect.stringContaining(broken), mend: mendsFor().browser });
  });

  test("an ffmpeg without libx264 is told, and that it makes no video", async () => {
    await using folder = await scratch();
    const poor: string = await executable(
      folder.path("ffmpeg"),
      'case "$*" in *-version*) echo "ffmpeg version 1.2-poor";; *-encoders*) echo " V..... mpeg4";; *) echo "Unknown encoder" >&2; exit 1;; esac',
    );
    const { code, ffmpeg, encoders } = await report(["--ffmpeg", poor]);
    expect(code).toBe(0);
    expect(ffmpeg).toMatchObject({ ok: false, reason: `"${poor}" 1.2-poor has no libx264`, mend: mendsFor().ffmpeg });
    expect(encoders).toMatchObject([
      { name: "ffmpeg-pipe", ok: false, reason: expect.stringContaining("1.2-poor is built without libx264, which makes h264") },
      { name: "ffmpeg-disk", ok: false },
      { name: "png-sequence", ok: true },
      { name: "webcodecs", ok: true },
    ]);
  });
});

describe("the command that mends a lack", () => {
  test.each([
    ["linux", "npm install @sparticuz/chromium", /^(sudo )?apt-get install -y ffmpeg$|^npm install ffmpeg-static$/],
    ["darwin", "npx playwright install chromium-headless-shell", /^brew install ffmpeg$/],
    ["win32", "npx playwright install chromium-headless-shell", /^npm install ffmpeg-static$/],
  ])("on %s", (platform, browser, ffmpeg) => {
    const mends = mendsFor(platform);
    expect(mends.browser).toBe(browser);
    expect(mends.ffmpeg).toMatch(ffmpeg);
  });
});

test("Ctrl-C ends it, with the browser", async () => {
  await using folder = await scratch();
  const [runtime, program] = commandLine.command;
  const child = spawn(runtime, [program, "doctor"], { env: { ...process.env, TMPDIR: folder.folder }, stdio: "pipe" });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended: Promise<number | null> = new Promise((resolve) => child.once("close", resolve));
  const profile = new RegExp(`framewright-profile-${child.pid}-\\w+`);
  const running = (): string[] =>
    allProcesses().flatMap(({ commandLine, state }) => (state === "Z" ? [] : (profile.exec(commandLine) ?? [])));
  await expect.poll(() => running().length, { timeout: 30_000, interval: 20 }).toBeGreaterThan(0);
  const profiles = new Set<string>();
  const watch = setInterval(() => running().forEach((name) => profiles.add(name)), 20);
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  clearInterval(watch);
  expect(stderr).toContain("error [aborted]:");
  expect(running()).toEqual([]);
  // It started no other one for what was still to be tried.
  expect(profiles.size).toBeLessThanOrEqual(1);
  expect((await folder.list()).filter((name) => name.startsWith("framewright"))).toEqual([]);
});

async function executable(path: string, script: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}
