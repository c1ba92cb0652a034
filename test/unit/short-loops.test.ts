import { describe, expect, it, vi } from "vitest";
import { pcmFrom, type Pcm } from "../../src/audio/pcm-file.ts";
import type { SampleRange } from "../../src/core/sample-times.ts";

/** Each sample is its own number. */
function counting(): Pcm & { readonly reads: SampleRange[] } {
  const reads: SampleRange[] = [];
  return {
    reads,
    async read(range) {
      reads.push(range);
      return Float32Array.from({ length: (range.end - range.first) * 2 }, (_, at) => range.first + Math.floor(at / 2));
    },
  };
}

async function heard(from: number, loop: SampleRange, range: SampleRange): Promise<number[]> {
  const floats = await pcmFrom(counting(), from, loop).read(range);
  return [...floats.filter((_, at) => at % 2 === 0)];
}

describe("a loop", () => {
  it.each([
    [0, { first: 0, end: 3 }, { first: 0, end: 7 }, [0, 1, 2, 0, 1, 2, 0]],
    [1, { first: 1, end: 3 }, { first: 0, end: 5 }, [1, 2, 1, 2, 1]],
    [0, { first: 2, end: 5 }, { first: 4, end: 9 }, [4, 2, 3, 4, 2]],
    [10, { first: 2, end: 5 }, { first: 0, end: 4 }, [4, 2, 3, 4]],
    [0, { first: 0, end: 5 }, { first: 1, end: 4 }, [1, 2, 3]],
  ])("from sample %d in %j gives %j", async (from, loop, range, samples) => {
    expect(await heard(from, loop, range)).toEqual(samples);
  });

  it("of one sample is read once", async () => {
    const sound = counting();
    const looped: Pcm = pcmFrom(sound, 0, { first: 0, end: 1 });
    const read = vi.spyOn(sound, "read");
    for (let first = 0; first < 1_000_000; first += 100_000) await looped.read({ first, end: first + 100_000 });
    expect(read.mock.calls.length).toBeLessThanOrEqual(2);
  });
});
