import { describe, expect, it } from "vitest";
import { gainPoints, isSilent, levelAt, product, within, type Envelope } from "../../src/browser/page/sound/envelope.ts";
import { LevelTrack } from "../../src/browser/page/sound/level-track.ts";

const points = (...pairs: readonly (readonly [number, number])[]): Envelope => pairs.map(([seconds, gain]) => ({ seconds, gain }));

describe("a level over time", () => {
  const stepped: Envelope = points([1, 0], [2, 1], [2, 0.5], [3, 0.5]);

  it("goes in straight lines, steps where two points share a time, and stays at its ends", () => {
    for (const [seconds, level] of [
      [0, 0],
      [1.25, 0.25],
      [2, 0.5],
      [2.5, 0.5],
      [9, 0.5],
    ] as const)
      expect(levelAt(stepped, seconds)).toBeCloseTo(level, 9);
    expect(levelAt(stepped, 2, "before")).toBe(1);
  });

  it("multiplies two that move at once, to a thousandth, and keeps the steps of both", () => {
    const both: Envelope = product(stepped, points([0, 1], [4, 0]));
    for (let seconds = 0; seconds < 4; seconds += 0.013)
      expect(Math.abs(levelAt(both, seconds) - levelAt(stepped, seconds) * (1 - seconds / 4))).toBeLessThan(0.001);
    expect(levelAt(both, 2, "before")).toBeCloseTo(0.5, 9);
    expect(levelAt(both, 2)).toBeCloseTo(0.25, 9);
  });

  it("is cut to a stretch, without points that say nothing", () => {
    expect(within(stepped, 1.5, 2.5)).toEqual(points([1.5, 0.5], [2, 1], [2, 0.5], [2.5, 0.5]));
    expect(within(points([0, 1], [1, 1], [2, 1]), 0.5, 1.5)).toEqual(points([0.5, 1], [1.5, 1]));
  });

  it("says nothing to a mixer where it is 1, and one point where it is constant", () => {
    expect(gainPoints(points([0, 1], [1, 1]))).toEqual([]);
    expect(gainPoints(points([0, 0.5], [1, 0.5]))).toEqual(points([0, 0.5]));
    expect(gainPoints(stepped)).toEqual(stepped);
    expect([isSilent(points([0, 0], [1, 0])), isSilent(stepped)]).toEqual([true, false]);
  });
});

describe("the level that scripts give", () => {
  it("joins what changes frame by frame, and steps where nothing changed before", () => {
    const track = new LevelTrack(1, 0.034);
    track.set(0.5, 1);
    track.set(0.4, 1.033);
    track.set(0.4, 1.066);
    track.set(0.9, 2);
    expect(track.envelope).toEqual(points([0, 1], [1, 1], [1, 0.5], [1.033, 0.4], [2, 0.4], [2, 0.9]));
  });

  it("takes the last word of one moment", () => {
    const track = new LevelTrack(1, 0);
    track.set(0, 1);
    track.set(0.7, 1);
    track.set(1, 2);
    track.set(0.7, 2);
    expect(levelAt(track.envelope, 1)).toBe(0.7);
    expect(levelAt(track.envelope, 1, "before")).toBe(1);
    expect(levelAt(track.envelope, 3)).toBe(0.7);
  });
});
