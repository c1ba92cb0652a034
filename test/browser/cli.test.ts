import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageFacts from "../../package.json" with { type: "json" };
import { defaultOutput } from "../../src/cli/job-from-flags.ts";
import { paceOf } from "../../src/cli/pace.ts";
import type { RenderEvent } from "../../src/core/events.ts";
import type { RenderResult } from "../../src/core/result.ts";
import { buildCommandLine, type CommandLine } from "../support/command-line.ts";
import { allProcesses, type ProcessFacts } from "../support/processes.ts";
import { scratch } from "../support/render.ts";
import { trackFacts } from "../support/track-facts.ts";

let commandLine: CommandLine;

beforeAll(async () => {
  commandLine = await buildCommandLine();
});
afterAll(() => commandLine[Symbol.asyncDispose]());

const small: readonly string[] = ["--width", "320", "--height", "180", "--fps", "10"];
/** A second, of which every frame differs. */
const movingPage = `<!doctype html><body style="margin:0;background:rgb(17,34,51)">
<div id="box" style="position:absolute;width:50px;height:50px;background:rgb(255,102,0)"></div>
<script>window.framewright = { duration: 1, seek(t) { box.style.left = t * 200 + "px" } }</script>`;
/** A minute at 30 ms a frame: nobody waits for its end. */
const longPage: string = movingPage
  .replace("duration: 1,", "duration: 60,")
  .replace("seek(t) {", "async seek(t) { await new Promise((done) => setTimeout(done, 30));");

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Resolves as soon as one of its outputs contains the text. */
  says(text: string): Promise<void>;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function start([executable, ...args]: readonly string[], { cwd, env = {} }: RunOptions = {}): Running {
  const child: ChildProcess = spawn(executable!, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const outcome: Promise<Outcome> = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if ((stdout + stderr).includes(text)) resolve();
      };
      child.stdout!.on("data", look);
      child.stderr!.on("data", look);
      child.once("close", () => reject(new Error(`It ended without "${text}": ${stdout}${stderr}`)));
      look();
    });
  return { child, outcome, says };
}

function framewright(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return start([...commandLine.command, ...args], options).outcome;
}

function jsonLines(
  stdout: string,
): (RenderEvent | { type: "result"; result: RenderResult } | { type: "error"; error: { code: string } })[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Processes and profile folders of the browser that one command line started. */
function browserOf(processId: number): string[] {
  const prefix = `framewright-profile-${processId}-`;
  const folders: string[] = ["/dev/shm", tmpdir()].flatMap((folder) => readdirSync(folder)).filter((name) => name.startsWith(prefix));
  return [...folders, ...browserProcesses(processId).map(({ id, commandLine }) => `${id} ${commandLine.slice(0, 80)}`)];
}

function browserProcesses(processId: number): ProcessFacts[] {
  return allProcesses().filter(({ state, commandLine }) => commandLine.includes(`framewright-profile-${processId}-`) && state !== "Z");
}

const ESCAPE = "\u001B";
/** All but line feeds. */
// oxlint-disable-next-line no-control-regex
const hostileCharacter = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u2028-\u202E]/;
/** Colours, as against other codes for terminals. */
const color = new RegExp(`${ESCAPE}\\[\\d*m`);

describe("help", () => {
  test("--version tells the version of the package", async () => {
    expect(await framewright(["--version"])).toEqual({ code: 0, stdout: `${packageFacts.version}\n`, stderr: "" });
  });

  test("--help shows the commands, an example and the exit codes", async () => {
    const { code, stdout } = await framewright(["--help"]);
    expect(code).toBe(0);
    for (const text of ["render", "doctor", "$ framewright render page.html -o video.mp4", "Exit codes:", "130"])
      expect(stdout).toContain(text);
  });

  test("render --help shows every option", async () => {
    const { code, stdout } = await framewright(["render", "--help"]);
    expect(code).toBe(0);
    const options: string[] = ["output", "fps", "width", "height", "duration", "crf", "preset", "bitrate", "capture", "encoder"];
    const others: string[] = [
      "cross-origin",
      "network",
      "time-zone",
      "locale",
      "no-sandbox",
      "root",
      "browser",
      "ffmpeg",
      "readiness-timeout",
      "json",
    ];
    for (const option of [...options, ...others]) expect(stdout).toContain(`--${option}`);
    expect(stdout).toContain("$ framewright render");
    expect(stdout).toContain("Exit codes:");
  });

  test("without a command it shows the help and exits with 2", async () => {
    const { code, stdout, stderr } = await framewright([]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("Usage: framewright");
  });
});

describe("a render", () => {
  test("in a pipe tells how it gets on in plain lines, and at the end what came of it", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(movingPage);
    const { code, stdout, stderr } = await framewright(["render", page, "-o", folder.path("out.mp4"), ...small]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain(`Rendering "${page}" to "${folder.path("out.mp4")}"\n`);
    expect(stderr).toContain(
      "Page ready: 320×180, 10 frames/s, 1 s, 10 frames; size as asked, rate as asked, duration by the page's script\n",
    );
    expect(stderr).toMatch(/^Plan: \S+( over \S+)?, encoded by \S+$/m);
    expect(stderr).toMatch(/^1\/10 frames \(10 %\)/m);
    expect(stderr).toMatch(/^10\/10 frames \(100 %\), [\d.]+ frames\/s$/m);
    expect(stdout).toContain(`Done: ${folder.path("out.mp4")}\n`);
    expect(stdout).toMatch(/video +10 frames, 1 s, 320×180, 0\.\d+ MB/);
    expect(stdout).toMatch(/took +[\d.]+ s: .* \([\d.]+ frames\/s\)/);
    expect(stdout).toMatch(
      /checked +the output \(content, size, codec, count, times, color, sound\); \d+ comparisons with screenshots, largest difference \d+ of 255/,
    );
    expect(stdout + stderr).not.toContain(ESCAPE);
    expect((await trackFacts(folder.path("out.mp4"))).ticks).toHaveLength(10);
    expect(await folder.list()).toEqual(["out.mp4", "page.html"]);
  });

  test("without -o writes the page's name with .mp4 into the current folder, and says so", async () => {
    await using folder = await scratch();
    await folder.page(movingPage, "intro.html");
    const { code, stderr } = await framewright(["render", "intro.html", ...small], { cwd: folder.folder });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain('No --output was given: the video becomes "intro.mp4" in the current folder');
    expect((await stat(folder.path("intro.mp4"))).size).toBeGreaterThan(0);
  });

  test("passes what was asked for to the SDK, and tells with --json each event and the result", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(movingPage);
    const size: string[] = ["--width", "322", "--height", "182", "--fps", "30000/1001", "--duration", "0.4"];
    const parts: string[] = ["--capture", "screenshot", "--encoder", "webcodecs", "--crf", "30"];
    const { code, stdout, stderr } = await framewright(["render", page, "-o", folder.path("out.mp4"), ...size, ...parts, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = jsonLines(stdout);
    expect(lines.filter(({ type }) => type === "frame-encoded")).toHaveLength(12);
    expect(lines.find(({ type }) => type === "page-ready")).toMatchObject({
      video: { durationSeconds: { value: 0.4, by: "job" }, frameCount: 12 },
    });
    expect(lines.find(({ type }) => type === "warning")).toMatchObject({ reason: expect.stringContaining("30") });
    expect(lines.at(-1)).toMatchObject({
      type: "result",
      result: { output: folder.path("out.mp4"), frames: 12, facts: { size: { width: 322, height: 182 } } },
    });
    expect(lines.find(({ type }) => type === "plan-ready")).toMatchObject({ plan: { capture: "screenshot", encoder: "webcodecs" } });
    const { ticks, ticksPerSecond } = await trackFacts(folder.path("out.mp4"));
    expect(ticks[11]! / ticksPerSecond).toBeCloseTo((11 * 1001) / 30000, 4);
  });

  test("shows warnings of the page, and why a better capture is not used", async () => {
    await using folder = await scratch();
    const scene = `<div style="transform-style:preserve-3d;transform:rotateY(30deg)"><p style="transform:translateZ(9px)">x</p></div>`;
    const page: string = await folder.page(`${movingPage}<img src="missing.png">${scene}`);
    const { code, stdout, stderr } = await framewright(["render", page, "-o", folder.path("out.mp4"), ...small]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/^Warning: .*missing\.png/m);
    expect(stderr).toMatch(/^Not used: html-in-canvas: .*preserve-3d/m);
    expect(stdout).toMatch(/^ {2}warning +.*missing\.png/m);
  });
});

describe("control characters of a page", () => {
  /** A new title of the window, a cleared screen in both forms, a line of its own, and text that is turned around. */
  const hostile = `"\\x1b]0;owned\\x07\\x1b[2J\\x9b2J\\r\\nDone: fake.mp4 \\u202eexe.4pm"`;
  const shown = String.raw`\x1b]0;owned\x07\x1b[2J\x9b2J\r\nDone: fake.mp4 \u{202e}exe.4pm`;

  test("in a warning are shown, and do not reach the terminal", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(`${movingPage}<script>document.title = ${hostile}; alert(${hostile});</script>`);
    const { code, stdout, stderr } = await framewright(["render", page, "-o", folder.path("out.mp4"), ...small]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    // A dialog's text has its line breaks as the browser gives them.
    expect(stderr).toMatch(/^Warning: .*\\x1b\]0;owned\\x07\\x1b\[2J\\x9b2J.*\\u\{202e\}exe\.4pm/m);
    expect(stdout).toMatch(/^ {2}warning +.*\\x1b\]0;owned/m);
    expect(stderr + stdout).not.toMatch(hostileCharacter);
    expect(stdout).not.toMatch(/^Done: fake/m);
  });

  test("in an exception are shown, also with FRAMEWRIGHT_DEBUG=1 and in JSON", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(movingPage.replace("{ box", `{ throw new Error(${hostile}); box`));
    const args: readonly string[] = ["render", page, "-o", folder.path("out.mp4"), ...small, "--json"];
    const { code, stdout, stderr } = await framewright(args, { env: { FRAMEWRIGHT_DEBUG: "1" } });
    expect({ code, stderr }).toMatchObject({ code: 4 });
    expect(stderr.split("\n")[0]).toMatch(/^error \[seek-failed\]: .*exe\.4pm/);
    expect(stderr + stdout).not.toMatch(hostileCharacter);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ type: "error", error: { code: "seek-failed" } });
  });

  test("in a warning do not reach a terminal with colours either", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(`${movingPage}<script>alert(${hostile})</script>`);
    const line: string = [...commandLine.command, "render", page, "-o", folder.path("out.mp4"), ...small]
      .map((part) => `'${part}'`)
      .join(" ");
    const { code, stdout } = await start(["script", "-qec", line, "/dev/null"], { env: { TERM: "xterm-256color", NO_COLOR: "" } }).outcome;
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain(shown.slice(0, 20));
    expect(stdout).toContain(`${ESCAPE}[33mWarning:${ESCAPE}[39m`);
    expect(stdout).not.toContain(`${ESCAPE}]0;`);
    expect(stdout).not.toContain(`${ESCAPE}[2J`);
    expect(stdout).not.toMatch(/[\u0080-\u009F\u202E]/);
  });
});

describe("a command line that cannot be followed", () => {
  const page = "page.html";
  const cases: readonly (readonly [string, readonly string[], number, string, string])[] = [
    ["an invalid frame rate", [page, "--fps", "abc"], 2, "frame-rate-invalid", 'The frame rate "abc" is invalid. Give a number'],
    ["a width that is none", [page, "--width", "abc"], 2, "job-invalid", '"abc"'],
    ["an empty width", [page, "--width", ""], 2, "job-invalid", '""'],
    ["an odd width", [page, "--width", "321", "--height", "180"], 2, "size-invalid", "use 322×180"],
    ["a width without a height", [page, "--width", "320"], 2, "job-invalid", "give both, or neither"],
    ["a duration of 0", [page, "--duration", "0"], 2, "duration-invalid", "Give one with --duration"],
    ["a CRF and a bitrate", [page, "--crf", "20", "--bitrate", "1e6"], 2, "job-invalid", "exclude one another"],
    ["an unknown container", [page, "-o", "out.avi"], 2, "job-invalid", "use one of .mp4"],
    ["an unknown option", [page, "--fsp", "30"], 2, "usage-invalid", "Unknown option '--fsp' (Did you mean --fps?)"],
    ["an unknown capture", [page, "--capture", "camera"], 2, "usage-invalid", "html-in-canvas, begin-frame, screenshot"],
    ["no page", [], 2, "usage-invalid", "Missing required argument 'page'"],
    ["a page that is not there", ["none.html"], 4, "page-not-found", 'There is no page at "none.html"'],
    ["standard output as output", [page, "-o", "-"], 2, "job-invalid", 'name a file ("./-" for a file of that name)'],
    ["an output that cannot be written", [page, "-o", "no/out.mp4"], 1, "output-not-writable", '"no/out.mp4" cannot be written'],
    ["no ffmpeg", [page, ...small, "--encoder", "ffmpeg-pipe", "--ffmpeg", "/nonexistent"], 3, "ffmpeg-missing", "/nonexistent"],
    ["no browser", [page, "--browser", "/nonexistent"], 3, "browser-missing", 'There is no browser at "/nonexistent"'],
    ["a page that throws in seek", ["throws.html", ...small], 4, "seek-failed", "no way"],
    ["a page without a duration", ["endless.html", ...small], 4, "duration-missing", "Give --duration"],
  ];
  test.each(cases)("%s", async (_, args, exitCode, errorCode, says) => {
    await using folder = await scratch();
    await folder.page(movingPage);
    await folder.page(movingPage.replace("{ box", '{ throw new Error("no way"); box'), "throws.html");
    await folder.page(movingPage.replace("duration: 1,", ""), "endless.html");
    const before: string[] = await folder.list();
    const { code, stdout, stderr } = await framewright(["render", ...args], { cwd: folder.folder });
    expect({ code, stderr }).toMatchObject({ code: exitCode });
    expect(stdout).toBe("");
    const line: string | undefined = stderr.split("\n").find((one) => one.startsWith("error "));
    expect(line).toContain(`error [${errorCode}]: `);
    expect(line).toContain(says);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await folder.list()).toEqual(before);
  });

  test("is told with --json on standard output as well", async () => {
    const job = await framewright(["render", page, "--json", "--fps", "abc"]);
    expect(job.code).toBe(2);
    expect(jsonLines(job.stdout)).toMatchObject([{ type: "error", error: { code: "frame-rate-invalid", details: { value: "abc" } } }]);
    const usage = await framewright(["render", page, "--json", "--zzzzzz"]);
    expect(usage.code).toBe(2);
    expect(jsonLines(usage.stdout)).toMatchObject([
      { type: "error", error: { code: "usage-invalid", message: "Unknown option '--zzzzzz'" } },
    ]);
  });

  test("shows where an error came from with FRAMEWRIGHT_DEBUG=1", async () => {
    const { stderr } = await framewright(["render", page, "--fps", "abc"], { env: { FRAMEWRIGHT_DEBUG: "1" } });
    expect(stderr).toMatch(/^\s+at parseFrameRate /m);
  });
});

describe("files that a command would replace", () => {
  const toVideo = ["render", "page.html", "-o", "out.mp4"] as const;
  const toTool = ["render", "page.html", "-o", "tool.mp4"] as const;
  test.each([
    ["a FIFO as trace", [...toVideo, "--trace", "fifo"], "it is a FIFO"],
    ["standard output as trace", [...toVideo, "--trace", "-"], "writing to standard output is not supported"],
    ["the output as trace", [...toVideo, "--trace", "out.mp4"], "--output and --trace name one file"],
    ["a link to the output as trace", [...toVideo, "--trace", "link.mp4"], "--output and --trace name one file"],
    ["the page as trace", [...toVideo, "--trace", "page.html"], 'the page uses the file "'],
    ["a video of the page as trace", [...toVideo, "--trace", "film.mp4"], 'the page uses the file "'],
    ["an adapter as trace", [...toVideo, "--trace", "tool.mp4", "--adapter", "tool.mp4"], '--adapter names the file "tool.mp4"'],
    ["an adapter as output", [...toTool, "--adapter", "tool.mp4"], '--adapter names the file "tool.mp4"'],
    ["ffmpeg as output", [...toTool, "--ffmpeg", "tool.mp4"], '--ffmpeg names the file "tool.mp4", which it would replace'],
    ["the browser as output", [...toTool, "--browser", "tool.mp4"], '--browser names the file "tool.mp4"'],
    ["a FIFO as table of a bench", ["bench", "-o", "fifo"], "it is a FIFO"],
    ["standard output as table of a bench", ["bench", "-o", "-"], "writing to standard output is not supported"],
    ["a folder as table of a bench", ["bench", "-o", "."], "it is a folder"],
    ["the browser as table of a bench", ["bench", "-o", "tool.mp4", "--browser", "tool.mp4"], '--browser names the file "tool.mp4"'],
  ])("rejects %s before a browser starts", async (_, args, says) => {
    await using folder = await scratch();
    await folder.page(`<video src="film.mp4"></video>${movingPage}`);
    for (const name of ["film.mp4", "tool.mp4"]) await writeFile(folder.path(name), name);
    await symlink("out.mp4", folder.path("link.mp4"));
    execFileSync("mkfifo", [folder.path("fifo")]);
    const before: string[] = await folder.list();
    const { code, stderr } = await framewright([...args, "--json"], { cwd: folder.folder });
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toMatch(/^error \[output-not-writable\]: /m);
    expect(stderr).toContain(says);
    expect(await folder.list()).toEqual(before);
    for (const name of ["film.mp4", "tool.mp4"]) expect(await readFile(folder.path(name), "utf8")).toBe(name);
  });

  test("are written through a symbolic link: a trace, also of a render that fails", async () => {
    await using folder = await scratch();
    await folder.page(movingPage.replace("{ box", '{ throw new Error("no way"); box'));
    await symlink("real.json", folder.path("trace.json"));
    const args: readonly string[] = ["render", "page.html", "-o", "out.mp4", ...small, "--trace", "trace.json"];
    expect((await framewright(args, { cwd: folder.folder })).code).toBe(4);
    expect(await folder.list()).toEqual(["page.html", "real.json", "trace.json"]);
    expect(JSON.parse(await readFile(folder.path("trace.json"), "utf8"))).toHaveProperty("traceEvents");
  });
});

describe("a render that is stopped", () => {
  const stops = [
    { signal: "SIGINT", exitCode: 130 },
    { signal: "SIGTERM", exitCode: 143 },
  ] as const;
  test.each(stops)("by $signal leaves nothing and exits with $exitCode", async ({ signal, exitCode }) => {
    await using folder = await scratch();
    const page: string = await folder.page(longPage);
    const running: Running = start([...commandLine.command, "render", page, "-o", folder.path("out.mp4"), ...small]);
    await running.says("/600 frames (");
    const processId: number = running.child.pid!;
    expect(browserOf(processId).length).toBeGreaterThan(1);
    expect(await folder.list()).toEqual([expect.stringMatching(/^\.out\.mp4\..*\.partial$/), ".out.mp4.lock", "page.html"]);

    running.child.kill(signal);
    const { code, stdout, stderr } = await running.outcome;
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
    expect(stderr).toContain(`Stopping, because`);
    expect(stderr).toMatch(new RegExp(`^error \\[aborted\\]: .*${signal}`, "m"));
    expect(await folder.list()).toEqual(["page.html"]);
    expect(browserOf(processId)).toEqual([]);
  });

  test("by two signals ends at once, and leaves nothing either", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(longPage);
    const running: Running = start([...commandLine.command, "render", page, "-o", folder.path("out.mp4"), ...small]);
    await running.says("/600 frames (");
    const processId: number = running.child.pid!;
    // A browser that answers no more would take seconds to close.
    const paused = browserProcesses(processId);
    expect(paused.length).toBeGreaterThan(0);
    for (const { id } of paused) process.kill(id, "SIGSTOP");
    running.child.kill("SIGINT");
    await running.says("Stopping");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.outcome;
    expect(code).toBe(130);
    expect(stderr).not.toContain("error [aborted]");
    expect(await folder.list()).toEqual(["page.html"]);
    // Nobody waits for the browser that was killed.
    await expect.poll(() => browserOf(processId)).toEqual([]);
  });

  test("because nobody reads its output leaves nothing", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(longPage);
    const running: Running = start([...commandLine.command, "render", page, "-o", folder.path("out.mp4"), ...small, "--json"]);
    await running.says('"frame-encoded"');
    running.child.stdout!.destroy();
    expect((await running.outcome).code).toBe(141);
    expect(await folder.list()).toEqual(["page.html"]);
    expect(browserOf(running.child.pid!)).toEqual([]);
  });
});

describe("on a terminal", () => {
  /** Runs it on a pseudo-terminal of 80 columns; what both outputs drew comes back. */
  const startOnTerminal = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Running => {
    const line: string = [...commandLine.command, ...args].map((part) => `'${part}'`).join(" ");
    return start(["script", "-qec", `stty cols 80; ${line}`, "/dev/null"], { env: { TERM: "xterm-256color", NO_COLOR: "", ...env } });
  };
  const onTerminal = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
    startOnTerminal(args, env).outcome;

  test("it draws a bar that grows, in colours, and leaves the terminal as it was", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(longPage);
    const { code, stdout } = await onTerminal(["render", page, "-o", folder.path("out.mp4"), ...small, "--duration", "4"]);
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain("Starting the browser and loading the page");
    expect(stdout).toContain("Page ready: 320×180, 10 frames/s, 4 s, 40 frames");
    expect(stdout).toMatch(/Plan: \S+/);
    expect(stdout).toContain(`${ESCAPE}[32m█`);
    expect(stdout).toMatch(/\d+ % {2,}\d+\/40 frames {2}[\d.]+ frames\/s {2}\d:\d\d left/);
    const lengths: number[] = [...stdout.matchAll(/█+/g)].map(([bar]) => bar.length);
    expect(Math.max(...lengths)).toBeGreaterThan(Math.min(...lengths) + 5);
    expect(stdout.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(stdout.lastIndexOf(`${ESCAPE}[?25l`));
    expect(stdout.lastIndexOf(`${ESCAPE}[?7h`)).toBeGreaterThan(stdout.lastIndexOf(`${ESCAPE}[?7l`));
    expect(stdout.slice(stdout.lastIndexOf("Done:"))).not.toContain("█");
  });

  test("it takes the bar away before it tells of a failure", async () => {
    await using folder = await scratch();
    // No frame that is compared with a screenshot before the start: 0, 13, 26 and 39 are.
    const page: string = await folder.page(longPage.replace("box.style", 'if (t === 2) throw new Error("no way"); box.style'));
    const { code, stdout } = await onTerminal(["render", page, "-o", folder.path("out.mp4"), ...small, "--duration", "4"]);
    expect({ code, stdout }).toMatchObject({ code: 4 });
    expect(stdout).toContain("█");
    expect(stdout).toContain("[seek-failed]");
    expect(stdout.slice(stdout.lastIndexOf("[seek-failed]"))).not.toContain("█");
    expect(stdout.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(stdout.lastIndexOf(`${ESCAPE}[?25l`));
  });

  test("Ctrl-C stops it, and the terminal is as it was", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(longPage);
    const running: Running = startOnTerminal(["render", page, "-o", folder.path("out.mp4"), ...small]);
    await running.says("/600 frames");
    running.child.stdin!.write("\u0003");
    const { code, stdout } = await running.outcome;
    expect({ code, stdout }).toMatchObject({ code: 130 });
    expect(stdout).toContain("Stopping, because Ctrl-C was pressed");
    expect(stdout.slice(stdout.lastIndexOf("Stopping"))).not.toContain("█");
    expect(stdout.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(stdout.lastIndexOf(`${ESCAPE}[?25l`));
    expect(await folder.list()).toEqual(["page.html"]);
  });

  test("it uses no colour where NO_COLOR is set", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(movingPage);
    const { code, stdout } = await onTerminal(["render", page, "-o", folder.path("out.mp4"), ...small], { NO_COLOR: "1" });
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain("█");
    expect(stdout).not.toMatch(color);
  });

  test("it draws nothing twice where TERM is dumb", async () => {
    await using folder = await scratch();
    const page: string = await folder.page(movingPage);
    const { code, stdout } = await onTerminal(["render", page, "-o", folder.path("out.mp4"), ...small], { TERM: "dumb" });
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain("10/10 frames (100 %)");
    expect(stdout).not.toContain(ESCAPE);
  });
});

describe("what it works out", () => {
  test.each([
    ["page.html", "page.mp4"],
    ["some/folder/intro.v2.html", "intro.v2.mp4"],
    ["some/folder/", "folder.mp4"],
    ["https://example.com/films/intro.html?x=1#y", "intro.mp4"],
    ["https://example.com/films/", "films.mp4"],
    ["https://example.com", "example.com.mp4"],
  ])("the output of %s is %s", (page, output) => {
    expect(defaultOutput(page)).toBe(output);
  });

  test.each([
    ["webm", "page.webm"],
    ["gif", "page.gif"],
    ["png-sequence", "page"],
  ])("the output of a page as %s is %s", (format, output) => {
    expect(defaultOutput("page.html", format)).toBe(output);
  });

  test("the pace is that of the last seconds", () => {
    const pace = paceOf(1000);
    expect(pace(1, 0)).toEqual({ framesPerSecond: null, secondsLeft: null });
    for (let at = 1; at <= 10; at++) pace(at * 10, at * 1000);
    for (let at = 11; at <= 30; at++) pace(100 + (at - 10) * 20, at * 1000);
    const { framesPerSecond, secondsLeft } = pace(500, 30_000);
    expect(framesPerSecond).toBeCloseTo(20, 5);
    expect(secondsLeft).toBeCloseTo(25, 5);
  });
});
