import { describe, expect, it } from "vitest";
import { tempoFilters } from "../../src/audio/tempo-filters.ts";

const factors = (rate: number): number[] => tempoFilters(rate, true).map((filter) => Number(filter.replace("atempo=", "")));

describe("the filters of another rate", () => {
  it.each([0.1, 0.25, 0.5, 0.51, 0.75, 0.999, 1.001, 1.25, 2, 2.01, 3, 4, 5])(
    "make %d of factors that every ffmpeg takes, and does well",
    (rate) => {
      const all: readonly number[] = factors(rate);
      expect(all.reduce((product, one) => product * one, 1)).toBeCloseTo(rate, 9);
      for (const one of all) expect(one >= 0.5 && one <= 2).toBe(true);
    },
  );

  it("are no more than needed", () => {
    expect([0.5, 2, 0.25, 4, 5, 0.1].map((rate) => factors(rate).length)).toEqual([1, 1, 2, 2, 3, 4]);
  });

  it("let the pitch follow where it shall, at whole rates that are exact to the millionth", () => {
    expect(tempoFilters(0.5, false)).toEqual(["asetrate=500000", "aresample=1000000", "asetrate=48000"]);
    expect(tempoFilters(1 / 3, false)[0]).toBe("asetrate=333333");
  });
});
