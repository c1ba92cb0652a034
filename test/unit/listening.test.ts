import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listenedTo, scoreOf, type ReceivedPiece } from "../../src/capture/heard-score.ts";
import type { HeardSoFar } from "../../src/browser/messages.ts";
import type { CaptureSession, ListenOptions } from "../../src/core/capture.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import { SoundMaker } from "../../src/core/pipeline/sound-maker.ts";
import type { SoundScore } from "../../src/core/sound.ts";
import { Timeline } from "../../src/core/timeline.ts";

const silent: SoundScore = { clips: [], recordings: [] };

/** Listens to a page whose `listen` is given. */
function make(listen: (options: ListenOptions) => Promise<SoundScore>): Promise<unknown> {
  const maker = new SoundMaker({
    ...{ job: parseJob({ page: "p.html", output: "o.mp4", captureTimeoutMs: 1_000 }), mixers: [], timeline: new Timeline(() => {}) },
    video: { frameCount: 300, frameRate: { value: { numerator: 30, denominator: 1 }, by: "default" } },
    signal: new AbortController().signal,
    path: async () => "",
    facts: () => null,
    warn: () => {},
  });
  const page = { listen: (_count: number, _sound: unknown, options: ListenOptions) => listen(options) } as unknown as CaptureSession;
  return maker.make({ mixer: "none", audio: null, reason: "" } as never, page, "played").catch((thrown: unknown) => thrown);
}

describe("listening to a page", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends where the page makes no progress for captureTimeoutMs", async () => {
    const heard: Promise<unknown> = make(() => new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await heard).toMatchObject({ code: "capture-stalled", message: expect.stringContaining("its sound was analysed") });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has no total timeout: each step starts the time again", async () => {
    const heard: Promise<unknown> = make(async ({ onProgress }) => {
      for (let step = 0; step < 100; step++) {
        await new Promise((resolve) => setTimeout(resolve, 900));
        onProgress?.();
      }
      return silent;
    });
    await vi.advanceTimersByTimeAsync(100_000);
    expect(await heard).toBeNull();
  });

  it("refuses numbers that cannot be mixed", async () => {
    const clip = { source: "a", start: 0, duration: 1, mediaStart: 0, playbackRate: 1e12, preservesPitch: true, loopFrom: null, gain: [] };
    expect(await make(async () => ({ clips: [clip], recordings: [] }))).toMatchObject({ code: "page-failed" });
  });
});

describe("the steps of listening", () => {
  const steps = (...answers: (HeardSoFar | { clips: []; pieces: number })[]) => {
    let at = 0;
    return async () => answers[Math.min(at++, answers.length - 1)]!;
  };

  it("go on until there is a score", async () => {
    const progress = vi.fn();
    const end = await listenedTo(10, steps({ heardFrames: 1 }, { heardFrames: 9 }, { clips: [], pieces: 0 }), progress);
    expect(end).toEqual({ clips: [], pieces: 0 });
    expect(progress).toHaveBeenCalledTimes(2);
  });

  it.each([0, 10, 1.5, -1, Number.NaN, "5"])("end where a page says that it heard %j of 10 frames", async (heardFrames) => {
    await expect(listenedTo(10, steps({ heardFrames: heardFrames as number }))).rejects.toMatchObject({ code: "page-failed" });
  });

  it("end where a page says again and again that it got on", async () => {
    await expect(listenedTo(10, steps({ heardFrames: 5 }))).rejects.toMatchObject({ code: "page-failed" });
  });
});

describe("the pieces of a recording", () => {
  const piece: ReceivedPiece = {
    sampleRate: 48_000,
    start: 0,
    continues: true,
    channels: [new Uint8Array(Float32Array.of(1, 0).buffer)],
  };

  it("are joined where they continue one another", async () => {
    const take = async (index: number): Promise<ReceivedPiece> => ({ ...piece, continues: index > 0 });
    const { recordings } = await scoreOf({ clips: [], pieces: 2 }, take);
    expect(recordings).toMatchObject([{ channels: [Float32Array.of(1, 0, 1, 0)] }]);
  });

  it("are refused where the first continues another", async () => {
    await expect(scoreOf({ clips: [], pieces: 2 }, async () => piece)).rejects.toMatchObject({ code: "page-failed" });
  });

  it("must have the channels of the piece that they continue", async () => {
    const take = async (index: number): Promise<ReceivedPiece> =>
      index === 0 ? { ...piece, continues: false } : { ...piece, channels: [...piece.channels, ...piece.channels] };
    await expect(scoreOf({ clips: [], pieces: 2 }, take)).rejects.toMatchObject({ code: "page-failed" });
  });
});
