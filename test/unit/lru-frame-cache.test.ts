import { describe, expect, it } from "vitest";
import type { CachedPicture, FrameCache } from "../../src/core/frame-cache.ts";
import { lruFrameCache } from "../../src/core/lru-frame-cache.ts";
import { Random } from "../support/random.ts";

function picture(byteLength: number, start = 0): CachedPicture {
  return { type: "image/jpeg", data: new Uint8Array(byteLength), start, end: start + 1 };
}

const making = (byteLength: number) => () => Promise.resolve(picture(byteLength));
const never = (): Promise<CachedPicture> => Promise.reject(new Error("it was made again"));

interface Pending {
  readonly promise: Promise<CachedPicture>;
  resolve(picture: CachedPicture): void;
  reject(reason: Error): void;
}

function pending(): Pending {
  let [resolve, reject]: [Pending["resolve"], Pending["reject"]] = [() => {}, () => {}];
  const promise = new Promise<CachedPicture>((onResolved, onRejected) => {
    [resolve, reject] = [onResolved, onRejected];
  });
  return { promise, resolve, reject };
}

describe("the cache of pictures", () => {
  it("makes a picture once, and lets the one go that was asked for longest ago", async () => {
    const cache: FrameCache = lruFrameCache(30);
    for (const key of ["a", "b", "c"]) await cache.get(key, making(10));
    await cache.get("a", never);
    await cache.get("d", making(10));
    await cache.get("a", never);
    await expect(cache.get("b", never)).rejects.toThrow("made again");
    expect(cache.statistics).toEqual({
      ...{ budgetBytes: 30, entries: 3, bytes: 30, peakBytes: 30 },
      ...{ hits: 2, misses: 5, evictions: 1, rejections: 0 },
    });
  });

  it("makes a picture once that is asked for by many at the same time", async () => {
    const cache: FrameCache = lruFrameCache(100);
    const { promise, resolve } = pending();
    const asked: Promise<CachedPicture>[] = [cache.get("a", () => promise), cache.get("a", never), cache.get("a", never)];
    resolve(picture(10, 7));
    expect((await Promise.all(asked)).map(({ start }) => start)).toEqual([7, 7, 7]);
    expect(cache.statistics).toMatchObject({ hits: 2, misses: 1, entries: 1 });
  });

  it("hands on a picture that is larger than all it may hold, and drops nothing for it", async () => {
    const cache: FrameCache = lruFrameCache(10);
    await cache.get("small", making(10));
    expect((await cache.get("large", making(11))).data).toHaveLength(11);
    await cache.get("small", never);
    expect(cache.statistics).toMatchObject({ entries: 1, bytes: 10, peakBytes: 10, rejections: 1, evictions: 0 });
  });

  it("does not keep what failed, and tells all who waited for it", async () => {
    const cache: FrameCache = lruFrameCache(10);
    const { promise, reject } = pending();
    const asked: Promise<CachedPicture>[] = [cache.get("a", () => promise), cache.get("a", never)];
    reject(new Error("no such frame"));
    for (const one of asked) await expect(one).rejects.toThrow("no such frame");
    expect((await cache.get("a", making(3))).data).toHaveLength(3);
  });

  it("keeps nothing of what was asked for before it was emptied", async () => {
    const cache: FrameCache = lruFrameCache(10);
    const { promise, resolve } = pending();
    const late: Promise<CachedPicture> = cache.get("a", () => promise);
    cache.clear();
    resolve(picture(5));
    expect((await late).data).toHaveLength(5);
    expect(cache.statistics).toMatchObject({ entries: 0, bytes: 0, evictions: 0 });
    expect((await cache.get("a", making(6))).data).toHaveLength(6);
  });

  it("holds the bytes of a picture alone, not those of the buffer that it was cut out of", async () => {
    const cache: FrameCache = lruFrameCache(10);
    const whole: Uint8Array = Uint8Array.from({ length: 1000 }, (_, at) => at % 256);
    const { data } = await cache.get("a", () => Promise.resolve({ ...picture(0), data: whole.subarray(300, 304) }));
    expect([...data]).toEqual([44, 45, 46, 47]);
    expect(data.buffer.byteLength).toBe(4);
    const fromPool: Buffer = Buffer.from("pool");
    const second: CachedPicture = await cache.get("b", () => Promise.resolve({ ...picture(0), data: fromPool }));
    expect(second.data.buffer.byteLength).toBe(4);
  });

  it.each([1, 2, 3, 4, 5])("does what a plain list would do, in any order of any sizes (seed %i)", async (seed) => {
    const random = new Random(seed);
    const budget: number = random.whole(1, 200);
    const cache: FrameCache = lruFrameCache(budget);
    const counts = { hits: 0, misses: 0, evictions: 0, rejections: 0, peakBytes: 0 };
    /** Oldest first. */
    let model: { key: string; bytes: number }[] = [];
    const total = (): number => model.reduce((sum, { bytes }) => sum + bytes, 0);
    for (let step = 0; step < 1000; step++) {
      if (random.chance(1)) {
        cache.clear();
        model = [];
      }
      const [key, bytes, fails] = [String(random.whole(0, 30)), random.whole(0, 60), random.chance(10)];
      const known = model.find((one) => one.key === key);
      const got: Promise<CachedPicture> = cache.get(key, fails ? never : making(bytes));
      if (known) {
        counts.hits++;
        model = [...model.filter((one) => one !== known), known];
        expect((await got).data).toHaveLength(known.bytes);
      } else {
        counts.misses++;
        if (fails) await expect(got).rejects.toThrow("made again");
        else {
          expect((await got).data).toHaveLength(bytes);
          if (bytes > budget) counts.rejections++;
          else {
            for (; total() + bytes > budget; counts.evictions++) model.shift();
            model.push({ key, bytes });
          }
        }
      }
      counts.peakBytes = Math.max(counts.peakBytes, total());
      expect(cache.statistics).toEqual({ budgetBytes: budget, entries: model.length, bytes: total(), ...counts });
      expect(total()).toBeLessThanOrEqual(budget);
    }
    expect(counts.evictions).toBeGreaterThan(10);
  });
});
