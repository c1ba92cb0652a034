import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderEvent } from "../../src/core/events.ts";
import { codedCodecs, makeCodedVideo } from "../support/coded-videos.ts";
import { buildCommandLine, type CommandLine } from "../support/command-line.ts";
import { movingPage } from "../support/failing-pages.ts";
import { allProcesses } from "../support/processes.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { slowSite, type Asker, type SlowFile } from "../support/slow-site.ts";
import { tone, writeSound } from "../support/tones.ts";

/** One SIGINT ends the command line within two seconds, in every phase of a page with a slow video and a slow audio file. */

/** Two seconds, and what a busy machine needs to deliver a signal and to end a process. */
const ENDS_WITHIN_MS = 3_000;

let commandLine: CommandLine;
let films: Scratch;
/** Of the command line alone: what appears in it was left by it. */
let temporary: string;

beforeAll(async () => {
  [commandLine, films, temporary] = [await buildCommandLine(), await scratch(), await mkdtemp(join(tmpdir(), "framewright-tests-"))];
  await makeCodedVideo({ path: films.path("film.mp4"), rate: "30", frames: 60, codec: codedCodecs.h264 });
  await writeSound(films.path("tone.wav"), tone(440), 2);
  // Browsers make caches at their first start.
  await using place = await scratch();
  const running = start(["render", await place.page(movingPage()), "-o", place.path("first.mp4"), "--duration", "0.1"]);
  expect(await running.code).toBe(0);
});
afterAll(async () => {
  await commandLine[Symbol.asyncDispose]();
  await films[Symbol.asyncDispose]();
  await rm(temporary, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly code: Promise<number | null>;
  said(): string;
}

function start(args: readonly string[], onLine: (line: string) => void = () => {}): Running {
  const [runtime, program] = commandLine.command;
  const child: ChildProcess = spawn(runtime, [program, ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout!, child.stderr!])
    createInterface({ input: stream }).on("line", (line) => {
      said += `${line}\n`;
      onLine(line);
    });
  const code: Promise<number | null> = once(child, "exit").then(([code]) => code as number | null);
  return { child, code, said: () => said };
}

/** The moment at which the signal is sent: an event of the render, a line, or a piece that the server gave. */
interface Moment {
  readonly phase: string;
  readonly event?: RenderEvent["type"];
  readonly line?: RegExp;
  readonly piece?: readonly [name: string, asker: Asker];
  /** The piece counts only after this event. */
  readonly after?: RenderEvent["type"];
  /** The browser's process has started. */
  readonly launch?: true;
  readonly endless?: Readonly<Record<string, readonly Asker[]>>;
  readonly args?: readonly string[];
}

const everyone = ["page", "host"] as const;
const disk = ["--encoder", "ffmpeg-disk"] as const;
const moments: readonly Moment[] = [
  { phase: "before the browser starts", line: /^Rendering / },
  { phase: "while the browser starts", launch: true },
  { phase: "while the page loads", piece: ["page.html", "page"], endless: { "page.html": everyone } },
  { phase: "while the page downloads the video", piece: ["film.mp4", "page"], endless: { "film.mp4": everyone } },
  { phase: "while the page downloads the sound", piece: ["tone.wav", "page"], endless: { "tone.wav": everyone } },
  { phase: "when the page is ready", event: "page-ready" },
  { phase: "when the plan is ready", event: "plan-ready" },
  { phase: "while the sound is analysed", piece: ["mark", "page"], after: "plan-ready" },
  { phase: "when the capture is open", event: "capture-opened" },
  { phase: "while frames are captured", event: "frame-encoded" },
  { phase: "while frames are captured to disk", event: "frame-encoded", args: disk },
  { phase: "while frames from disk are encoded", event: "finishing", args: disk },
  { phase: "while the file is finished", event: "finishing" },
  { phase: "while the file is checked", event: "checking" },
];

/** Plays its sound by a script, so that only a run through all frames tells what is heard. Each frame is told to the server. */
const html = `<!doctype html><style>body { margin: 0 } video { width: 320px; height: 180px }</style>
<video muted autoplay loop src="film.mp4"></video><audio src="tone.wav"></audio>
<script>
  setTimeout(() => document.querySelector("audio").play(), 100);
  const mark = () => (fetch("mark"), requestAnimationFrame(mark));
  mark();
</script>`;

async function filesFor({ endless = {} }: Moment): Promise<Record<string, SlowFile>> {
  const file = async (name: string, type: string, bytes: Promise<Uint8Array>): Promise<[string, SlowFile]> => [
    name,
    { type, bytes: await bytes, endlessFor: endless[name] ?? [] },
  ];
  return Object.fromEntries([
    await file("page.html", "text/html", Promise.resolve(new TextEncoder().encode(html))),
    await file("film.mp4", "video/mp4", readFile(films.path("film.mp4"))),
    await file("tone.wav", "audio/wav", readFile(films.path("tone.wav"))),
  ]);
}

function profilesOf(processId: number): string {
  return `framewright-profile-${processId}-`;
}

/** Processes of one command line, and the folders of its browsers. */
async function leftBy(processId: number, output: string): Promise<string[]> {
  const own = (name: string): boolean => name.startsWith(profilesOf(processId));
  const processes = allProcesses().filter(
    ({ state, commandLine: words }) => state !== "Z" && (words.includes(profilesOf(processId)) || words.includes(output)),
  );
  return [...(await readdir("/dev/shm")).filter(own), ...processes.map(({ id, commandLine: words }) => `${id} ${words.slice(0, 120)}`)];
}

describe("one SIGINT", () => {
  it.each(moments)("ends the process within two seconds $phase, and leaves nothing", async (moment) => {
    await using place = await scratch();
    const before: readonly string[] = (await readdir(temporary)).toSorted();
    let onSent: (at: number) => void = () => {};
    const sent = new Promise<number>((resolve) => (onSent = resolve));
    let running: Running | null = null;
    const seen = new Set<string>();
    const send = (): void => {
      if (running?.child.kill("SIGINT") === true) onSent(performance.now());
    };
    const onPiece = (name: string, asker: Asker): void => {
      if (moment.after !== undefined && !seen.has(moment.after)) return;
      if (name === moment.piece?.[0] && asker === moment.piece[1]) send();
    };
    await using site = await slowSite(await filesFor(moment), onPiece);
    const isJson: boolean = moment.line === undefined;
    const onLine = (line: string): void => {
      if (moment.line?.test(line) === true) send();
      if (!line.startsWith("{")) return;
      const { type } = JSON.parse(line) as RenderEvent;
      seen.add(type);
      if (type === moment.event) send();
    };
    const output: string = place.path("video.mp4");
    const size: readonly string[] = ["--width", "320", "--height", "180", "--fps", "30", "--duration", "2"];
    running = start(
      ["render", site.url("page.html"), "-o", output, ...size, ...(moment.args ?? []), ...(isJson ? ["--json"] : [])],
      onLine,
    );
    const { code, said } = running;
    const processId: number = running.child.pid!;
    if (moment.launch === true) {
      const launched = (): boolean => allProcesses().some(({ commandLine: words }) => words.includes(profilesOf(processId)));
      await expect.poll(launched, { interval: 5 }).toBe(true);
      send();
    }
    const early: Promise<never> = code.then(() => expect.fail(`it ended before the signal was sent: ${said()}`));
    const sentAt: number = await Promise.race([sent, early]);
    expect(await code, said()).toBe(130);
    expect(performance.now() - sentAt, said()).toBeLessThan(ENDS_WITHIN_MS);
    expect(await place.list()).toEqual([]);
    await expect.poll(() => leftBy(processId, output), { message: "what the process left" }).toEqual([]);
    expect((await readdir(temporary)).toSorted()).toEqual(before);
  });
});
