import { describe, expect, it } from "vitest";
import { loopedRanges, rangeOf, samplesAt } from "../../src/core/sample-times.ts";

describe("times and samples", () => {
  it("meet at the nearest sample", () => {
    expect([0, 1, 0.5, 1001 / 30_000, 3600].map(samplesAt)).toEqual([0, 48_000, 24_000, 1602, 172_800_000]);
    expect(samplesAt(-0.0065)).toBe(-312);
  });

  it("leave neither gap nor overlap between clips that follow one another", () => {
    const frame: number = 1001 / 30_000;
    for (let index = 0; index < 2000; index++) {
      const { end } = rangeOf({ start: index * frame, duration: frame });
      expect(rangeOf({ start: (index + 1) * frame, duration: frame }).first).toBe(end);
    }
  });

  it("go on at the beginning of a loop when its end has been heard", () => {
    expect(loopedRanges({ first: 5, end: 25 }, null)).toEqual([{ first: 5, end: 25 }]);
    expect(loopedRanges({ first: 8, end: 21 }, { first: 2, end: 10 })).toEqual([
      { first: 8, end: 10 },
      { first: 2, end: 10 },
      { first: 2, end: 5 },
    ]);
  });

  it("are found in a loop however far on a range begins, and before it as well", () => {
    expect(loopedRanges({ first: 10, end: 12 }, { first: 2, end: 10 })).toEqual([{ first: 2, end: 4 }]);
    expect(loopedRanges({ first: 8_000_005, end: 8_000_007 }, { first: 2, end: 10 })).toEqual([{ first: 5, end: 7 }]);
    expect(loopedRanges({ first: 0, end: 3 }, { first: 2, end: 10 })).toEqual([{ first: 0, end: 3 }]);
  });

  it("do not loop in a loop without length", () => {
    expect(loopedRanges({ first: 1, end: 9 }, { first: 4, end: 4 })).toEqual([{ first: 1, end: 9 }]);
  });
});
