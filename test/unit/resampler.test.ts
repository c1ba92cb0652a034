import { describe, expect, it } from "vitest";
import { Resampler } from "../../src/core/resampler.ts";
import { TimeStretch } from "../../src/core/time-stretch.ts";

const RATE = 48_000;

function tone(length: number, hertz: number, sampleRate: number): Float32Array {
  return Float32Array.from({ length }, (_, at) => Math.sin((2 * Math.PI * hertz * at) / sampleRate));
}

/** Feeds it in pieces of odd lengths. */
function resampled(input: Float32Array, from: number, count: number): Float32Array {
  const resampler = new Resampler(from / RATE);
  const made: number[] = [];
  let at = 0;
  while (made.length < count) {
    const piece: number = Math.min(977, count - made.length);
    const needed: number = resampler.needed(piece);
    const fed = new Float32Array(needed);
    fed.set(input.subarray(at, at + needed));
    resampler.push(fed);
    at += needed;
    made.push(...resampler.pull(piece));
  }
  return Float32Array.from(made);
}

function power(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
}

describe("sound at another rate", () => {
  it.each([
    [44_100, 1_000],
    [44_100, 18_000],
    [96_000, 20_000],
    [22_050, 5_000],
    [8_000, 440],
  ])("of %s samples a second has a tone of %s Hz in its place, 85 dB above what is wrong", (from, hertz) => {
    const made: Float32Array = resampled(tone(from, hertz, from), from, RATE).subarray(2_000, 44_000);
    const wanted: Float32Array = tone(RATE, hertz, RATE).subarray(2_000, 44_000);
    const wrong: number = power(made.map((sample, at) => sample - wanted[at]!));
    expect(10 * Math.log10(wrong / power(wanted))).toBeLessThan(-85);
  });

  it("loses what the lower rate cannot hold, and leaves the same rate as it is", () => {
    expect(10 * Math.log10(power(resampled(tone(96_000, 30_000, 96_000), 96_000, RATE).subarray(2_000, 44_000)))).toBeLessThan(-85);
    const same: Float32Array = tone(RATE, 300, RATE);
    expect(resampled(same, RATE, RATE)).toEqual(same);
  });
});

describe("sound that is as high at another speed", () => {
  it.each([0.1, 0.5, 0.9, 1.5, 2, 5])("keeps pitch and level at a rate of %s, without a jump", (rate) => {
    const stretch = new TimeStretch(rate);
    const input: Float32Array = tone(Math.ceil(RATE * 2 * rate) + 10_000, 440, RATE);
    const made: number[] = [];
    let at = 0;
    while (made.length < 2 * RATE) {
      const { needed } = stretch;
      const fed = new Float32Array(needed);
      fed.set(input.subarray(at, at + needed));
      at += needed;
      stretch.push([fed, fed]);
      const [left, right] = stretch.pull();
      expect(right).toEqual(left);
      made.push(...left);
    }
    const whole: Float32Array = Float32Array.from(made.slice(0, 2 * RATE));
    const rises: number[] = [];
    for (let sample = 1; sample < whole.length; sample++) if (whole[sample - 1]! < 0 && whole[sample]! >= 0) rises.push(sample);
    expect(((rises.length - 1) * RATE) / (rises.at(-1)! - rises[0]!)).toBeCloseTo(440, 0);
    expect(10 * Math.log10(power(whole) * 2)).toBeCloseTo(0, 1);
    const steepest: number = (2 * Math.PI * 440) / RATE;
    for (let sample = 1; sample < whole.length; sample++)
      if (Math.abs(whole[sample]! - whole[sample - 1]!) > steepest * 1.2) expect.fail(`a jump at sample ${sample}`);
  });
});
