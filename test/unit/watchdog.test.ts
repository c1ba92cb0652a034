import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchSilence, within } from "../../src/core/pipeline/watchdog.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("watchSilence", () => {
  it("calls after the limit, and not before", () => {
    const onSilence = vi.fn();
    watchSilence(1000, onSilence);
    vi.advanceTimersByTime(999);
    expect(onSilence).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onSilence).toHaveBeenCalledOnce();
  });

  it("calls once, however long the silence lasts", () => {
    const onSilence = vi.fn();
    watchSilence(1000, onSilence);
    vi.advanceTimersByTime(10_000);
    expect(onSilence).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("limits silence and not the whole: each beat starts the time again", () => {
    const onSilence = vi.fn();
    const watchdog = watchSilence(1000, onSilence);
    for (let beat = 0; beat < 20; beat++) {
      vi.advanceTimersByTime(900);
      watchdog.beat();
    }
    expect(onSilence).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(onSilence).toHaveBeenCalledOnce();
  });

  it("keeps quiet once it is stopped, and leaves no timer", () => {
    const onSilence = vi.fn();
    const watchdog = watchSilence(1000, onSilence);
    watchdog.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(onSilence).not.toHaveBeenCalled();
  });

  it("may be stopped twice", () => {
    const watchdog = watchSilence(1000, () => {});
    watchdog.stop();
    watchdog.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("within", () => {
  const late = (): Error => new Error("too late");

  it("gives the value of work in time, and clears its timer", async () => {
    const work = new Promise<string>((resolve) => setTimeout(() => resolve("done"), 999));
    const outcome = within(1000, work, late);
    await vi.advanceTimersByTimeAsync(999);
    await expect(outcome).resolves.toBe("done");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives the work's own failure, and clears its timer", async () => {
    const failure = new Error("broken");
    await expect(within(1000, Promise.reject(failure), late)).rejects.toBe(failure);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up work that takes longer, and leaves no timer", async () => {
    const outcome = within(1000, new Promise(() => {}), late);
    const rejection = expect(outcome).rejects.toThrow("too late");
    await vi.advanceTimersByTimeAsync(1000);
    await rejection;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("makes no error where none is needed", async () => {
    const onSilence = vi.fn(late);
    await within(1000, Promise.resolve(), onSilence);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onSilence).not.toHaveBeenCalled();
  });

  it("hears a failure that comes after it gave up: it is no unhandled rejection", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    try {
      const work = new Promise((_, reject) => setTimeout(() => reject(new Error("broken, and late")), 2000));
      const outcome = expect(within(1000, work, late)).rejects.toThrow("too late");
      await vi.advanceTimersByTimeAsync(2000);
      await outcome;
      // Node tells of unhandled rejections after the microtasks of a turn: one real turn of the loop.
      vi.useRealTimers();
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off("unhandledRejection", unhandled);
    }
  });
});
