import { describe, expect, it, vi } from "vitest";
import { DecoderPool, type DecoderPlace } from "../../src/ffmpeg/decoder-pool.ts";

const MEGABYTE = 1_000_000;

/** Decoders of a megabyte each, by name, in the order in which they began. */
function decodersIn(pool: DecoderPool) {
  const began: string[] = [];
  const told: string[] = [];
  return {
    began,
    told,
    add(name: string, isNeeded: boolean, signal: AbortSignal = new AbortController().signal): DecoderPlace {
      const place: DecoderPlace = pool.add({ memoryBytes: MEGABYTE, isNeeded, signal, finish: () => told.push(name) });
      place.turn.then(
        () => began.push(name),
        () => {},
      );
      return place;
    },
  };
}

describe("the places of decoders", () => {
  it("go to what is needed before what is decoded ahead, which never takes the last start", async () => {
    const pool = new DecoderPool(2, 100 * MEGABYTE);
    const { add, began } = decodersIn(pool);
    const first = add("ahead 1", false);
    add("ahead 2", false);
    const late = add("ahead 3", false);
    add("needed 1", true);
    add("needed 2", true);
    late.use();
    await vi.waitFor(() => expect(began).toEqual(["ahead 1", "needed 1"]));
    first.rest();
    await vi.waitFor(() => expect(began).toEqual(["ahead 1", "needed 1", "ahead 3"]));
    late.leave();
    await vi.waitFor(() => expect(began).toEqual(["ahead 1", "needed 1", "ahead 3", "needed 2"]));
  });

  it("are as many as memory bears, and who needs one has the one finish that was used longest ago", async () => {
    const pool = new DecoderPool(2, 3 * MEGABYTE);
    const { add, began, told } = decodersIn(pool);
    const [one, two, three] = ["one", "two", "three"].map((name) => {
      const place = add(name, true);
      place.rest();
      return place;
    });
    one!.use();
    const ahead = add("ahead", false);
    await vi.waitFor(() => expect(began).toHaveLength(3));
    expect(told).toEqual([]);
    const next = add("next", true);
    add("last", true);
    // One after the other: the first may make room for all.
    expect(told).toEqual(["two"]);
    two!.leave();
    await vi.waitFor(() => expect(began.slice(3)).toEqual(["next"]));
    expect(told).toEqual(["two", "three"]);
    next.leave();
    three!.leave();
    await vi.waitFor(() => expect(began.slice(3)).toEqual(["next", "last", "ahead"]));
    ahead.leave();
    expect(pool.size).toBe(2);
  });

  it("are handed on by one that is left behind, to what starts ahead too", async () => {
    const pool = new DecoderPool(2, 2 * MEGABYTE);
    const { add, told } = decodersIn(pool);
    for (const name of ["left", "used"]) add(name, true).rest();
    const used = add("again", true);
    used.leave();
    add("ahead", false);
    expect(told).toEqual(["left"]);
  });

  it("are given to one that takes more than there is, where nobody else is alive", async () => {
    const pool = new DecoderPool(2, MEGABYTE / 2);
    const { add, began } = decodersIn(pool);
    add("large", true);
    await vi.waitFor(() => expect(began).toEqual(["large"]));
  });

  it("are taken back before their turn by the signal, and kept after it", async () => {
    const pool = new DecoderPool(2, MEGABYTE);
    const { add, began } = decodersIn(pool);
    const controller = new AbortController();
    const alive = add("alive", true, controller.signal);
    const waiting = add("waiting", true, controller.signal);
    const after = add("after", true);
    controller.abort(new Error("not any more"));
    await expect(waiting.turn).rejects.toThrow("not any more");
    await expect(alive.turn).resolves.toBeUndefined();
    expect(pool.size).toBe(2);
    alive.leave();
    alive.leave();
    await after.turn;
    expect(began).toEqual(["alive", "after"]);
    await expect(add("too late", true, controller.signal).turn).rejects.toThrow("not any more");
  });
});
