import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { RenderJob } from "../../src/core/job.ts";
import type { CallerTask } from "../support/caller.ts";
import { movingPage, noisePage, RATE } from "../support/failing-pages.ts";
import { allProcesses, isRenderer, stillAlive, type ProcessFacts } from "../support/processes.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";

const CALLER: string = fileURLToPath(new URL("../support/caller.ts", import.meta.url));
const settings = { timeout: 60_000, interval: 5 } as const;
const size = { width: 320, height: 180, frameRate: RATE } as const;

/** Moments at which a render is killed: the page, the output's name, and whether the moment is there. */
interface Moment {
  readonly html: string;
  readonly output: string;
  readonly duration: number;
  isThere(seen: Seen): boolean;
}

interface Seen {
  readonly processes: readonly ProcessFacts[];
  /** Names of what lies in the folder for temporary files. */
  readonly temporary: readonly string[];
}

/** Looks one after the other at which a page's process was busy. */
let looks = 0;

const moments: Readonly<Record<string, Moment>> = {
  "while ffmpeg makes a GIF of frames on disk": {
    html: noisePage,
    output: "moving.gif",
    duration: 5,
    isThere: ({ processes }) => processes.some(({ commandLine }) => commandLine.includes("palettegen") && commandLine.includes(".partial")),
  },
  "while ffmpeg reads sound from disk": {
    html: movingPage().replace("<div", '<audio src="long.wav" data-start="0" autoplay></audio><div'),
    output: "video.mp4",
    duration: 600,
    isThere: ({ processes, temporary }) =>
      temporary.some((name) => name.startsWith("framewright-sound-")) &&
      processes.some(({ commandLine }) => commandLine.includes("framewright-sound-")),
  },
  "while the page is in an endless loop": {
    html: movingPage({ onSeek: "if (frame === 5) for (;;);" }),
    output: "video.mp4",
    duration: 2,
    // The page's own process computes and computes.
    isThere: ({ processes }) => {
      const isEncoding: boolean = processes.some(({ commandLine }) => commandLine.includes(".partial") && commandLine.includes("pipe:0"));
      const isComputing: boolean = processes.some((one) => isRenderer(one) && one.state === "R");
      looks = isEncoding && isComputing ? looks + 1 : 0;
      return looks > 50;
    },
  },
};

interface Caller extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly said: Promise<string>;
}

function startCaller(job: RenderJob, temporaryFolder: string): Caller {
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", CALLER, JSON.stringify({ jobs: [job] } satisfies CallerTask)], {
    env: { ...process.env, TMPDIR: temporaryFolder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed: Promise<unknown> = once(child, "close");
  return {
    child,
    said: text(child.stdout!),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

/** All processes below a process. */
function below(id: number): ProcessFacts[] {
  const all: ProcessFacts[] = allProcesses();
  const family = new Set([id]);
  for (let known = 0; known !== family.size;) {
    known = family.size;
    for (const one of all) if (family.has(one.parent)) family.add(one.id);
  }
  return all.filter((one) => one.id !== id && family.has(one.id));
}

async function profilesOf(id: number, temporary: string): Promise<string[]> {
  const names: string[] = [...(await readdir("/dev/shm").catch(() => [])), ...(await readdir(temporary))];
  return names.filter((name) => name.startsWith(`framewright-profile-${id}-`));
}

async function killAt(moment: Moment, caller: Caller, temporary: string): Promise<ProcessFacts[]> {
  const id: number = caller.child.pid!;
  let processes: ProcessFacts[] = [];
  const isThere = async (): Promise<boolean> => {
    if (caller.child.exitCode !== null) throw new Error(`It ended before: ${await caller.said}`);
    processes = below(id);
    return moment.isThere({ processes, temporary: await readdir(temporary) });
  };
  await expect.poll(isThere, settings).toBe(true);
  caller.child.kill("SIGKILL");
  await once(caller.child, "exit");
  return processes;
}

async function makeLongSound(place: Scratch): Promise<void> {
  await runFfmpeg(["-f", "lavfi", "-i", "sine=d=600", "-ac", "2", "-ar", "44100", "-y", place.path("long.wav")]);
}

describe.runIf(process.platform === "linux")("a process that is killed in the middle of a render", () => {
  it.each(Object.keys(moments))("%s leaves no process, and the next render removes its files", async (name) => {
    const moment: Moment = moments[name]!;
    await using place = await scratch();
    await makeLongSound(place);
    const temporary: string = await mkdtemp(join(tmpdir(), "fw-"));
    try {
      const page: string = await place.page(moment.html);
      const job: RenderJob = { ...size, page, output: place.path(moment.output), duration: moment.duration };
      await using killed = startCaller(job, temporary);
      const processes: ProcessFacts[] = await killAt(moment, killed, temporary);
      const left = (): string[] => stillAlive(processes).map(({ id, commandLine }) => `${id} ${commandLine.slice(0, 160)}`);
      await expect.poll(left, { timeout: 10_000, interval: 20 }).toEqual([]);
      expect((await place.list()).filter((one) => one.startsWith("."))).not.toEqual([]);

      const next: string = await place.page(movingPage(), "next.html");
      await using caller = startCaller({ ...job, page: next, duration: 0.2 }, temporary);
      expect(await caller.said).toBe("complete\ndone\n");
      expect(await place.list()).toEqual(["long.wav", moment.output, "next.html", "page.html"].toSorted());
      // Any other render on this machine removes it as well.
      await expect.poll(() => profilesOf(killed.child.pid!, temporary)).toEqual([]);
      expect((await readdir(temporary)).filter((one) => one.startsWith("framewright-"))).toEqual([]);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
});
