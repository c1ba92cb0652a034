import { describe, expect, it } from "vitest";
import { OrderedWindow } from "../../src/core/pipeline/ordered-window.ts";

function windowOf(budgetBytes: number, end = 100): OrderedWindow<string> {
  return new OrderedWindow<string>({ start: 0, end }, budgetBytes);
}

/** What a promise has come to by now. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  const pending = "pending";
  // Two turns: `ready` hands on what it was woken by.
  for (let turn = 0; turn < 2; turn++) await Promise.resolve();
  return Promise.race([promise, Promise.resolve(pending)]);
}

async function takeAll(window: OrderedWindow<string>): Promise<string[]> {
  const taken: string[] = [];
  for (;;) {
    if ((await stateOf(window.ready())) === "pending") return taken;
    const item: string | null = window.take();
    if (item === null) return taken;
    taken.push(item);
    window.advance();
  }
}

describe("an ordered window", () => {
  it("gives in order what came in any", async () => {
    const window = windowOf(100);
    for (const index of [2, 0, 3, 1]) expect(await window.put(index, `frame ${index}`, 10)).toBe(true);
    expect(await takeAll(window)).toEqual(["frame 0", "frame 1", "frame 2", "frame 3"]);
    expect(window.cursor).toBe(4);
    expect(window.use).toEqual({ budgetBytes: 100, peakBytes: 40, peakFrames: 4 });
  });

  it("has nothing until the item at the cursor comes", async () => {
    const window = windowOf(100);
    await window.put(1, "later", 10);
    const ready = window.ready();
    expect(await stateOf(ready)).toBe("pending");
    expect(window.take()).toBeNull();
    await window.put(0, "first", 10);
    expect(await stateOf(ready)).toBeUndefined();
    expect(window.take()).toBe("first");
  });

  it("lets in what fits exactly, and nothing more", async () => {
    const window = windowOf(20);
    expect(await window.put(1, "a", 10)).toBe(true);
    expect(await window.put(2, "b", 10)).toBe(true);
    expect(window.hasRoom(3, 1)).toBe(false);
    expect(await stateOf(window.put(3, "c", 1))).toBe("pending");
    expect(window.use.peakBytes).toBe(20);
  });

  it("always lets in what costs nothing", async () => {
    const window = windowOf(10);
    await window.put(1, "a", 10);
    expect(await window.put(2, "repeats", 0)).toBe(true);
  });

  it("lets the item at the cursor in although it is full, above its budget by that one", async () => {
    const window = windowOf(20);
    await window.put(1, "b", 20);
    expect(await window.put(0, "a", 15)).toBe(true);
    expect(window.use).toEqual({ budgetBytes: 20, peakBytes: 35, peakFrames: 2 });
    expect(await takeAll(window)).toEqual(["a", "b"]);
  });

  it("takes an item larger than the whole budget", async () => {
    const window = windowOf(0);
    expect(await window.put(0, "a", 1000)).toBe(true);
    const second = window.put(1, "b", 1000);
    expect(await stateOf(second)).toBe("pending");
    expect(await takeAll(window)).toEqual(["a", "b"]);
    expect(window.use.peakBytes).toBe(1000);
  });

  it("counts what was taken until it is let go", async () => {
    const window = windowOf(10);
    await window.put(0, "a", 10);
    await window.ready();
    expect(window.take()).toBe("a");
    const next = window.put(1, "b", 10);
    expect(await stateOf(next)).toBe("pending");
    expect(window.cursor).toBe(0);
    window.advance();
    expect(await stateOf(next)).toBe(true);
    expect(window.use.peakFrames).toBe(1);
  });

  it("gives the room that comes free to the earliest", async () => {
    const window = windowOf(20);
    await window.put(0, "a", 10);
    await window.put(1, "b", 10);
    const late = window.put(9, "j", 10);
    const early = window.put(5, "f", 10);
    await window.ready();
    window.take();
    window.advance();
    expect(await stateOf(early)).toBe(true);
    expect(await stateOf(late)).toBe("pending");
  });

  it("turns away the latest of those that wait", async () => {
    const window = windowOf(0);
    const early = window.put(5, "f", 10);
    const late = window.put(9, "j", 10);
    window.turnAwayLatest();
    expect(await stateOf(late)).toBe(false);
    expect(await stateOf(early)).toBe("pending");
    window.turnAwayLatest();
    expect(await stateOf(early)).toBe(false);
    // None is left: nothing happens.
    window.turnAwayLatest();
  });

  it("ends where it was said to, or where its range does", async () => {
    const window = windowOf(100, 3);
    await window.put(0, "a", 10);
    await window.put(1, "b", 10);
    expect(await takeAll(window)).toEqual(["a", "b"]);
    const ready = window.ready();
    expect(await stateOf(ready)).toBe("pending");
    window.endAt(2);
    expect(await stateOf(ready)).toBeUndefined();
    expect(window.take()).toBeNull();

    const whole = windowOf(100, 0);
    expect(await stateOf(whole.ready())).toBeUndefined();
    expect(whole.take()).toBeNull();
  });

  it("when it is closed turns all away, wakes who waits for the next, and gives out what nobody took", async () => {
    const window = windowOf(20);
    await window.put(0, "a", 10);
    await window.put(1, "b", 10);
    const waiting = window.put(2, "c", 10);
    await window.ready();
    // Whoever took it owns it.
    expect(window.take()).toBe("a");
    expect(window.close()).toEqual(["b"]);
    expect(await stateOf(waiting)).toBe(false);
    expect(await stateOf(window.ready())).toBeUndefined();
    expect(window.take()).toBeNull();
    expect(await window.put(1, "again", 10)).toBe(false);
    expect(window.close()).toEqual([]);

    const empty = windowOf(20);
    const ready = empty.ready();
    expect(await stateOf(ready)).toBe("pending");
    empty.close();
    expect(await stateOf(ready)).toBeUndefined();
  });
});
