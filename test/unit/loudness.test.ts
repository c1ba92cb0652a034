import { describe, expect, it } from "vitest";
import { loudnessMeter, truePeakMeter } from "../../src/core/loudness.ts";

const RATE = 48_000;

/** A tone of 1 kHz on both sides at each of these levels, in dB below full scale, for so many seconds. */
function tones(stretches: readonly (readonly [decibels: number, seconds: number])[]): Float32Array[] {
  return stretches.map(([decibels, seconds]) => {
    const samples = new Float32Array(seconds * RATE * 2);
    for (let at = 0; at < samples.length; at++) samples[at] = 10 ** (decibels / 20) * Math.sin((2 * Math.PI * 1000 * (at >> 1)) / RATE);
    return samples;
  });
}

function loudnessOf(pieces: readonly Float32Array[]): number | null {
  const meter = loudnessMeter();
  for (const piece of pieces) meter.add(piece);
  return meter.loudness();
}

describe("the loudness meter", () => {
  // Cases 1 to 5 of EBU Tech 3341.
  it.each([
    { levels: [[-23, 20]], lufs: -23 },
    { levels: [[-33, 20]], lufs: -33 },
    {
      levels: [
        [-36, 10],
        [-23, 60],
        [-36, 10],
      ],
      lufs: -23,
    },
    {
      levels: [
        [-72, 10],
        [-36, 10],
        [-23, 60],
        [-36, 10],
        [-72, 10],
      ],
      lufs: -23,
    },
    {
      levels: [
        [-26, 20],
        [-20, 20.1],
        [-26, 20],
      ],
      lufs: -23,
    },
  ] as const)("gives $lufs LUFS for $levels", ({ levels, lufs }) => {
    expect(Math.abs(loudnessOf(tones(levels))! - lufs)).toBeLessThan(0.1);
  });

  it("gives the same in whatever pieces the sound comes", () => {
    const [whole] = tones([[-20, 2]]);
    const pieces: Float32Array[] = [];
    for (let at = 0; at < whole!.length; at += 7_002) pieces.push(whole!.slice(at, at + 7_002));
    expect(loudnessOf(pieces)).toBe(loudnessOf([whole!]));
  });

  it("gives none for silence, for less than 0.4 seconds and for no sound at all", () => {
    expect(loudnessOf([new Float32Array(RATE * 2)])).toBeNull();
    expect(loudnessOf(tones([[-20, 0.39]]))).toBeNull();
    expect(loudnessOf([])).toBeNull();
  });

  it("gives the largest sample", () => {
    const meter = loudnessMeter();
    meter.add(new Float32Array([0.25, -1.5, 0.5, 0]));
    meter.add(new Float32Array([0.5, 1]));
    expect(meter.peak).toBe(1.5);
  });
});

describe("the true peak meter", () => {
  it.each([RATE / 4, RATE / 6, 997])("finds the peak of a tone of %d Hz that lies between its samples", (frequency) => {
    const meter = truePeakMeter();
    const samples = new Float32Array(RATE / 5);
    for (let at = 0; at < samples.length; at++) samples[at] = 0.5 * Math.sin((2 * Math.PI * frequency * (at >> 1)) / RATE + Math.PI / 4);
    for (let at = 0; at < samples.length; at += 1_234) meter.add(samples.slice(at, at + 1_234));
    expect(Math.abs(20 * Math.log10(meter.truePeak / 0.5))).toBeLessThan(0.3);
  });

  it("finds a peak at the very end, and on either side", () => {
    for (const last of [
      [0.75, 0],
      [0, -0.75],
    ]) {
      const meter = truePeakMeter();
      meter.add(new Float32Array([...Array.from({ length: 40 }, () => 0), ...last]));
      expect(meter.truePeak).toBeCloseTo(0.75, 6);
    }
  });
});
