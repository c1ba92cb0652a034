import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BrowserRequest, RenderHost, RenderParts } from "../../src/core/host.ts";
import { planWith, renderWith } from "../../src/core/render.ts";

const discard = vi.fn(async () => {});
const parts = { captures: [], reference: { traits: { browser: "shared", browserFlags: [] } }, encoders: [], injectors: [], mixers: [] };
/** A host whose browser never starts, and ends when it is told to. */
const host = {
  openSink: async () => ({ discard }),
  openPage: async () => ({ url: "http://localhost/", [Symbol.asyncDispose]: async () => {} }),
  facts: async () => ({}),
  launchBrowser: ({ signal }: BrowserRequest) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("the launch was stopped")))),
} as unknown as RenderHost;
const job = { page: "p.html", output: "o.mp4", limits: { maxSeconds: 90 } };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("limits.maxSeconds", () => {
  it.each([
    ["a render", renderWith],
    ["a plan", planWith],
  ] as const)("ends %s that takes longer, and cleans up", async (_, run) => {
    const { signal } = new AbortController();
    const outcome: Promise<unknown> = run(job, parts as unknown as RenderParts, host, { signal }).catch((thrown: unknown) => thrown);
    await vi.advanceTimersByTimeAsync(89_999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome).toMatchObject({
      code: "limit-exceeded",
      message: "The render took longer than 90 seconds; limits.maxSeconds allows 90. Raise limits.maxSeconds if you trust the page",
    });
    expect(vi.getTimerCount()).toBe(0);
    if (run === renderWith) expect(discard).toHaveBeenCalled();
  });

  it("leaves the reason of a caller who stops first", async () => {
    const caller = new AbortController();
    const options = { signal: caller.signal };
    const outcome: Promise<unknown> = renderWith(job, parts as unknown as RenderParts, host, options).catch((thrown: unknown) => thrown);
    await vi.advanceTimersByTimeAsync(1_000);
    caller.abort(new Error("enough"));
    expect(await outcome).toMatchObject({ code: "aborted", message: "The render was stopped: enough" });
    expect(vi.getTimerCount()).toBe(0);
  });
});
