import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RenderEvent } from "../../src/core/events.ts";
import type { RenderJob } from "../../src/core/job.ts";
import { planRender, render, type NodeRenderOptions } from "../../src/node/render.ts";
import type { RenderMessage } from "../../src/node/isolation/protocol.ts";
import type { RenderProcess, RenderProcessEnd, RenderProcessListener } from "../../src/node/isolation/start-render-process.ts";
import { supervise, type Outcome, type SuperviseOptions } from "../../src/node/isolation/supervise.ts";
import { renderMessages, renderTask } from "../support/render-messages.ts";

/** A render process that does as the test says. */
interface PlayedProcess {
  readonly start: NonNullable<SuperviseOptions["start"]>;
  readonly calls: string[];
  line(text: string): void;
  message(message: RenderMessage): void;
  badLine(thrown: Error): void;
  end(end?: Partial<RenderProcessEnd>): void;
}

function playedProcess(): PlayedProcess {
  const calls: string[] = [];
  const { promise: ended, resolve } = withResolvers<RenderProcessEnd>();
  let listener: RenderProcessListener | null = null;
  const end = (how: Partial<RenderProcessEnd> = {}): void => resolve({ code: 0, signal: null, stderrTail: "", ...how });
  const renderProcess: RenderProcess = {
    // No process: it takes no memory.
    id: 0,
    publish: () => void calls.push("publish"),
    stop: () => void calls.push("stop"),
    kill() {
      calls.push("kill");
      end({ code: null, signal: "SIGKILL" });
    },
    ended,
  };
  return {
    calls,
    start: async (_, heard) => {
      listener = heard;
      return renderProcess;
    },
    line: (text) => listener!.onLine(text),
    message: (message) => listener!.onLine(JSON.stringify(message)),
    badLine: (thrown) => listener!.onBadLine(thrown),
    end,
  };
}

function withResolvers<Value>(): { readonly promise: Promise<Value>; resolve(value: Value): void } {
  let resolve: (value: Value) => void = () => {};
  const promise: Promise<Value> = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const unlimited = { maxFrames: 100, maxSeconds: null, mediaBytes: 100 } as const;
const result = renderMessages.find((one): one is Extract<RenderMessage, { type: "result" }> => one.type === "result")!;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a supervised render process", () => {
  it("reports events and spans, asks before it publishes, and gives its result", async () => {
    const played = playedProcess();
    const events: RenderEvent["type"][] = [];
    let spans = 0;
    const outcome = supervise(renderTask, unlimited, { onEvent: ({ type }) => events.push(type), onSpan: () => spans++ }, played);
    await vi.advanceTimersByTimeAsync(0);
    for (const message of renderMessages) if (message.type === "event" || message.type === "span") played.message(message);
    expect(played.calls).toEqual([]);
    played.message({ type: "checked" });
    expect(played.calls).toEqual(["publish"]);
    played.message(result);
    expect(played.calls).toEqual(["publish", "stop"]);
    played.end();
    expect(await outcome).toMatchObject({ answer: result.result, stopped: null });
    expect([events.length, spans]).toEqual([10, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ["a message that is not JSON", (played: PlayedProcess) => played.line("\u001B[2J")],
    ["a message of another shape", (played: PlayedProcess) => played.line('{"type":"result","result":{}}')],
    ["a line that is too long", (played: PlayedProcess) => played.badLine(new Error("it is longer than 9 bytes"))],
    ["a result of an output that it was not allowed to publish", (played: PlayedProcess) => played.message(result)],
  ])("is killed for %s, and heard no more", async (_, misbehave) => {
    const played = playedProcess();
    const events: RenderEvent[] = [];
    const outcome = supervise(renderTask, unlimited, { onEvent: (event) => events.push(event) }, played);
    await vi.advanceTimersByTimeAsync(0);
    misbehave(played);
    played.message({ type: "event", event: { type: "finishing" } });
    played.message({ type: "checked" });
    played.message(result);
    const { answer, stopped }: Outcome = await outcome;
    expect(answer).toBeNull();
    expect(stopped).toMatchObject({ code: "render-process-lost", details: { reason: "message" } });
    expect(played.calls).toEqual(["kill"]);
    expect(events).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is killed when it gives no sign of life, and not while it does", async () => {
    const played = playedProcess();
    const outcome = supervise(renderTask, unlimited, {}, { ...played, silenceLimitMs: 5_000 });
    for (let second = 0; second < 20; second++) {
      await vi.advanceTimersByTimeAsync(1_000);
      played.message({ type: "alive" });
    }
    expect(played.calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await outcome).stopped).toMatchObject({ code: "render-process-lost", details: { reason: "silent" } });
    expect(played.calls).toEqual(["kill"]);
  });

  it("is killed when it ignores limits.maxSeconds", async () => {
    const played = playedProcess();
    const outcome = supervise(renderTask, { ...unlimited, maxSeconds: 30 }, {}, { ...played, silenceLimitMs: 1e9 });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(played.calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await outcome).stopped).toMatchObject({ code: "limit-exceeded", details: { limit: "maxSeconds", allowed: 30 } });
  });

  it("takes limits.maxSeconds of years", async () => {
    const played = playedProcess();
    const outcome = supervise(renderTask, { ...unlimited, maxSeconds: 1e9 }, {}, { ...played, silenceLimitMs: 2 ** 31 - 1 });
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(played.calls).toEqual([]);
    played.end({ code: 1 });
    expect(await outcome).toMatchObject({ answer: null, stopped: null });
  });

  it("is asked to stop by the signal, and publishes nothing afterwards", async () => {
    const played = playedProcess();
    const controller = new AbortController();
    const outcome = supervise(renderTask, unlimited, { signal: controller.signal }, played);
    await vi.advanceTimersByTimeAsync(0);
    const reason = new Error("enough");
    controller.abort(reason);
    played.message({ type: "checked" });
    expect(played.calls).toEqual(["stop"]);
    played.message({ type: "error", code: "aborted", message: "The render was stopped", details: {} });
    played.end();
    expect((await outcome).stopped).toMatchObject({ code: "aborted", cause: reason });
  });

  it("gives its result when it was stopped after it published", async () => {
    const played = playedProcess();
    const controller = new AbortController();
    const outcome = supervise(renderTask, unlimited, { signal: controller.signal }, played);
    await vi.advanceTimersByTimeAsync(0);
    played.message({ type: "checked" });
    controller.abort(new Error("too late"));
    played.message(result);
    played.end();
    expect((await outcome).answer).toEqual(result.result);
  });

  it("that cannot be started is an error", async () => {
    const start = (): Promise<never> => Promise.reject(new Error("spawn EAGAIN"));
    await expect(supervise(renderTask, unlimited, {}, { start })).rejects.toMatchObject({
      code: "render-process-lost",
      message: expect.stringContaining("spawn EAGAIN"),
      details: { reason: "not-started" },
    });
  });
});

describe("options of isolation", () => {
  const job: RenderJob = { page: "missing.html", output: "video.mp4" };

  it.each([
    ["another isolation", { isolation: "thread" }, 'isolation is "thread": must be "process"'],
    ["parts", { isolation: "process", parts: {} }, "functions cannot cross"],
    ["memoryBytes alone", { memoryBytes: 2 ** 30 }, 'memoryBytes needs isolation: "process"'],
    ["memoryBytes below what a browser needs", { isolation: "process", memoryBytes: 1_000 }, "memoryBytes is 1000"],
    ["memoryBytes that is not a number", { isolation: "process", memoryBytes: NaN }, "memoryBytes is NaN"],
  ])("are rejected: %s", async (_, options, says) => {
    await expect(render(job, options as NodeRenderOptions)).rejects.toMatchObject({
      code: "job-invalid",
      message: expect.stringContaining(says),
    });
  });

  it("are rejected with a job that is not JSON", async () => {
    await expect(render({ ...job, variables: { n: 1n } }, { isolation: "process" })).rejects.toMatchObject({ code: "job-invalid" });
  });

  it("are rejected by planRender, which opens the page in this process", async () => {
    const options: object = { isolation: "process" };
    await expect(planRender(job, options)).rejects.toMatchObject({ code: "job-invalid" });
  });
});
