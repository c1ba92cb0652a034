import { describe, expect, it } from "vitest";
import { FrameBlocks, type FrameBlock } from "../../src/core/pipeline/frame-blocks.ts";

function block(start: number, end: number, wasLost = false): FrameBlock {
  return { start, end, wasLost };
}

/** What it gives by now. */
async function stateOf(next: Promise<FrameBlock | null>): Promise<FrameBlock | null | "waits"> {
  return Promise.race([next, Promise.resolve("waits" as const)]);
}

describe("the blocks of a range", () => {
  it("are handed out in rising order, the last one shorter, and then no more", async () => {
    const blocks = new FrameBlocks({ start: 3, end: 10 }, 3);
    const taken = [await blocks.next(), await blocks.next(), await blocks.next()];
    expect(taken).toEqual([block(3, 6), block(6, 9), block(9, 10)]);
    for (const { end } of taken.map((one) => one!)) blocks.handIn(block(end, end));
    expect(await stateOf(blocks.next())).toBeNull();
  });

  it("may be one, whose end nobody knows", async () => {
    const blocks = new FrameBlocks({ start: 0, end: Infinity }, Infinity);
    expect(await blocks.next()).toEqual(block(0, Infinity));
  });

  it("come back before those that were never out, the earliest first", async () => {
    const blocks = new FrameBlocks({ start: 0, end: 12 }, 3);
    await blocks.next();
    await blocks.next();
    blocks.handIn(block(4, 6));
    blocks.handIn(block(1, 3, true));
    expect([0, 1, 3, 4, 6].map((index) => blocks.isUnclaimed(index))).toEqual([false, true, false, true, false]);
    expect(await blocks.next()).toEqual(block(1, 3, true));
    expect(blocks.isUnclaimed(1)).toBe(false);
    expect(await blocks.next()).toEqual(block(4, 6));
    expect(await blocks.next()).toEqual(block(6, 9));
  });

  it("may come back to whoever has nothing left to do", async () => {
    const blocks = new FrameBlocks({ start: 0, end: 4 }, 4);
    await blocks.next();
    const idle = [blocks.next(), blocks.next()];
    expect(await stateOf(idle[0]!)).toBe("waits");
    blocks.handIn(block(2, 4, true));
    expect(await stateOf(idle[0]!)).toEqual(block(2, 4, true));
    expect(blocks.isUnclaimed(2)).toBe(false);
    expect(await stateOf(idle[1]!)).toBe("waits");
    blocks.handIn(block(4, 4, true));
    expect(await stateOf(idle[1]!)).toBeNull();
  });

  it("keep nobody waiting when they are closed", async () => {
    const blocks = new FrameBlocks({ start: 0, end: 8 }, 8);
    await blocks.next();
    const idle = blocks.next();
    expect(await stateOf(idle)).toBe("waits");
    blocks.close();
    expect(await stateOf(idle)).toBeNull();
    blocks.handIn(block(4, 8));
    expect(await stateOf(blocks.next())).toBeNull();
  });
});
