import { execFile } from "node:child_process";
import { chmod, open, writeFile, type FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EncodeRequest, EncoderContext } from "../../src/core/encoder.ts";
import type { RenderError } from "../../src/core/errors.ts";
import { Supervisor } from "../../src/core/pipeline/supervisor.ts";
import { ffmpegPipe } from "../../src/encoders/ffmpeg-pipe.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { FfmpegRun } from "../../src/ffmpeg/run.ts";
import { openFileSink } from "../../src/node/file-sink.ts";
import { descendants, signalProcess, stillAlive, type ProcessFacts } from "../support/processes.ts";
import { scratch, type Scratch } from "../support/render.ts";

/** The heartbeat of a process that encodes. Time is that of the test, processes and pipes are real. */

const LIMIT_MS = 1000;
const KILL_GRACE_MS = 2000;
const MEBIBYTE = 1024 * 1024;
let place: Scratch;

beforeEach(async () => {
  place = await scratch();
  // Its own clock alone: the pipes' events are real.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await place[Symbol.asyncDispose]();
});

/** A program that takes bytes from its standard input only when it is told to. */
interface Reader {
  readonly run: FfmpegRun;
  take(bytes: number): Promise<void>;
  /** The signal that ended it. */
  endedBy(): Promise<string>;
  close(): Promise<void>;
}

async function startReader(): Promise<Reader> {
  const orders: string = place.path("orders");
  const log: string = place.path("log");
  await promisify(execFile)("mkfifo", [orders]);
  const program: string = place.path("reader");
  const script = `#!/bin/sh\ntrap 'echo SIGTERM > ${log}; exit 1' TERM\nexec 3< ${orders}\nwhile read -r bytes <&3; do head -c "$bytes" > /dev/null; done\n`;
  await writeFile(program, script);
  await chmod(program, 0o755);
  const run: FfmpegRun = await startRun(program, []);
  // Opens once the program has opened it too.
  const file: FileHandle = await open(orders, "w");
  return {
    run,
    take: async (bytes) => void (await file.write(`${bytes}\n`)),
    endedBy: async () => (await promisify(execFile)("cat", [log])).stdout.trim(),
    close: () => file.close(),
  };
}

function startRun(executablePath: string, args: readonly string[]): Promise<FfmpegRun> {
  return FfmpegRun.start({ executablePath, foundIn: "the test", version: "none" }, args, {
    encoder: "ffmpeg-pipe",
    output: { name: "video.mp4", freeBytes: async () => null, byteLength: async () => 0 },
    signal: new AbortController().signal,
    inactivityTimeoutMs: LIMIT_MS,
  });
}

/** Waits for something that the event loop brings, without a clock. */
async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets the event loop bring what is there already. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The outcome of a promise as soon as there is one. */
function watched(work: Promise<void>): { outcome: "done" | RenderError | null } {
  const box: { outcome: "done" | RenderError | null } = { outcome: null };
  work.then(
    () => (box.outcome = "done"),
    (thrown: unknown) => (box.outcome = thrown as RenderError),
  );
  return box;
}

describe("a limit of 1,000 ms of silence", () => {
  it("lets nine writes live that are each taken after 900 ms", async () => {
    const reader = await startReader();
    for (let frame = 0; frame < 9; frame++) {
      const write = watched(reader.run.write(new Uint8Array(MEBIBYTE)));
      await vi.advanceTimersByTimeAsync(900);
      expect(write.outcome).toBeNull();
      await reader.take(MEBIBYTE);
      await until(() => write.outcome !== null);
      expect(write.outcome).toBe("done");
    }
    await reader.run.abort();
    await reader.close();
  });

  it("lets one write live whose pieces are taken 900 ms apart", async () => {
    const beat = vi.spyOn(Supervisor.prototype, "beat");
    const reader = await startReader();
    const pieces = 9;
    const write = watched(reader.run.write(new Uint8Array(pieces * 8 * MEBIBYTE)));
    for (let piece = 1; piece <= pieces; piece++) {
      await vi.advanceTimersByTimeAsync(900);
      expect(write.outcome).toBeNull();
      await reader.take(8 * MEBIBYTE);
      await until(() => beat.mock.calls.length >= piece);
    }
    await until(() => write.outcome !== null);
    expect(write.outcome).toBe("done");
    await reader.run.abort();
    await reader.close();
  });

  it("ends nine writes that nobody reads, and the process with SIGTERM", async () => {
    const reader = await startReader();
    let stalled: RenderError | null = null;
    for (let frame = 0; frame < 9 && stalled === null; frame++) {
      const write = watched(reader.run.write(new Uint8Array(64 * 1024)));
      await turns();
      // What the kernel holds between the two counts as taken: a few of these frames, and then no more.
      if (write.outcome === "done") {
        await vi.advanceTimersByTimeAsync(900);
        continue;
      }
      await vi.advanceTimersByTimeAsync(LIMIT_MS - 1);
      expect(write.outcome).toBeNull();
      await vi.advanceTimersByTimeAsync(1);
      await until(() => write.outcome !== null);
      stalled = write.outcome as RenderError;
    }
    expect(stalled).toMatchObject({ code: "encoder-stalled", details: { phase: "write", limitMs: LIMIT_MS } });
    await reader.run.abort();
    expect(await reader.endedBy()).toBe("SIGTERM");
    await reader.close();
  });

  it("stays with its first fault", async () => {
    const reader = await startReader();
    const write = watched(reader.run.write(new Uint8Array(MEBIBYTE)));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    await until(() => write.outcome !== null);
    await reader.take(MEBIBYTE);
    await expect(reader.run.write(new Uint8Array(1))).rejects.toBe(write.outcome);
    await expect(reader.run.finish()).rejects.toBe(write.outcome);
    await reader.run.abort();
    await reader.close();
  });
});

describe("an ffmpeg that is stopped", () => {
  it("is ended by SIGKILL, for SIGTERM does not reach it", async () => {
    const { executablePath } = await findFfmpeg();
    const input = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-i", "pipe:0"];
    const run: FfmpegRun = await startRun(executablePath, ["-loglevel", "error", ...input, "-f", "null", "-"]);
    const own: ProcessFacts[] = descendants().filter(({ commandLine }) => commandLine.includes("pipe:0"));
    expect(own).toHaveLength(1);
    expect(signalProcess(own[0]!, "SIGSTOP")).toBe(true);
    const write = watched(run.write(new Uint8Array(MEBIBYTE)));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    await until(() => write.outcome !== null);
    expect(write.outcome).toMatchObject({ code: "encoder-stalled" });
    const abort = watched(run.abort());
    await vi.advanceTimersByTimeAsync(KILL_GRACE_MS - 1);
    expect(stillAlive(own)).toHaveLength(1);
    expect(abort.outcome).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    await until(() => abort.outcome !== null);
    expect(stillAlive(own)).toEqual([]);
  });
});

describe("an ffmpeg that does not start", () => {
  it("is told by a code of its own, and leaves nothing", async () => {
    vi.useRealTimers();
    // It answers when it is asked what it is, and can no longer be executed then.
    const program: string = place.path("ffmpeg");
    const answers = `case "$*" in\n*-version*) echo "ffmpeg version 7.0-fake";;\n*-encoders*) echo " V....D libx264 x"; chmod 644 "$0";;\n*) echo " E mp4 MP4";;\nesac`;
    await writeFile(program, `#!/bin/sh\n${answers}\n`);
    await chmod(program, 0o755);
    const sink = await openFileSink(place.path("video.mp4"));
    const request: EncodeRequest = {
      ...{ size: { width: 2, height: 2 }, frameRate: { numerator: 30, denominator: 1 }, frameCount: 1, frameFormat: "RGBA" },
      ...{
        container: "mp4",
        codec: "h264",
        alpha: false,
        quality: { level: "standard" },
        timing: "constant",
        hardware: null,
        loop: 0,
        audio: null,
      },
    };
    const context: EncoderContext = {
      ...{ output: sink, signal: new AbortController().signal, page: null, sound: null, inactivityTimeoutMs: LIMIT_MS, warn: () => {} },
      browser: null as unknown as EncoderContext["browser"],
    };
    await expect(ffmpegPipe({ executablePath: program }).open(request, context)).rejects.toMatchObject({
      code: "encoder-not-started",
      message: expect.stringContaining(`"${program}" did not start`),
      details: { encoder: "ffmpeg-pipe" },
    });
    await sink.discard();
    expect(await place.list()).toEqual(["ffmpeg"]);
  });
});
