import { CHANNELS, SAMPLE_RATE } from "./sound.ts";

/** Listens to a sound of 48,000 samples a second, left and right in turn, piece by piece. */
export interface LoudnessMeter {
  add(samples: Float32Array): void;
  /** Integrated loudness in LUFS by EBU R 128 (ITU-R BS.1770-4); null of silence, and of less than 0.4 seconds. */
  loudness(): number | null;
  /** The largest sample. */
  readonly peak: number;
}

/** A filter of second order: what it does to the last three values in, and to the last two out. */
interface Biquad {
  readonly b: readonly [number, number, number];
  readonly a: readonly [number, number];
}

/** The K weighting of BS.1770 at 48,000 samples a second, as it prints it: a high shelf, then a high pass. */
const SHELF: Biquad = { b: [1.53512485958697, -2.69169618940638, 1.19839281085285], a: [-1.69065929318241, 0.73248077421585] };
const HIGH_PASS: Biquad = { b: [1, -2, 1], a: [-1.99004745483398, 0.99007225036621] };

/** Blocks of 400 ms begin every 100 ms. */
const STEP: number = SAMPLE_RATE / 10;
const STEPS_A_BLOCK = 4;
const OFFSET_LUFS = -0.691;
const ABSOLUTE_GATE_LUFS = -70;
const RELATIVE_GATE_LU = 10;
/** Filters that fade out in silence come to numbers that processors are slow with. */
const INAUDIBLE = 1e-30;

export function loudnessMeter(): LoudnessMeter {
  /** Of each step, the squares of both channels. */
  const energies: number[] = [];
  const weightings = Array.from({ length: CHANNELS }, () => [biquad(SHELF), biquad(HIGH_PASS)] as const);
  let [energy, inStep, peak] = [0, 0, 0];
  return {
    add(samples) {
      for (let at = 0; at < samples.length; at += CHANNELS) {
        for (let channel = 0; channel < CHANNELS; channel++) {
          const sample: number = samples[at + channel]!;
          const [shelf, highPass] = weightings[channel]!;
          const weighted: number = highPass(shelf(sample));
          energy += weighted * weighted;
          if (Math.abs(sample) > peak) peak = Math.abs(sample);
        }
        if (++inStep < STEP) continue;
        energies.push(energy);
        [energy, inStep] = [0, 0];
      }
    },
    loudness: () => integrated(blocksOf(energies)),
    get peak() {
      return peak;
    },
  };
}

function biquad({ b: [b0, b1, b2], a: [a1, a2] }: Biquad): (value: number) => number {
  let [first, second] = [0, 0];
  return (value) => {
    const result: number = b0 * value + first;
    first = b1 * value - a1 * result + second;
    second = b2 * value - a2 * result;
    if (Math.abs(first) < INAUDIBLE) first = 0;
    if (Math.abs(second) < INAUDIBLE) second = 0;
    return result;
  };
}

/** Mean energy of each block. */
function blocksOf(energies: readonly number[]): number[] {
  const blocks: number[] = [];
  for (let end = STEPS_A_BLOCK; end <= energies.length; end++) {
    const sum: number = energies.slice(end - STEPS_A_BLOCK, end).reduce((total, one) => total + one, 0);
    blocks.push(sum / (STEP * STEPS_A_BLOCK));
  }
  return blocks;
}

function integrated(blocks: readonly number[]): number | null {
  const heard: readonly number[] = blocks.filter((energy) => lufsOf(energy) > ABSOLUTE_GATE_LUFS);
  if (heard.length === 0) return null;
  const gate: number = lufsOf(mean(heard)) - RELATIVE_GATE_LU;
  return lufsOf(mean(heard.filter((energy) => lufsOf(energy) > gate)));
}

function mean(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0) / values.length;
}

function lufsOf(energy: number): number {
  return OFFSET_LUFS + 10 * Math.log10(energy);
}

/** The largest value that a sound of two channels comes to between its samples too, once it is played. */
export interface TruePeakMeter {
  add(samples: Float32Array): void;
  readonly truePeak: number;
}

const TAPS = 32;
/** Values are looked at a quarter of a sample apart, as BS.1770 does: those between the samples, by a windowed sinc. */
const PHASES: readonly Float64Array[] = [1 / 4, 2 / 4, 3 / 4].map((phase) =>
  Float64Array.from({ length: TAPS }, (_, tap) => {
    const distance: number = tap - (TAPS / 2 - 1) - phase;
    const sinc: number = Math.sin(Math.PI * distance) / (Math.PI * distance);
    return sinc * Math.cos((Math.PI * distance) / TAPS) ** 2;
  }),
);

export function truePeakMeter(): TruePeakMeter {
  /** The end of the piece before: what the filter reaches back to. */
  let before = new Float32Array((TAPS - 1) * CHANNELS);
  let truePeak = 0;
  return {
    add(samples) {
      const all = new Float32Array(before.length + samples.length);
      all.set(before);
      all.set(samples, before.length);
      for (let at = 0; at < samples.length; at++) truePeak = Math.max(truePeak, peakNear(all, at));
      before = all.slice(all.length - before.length);
    },
    get truePeak() {
      return truePeak;
    },
  };
}

/** Of as many samples of one channel as the filter has taps. */
function peakNear(samples: Float32Array, first: number): number {
  let peak: number = Math.abs(samples[first + (TAPS - 1) * CHANNELS]!);
  for (const taps of PHASES) {
    let value = 0;
    for (let tap = 0; tap < TAPS; tap++) value += samples[first + tap * CHANNELS]! * taps[tap]!;
    if (Math.abs(value) > peak) peak = Math.abs(value);
  }
  return peak;
}
