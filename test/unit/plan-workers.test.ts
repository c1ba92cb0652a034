import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Browser } from "../../src/core/browser.ts";
import type { Capture, CaptureSession } from "../../src/core/capture.ts";
import { aborted, browserClosed, captureDistrusted, captureFailed, captureStalled, isRenderError } from "../../src/core/errors.ts";
import type { RenderEvent } from "../../src/core/events.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import type { PageToOpen } from "../../src/core/pipeline/page-opener.ts";
import type { Stage } from "../../src/core/pipeline/stage.ts";
import { Workers } from "../../src/core/pipeline/workers.ts";
import type { Plan } from "../../src/core/policy/plan.ts";
import { plainPage } from "../support/policy-input.ts";

const capture = { name: "painted" } as Capture;

interface Opening {
  readonly workers: Workers;
  readonly events: RenderEvent[];
  readonly warnings: string[];
  /** Tracks of the sessions that were closed. */
  readonly closed: string[];
  readonly stop: AbortController;
}

/** Workers of pages that open in name only. @param sessions by their place; an error where one does not open */
function workersOf(sessions: readonly (Partial<CaptureSession> | Error)[], plan: Partial<Plan> = {}): Opening {
  const [events, warnings, closed]: [RenderEvent[], string[], string[]] = [[], [], []];
  const stop = new AbortController();
  const stage = {
    ...{ job: parseJob({ page: "p.html", output: "o.mp4" }), page: plainPage, video: {}, signal: stop.signal },
    browsers: { of: async () => ({}) as Browser },
    opener: {
      async open({ track }: PageToOpen): Promise<CaptureSession> {
        const session = sessions[Number(track.split(" ")[1]) - 1]!;
        if (session instanceof Error) throw session;
        return { transport: "ring-file", close: async () => void closed.push(track), ...session } as CaptureSession;
      },
    },
    emit: (event: RenderEvent) => events.push(event),
    warn: (reason: string) => warnings.push(reason),
  } as unknown as Stage;
  const all = { workers: sessions.length, segments: 1, frameFormat: "RGBA", ...plan } as Plan;
  return { workers: new Workers(all, stage, capture), events, warnings, closed, stop };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("go on with those that opened, and say how many", async () => {
  const { workers, events, warnings } = workersOf([{}, new Error("no memory"), {}]);
  await workers.open();
  expect(workers.all).toHaveLength(2);
  expect(events).toEqual([{ type: "capture-opened", capture: "painted", transport: "ring-file", workers: 2 }]);
  expect(warnings).toEqual(["2 of 3 workers opened: no memory"]);
});

it.each([
  ["the first does not open", [new Error("no memory"), {}], {}, ["worker 2"]],
  ["one does not whose segment nobody else makes", [{}, new Error("no memory")], { workers: 1, segments: 2 }, ["worker 1"]],
])("fail where %s, and close those that did", async (_, sessions, plan, left) => {
  const { workers, closed, events } = workersOf(sessions, plan);
  await expect(workers.open()).rejects.toThrow("no memory");
  expect(events).toEqual([]);
  await workers.close();
  expect(closed).toEqual(left);
});

it("say that the render was stopped, whatever failed by it", async () => {
  const { workers, stop } = workersOf([browserClosed("it was ended")]);
  stop.abort("enough");
  const failure: unknown = await workers.open().catch((thrown: unknown) => thrown);
  expect(isRenderError(failure) && failure.code).toBe("aborted");
});

it("do without one that dies, and not without one that paints wrongly", async () => {
  const { workers, warnings, closed } = workersOf([{}, {}]);
  await workers.open();
  const losses = [browserClosed("it crashed"), captureFailed("painted", 3, new Error("no")), captureStalled(3, 1000)];
  expect(losses.map((loss) => workers.isLoss(loss))).toEqual([true, true, true]);
  expect([captureDistrusted("painted", "it is wrong"), aborted("enough"), new Error("ours")].some((one) => workers.isLoss(one))).toBe(
    false,
  );
  workers.lose({ worker: 1, error: new Error("it crashed"), range: { start: 8, end: 16 } });
  workers.lose({ worker: 0, error: new Error("it crashed"), range: { start: 8, end: 8 } });
  expect(warnings).toEqual([
    "Worker 2 was lost, and others do its frames 8 to 15: it crashed",
    "Worker 1 was lost, and others do the rest: it crashed",
  ]);
  expect(closed).toEqual(["worker 2", "worker 1"]);
});

it("tell what any of them heard unplanned, past those that are gone or hang", async () => {
  const hangs = { unplannedSound: () => new Promise<never>(() => {}) };
  const gone = { unplannedSound: () => Promise.reject(browserClosed("it crashed")) };
  const { workers } = workersOf([gone, hangs, { unplannedSound: async () => null }, { unplannedSound: async () => "a script plays" }]);
  await workers.open();
  const asking = workers.unplannedSound();
  await vi.advanceTimersByTimeAsync(parseJob({ page: "p.html", output: "o.mp4" }).captureTimeoutMs);
  expect(await asking).toBe("a script plays");
});
