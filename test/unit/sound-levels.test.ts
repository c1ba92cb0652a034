import { describe, expect, it } from "vitest";
import { applyLevels, isMuted } from "../../src/core/sound-levels.ts";
import type { GainPoint } from "../../src/core/sound.ts";

const RATE = 48_000;

/** What samples of 1 become at these levels, of which the first is heard at `start` seconds. */
function levels(points: readonly GainPoint[], start: number, length: number): Float32Array {
  const samples = new Float32Array(length * 2).fill(1);
  applyLevels(samples, 2, start * RATE, points);
  expect(samples.filter((_, at) => at % 2 === 1)).toEqual(samples.filter((_, at) => at % 2 === 0));
  return samples.filter((_, at) => at % 2 === 0);
}

describe("the levels of a clip", () => {
  it("are full where there are no points", () => {
    expect(levels([], 3, 4)).toEqual(new Float32Array([1, 1, 1, 1]));
  });

  it("are those of the first point before it, and of the last behind it", () => {
    const points = [
      { seconds: 2, gain: 0.25 },
      { seconds: 3, gain: 0.75 },
    ];
    expect(levels(points, 0, 2)).toEqual(new Float32Array([0.25, 0.25]));
    expect(levels(points, 3, 2)).toEqual(new Float32Array([0.75, 0.75]));
    expect(levels(points, 60, 1)).toEqual(new Float32Array([0.75]));
  });

  it("go in a straight line between two points, sample by sample", () => {
    const points = [
      { seconds: 1, gain: 0 },
      { seconds: 1 + 8 / RATE, gain: 2 },
    ];
    const line = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2];
    for (const [at, gain] of levels(points, 1, 10).entries()) expect(gain).toBeCloseTo(line[at]!, 6);
  });

  it("are the same whichever piece of the clip they are worked out for", () => {
    const points = [0, 0.3, 0.3, 0.7].map((seconds, at) => ({ seconds, gain: [1, 0.2, 0.9, 0]![at]! }));
    const whole: Float32Array = levels(points, 0, RATE);
    for (const first of [0, 5_000, 14_399, 14_400, 14_401, 33_599, 33_600, 40_000])
      expect(levels(points, first / RATE, 2_000)).toEqual(whole.slice(first, first + 2_000));
  });

  it("step at the sample of a time that two points share, also where sums of times are off by their last digit", () => {
    for (const seconds of [1.1, 0.1 + 0.2, 0.7 + 0.1]) {
      const points = [
        { seconds, gain: 0.5 },
        { seconds, gain: 0.125 },
      ];
      const step: number = Math.round(seconds * RATE);
      expect(levels(points, (step - 2) / RATE, 4)).toEqual(new Float32Array([0.5, 0.5, 0.125, 0.125]));
    }
  });

  it("are muted where every one is 0", () => {
    expect(isMuted([])).toBe(false);
    expect(isMuted([{ seconds: 1, gain: 0 }])).toBe(true);
    expect(
      isMuted([
        { seconds: 1, gain: 0 },
        { seconds: 2, gain: 0.1 },
      ]),
    ).toBe(false);
  });
});
