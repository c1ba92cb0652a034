/** Input samples on each side that an output sample is made of, at least. */
const REACH = 24;
/** Rows of the table for each input sample; between two of them weights go in a straight line. */
const ROWS = 512;
/** Of the lower of both rates, what is kept: what lies above would come back as a wrong tone. */
const KEPT = 0.96;
/** Shape of the Kaiser window: what is suppressed is 90 dB lower. */
const BETA = 9;

/**
 * Sound at another rate, by a windowed sinc. One channel, piece by piece; the first sample in is heard with the first sample out.
 */
export class Resampler {
  readonly #step: number;
  readonly #reach: number;
  readonly #weights: Float32Array;
  /** What may still be needed; its first sample is number `#base` of the input. */
  #held: Float32Array;
  #base: number;
  #made = 0;

  /** @param step input samples for each output sample */
  constructor(step: number) {
    this.#step = step;
    const cutoff: number = KEPT * Math.min(1, 1 / step);
    this.#reach = Math.ceil(REACH / Math.min(1, 1 / step));
    this.#weights = step === 1 ? new Float32Array(0) : weightsFor(cutoff, this.#reach);
    // Before the first there is silence.
    this.#held = new Float32Array(this.#reach);
    this.#base = -this.#reach;
  }

  /** How many input samples are needed to make so many more. */
  needed(count: number): number {
    const last: number = this.#step === 1 ? this.#made + count : Math.ceil((this.#made + count - 1) * this.#step) + this.#reach + 1;
    return Math.max(0, last - (this.#base + this.#held.length));
  }

  push(samples: Float32Array): void {
    const joined = new Float32Array(this.#held.length + samples.length);
    joined.set(this.#held);
    joined.set(samples, this.#held.length);
    this.#held = joined;
  }

  /** The next so many, of which `needed` were pushed. */
  pull(count: number): Float32Array {
    const made = new Float32Array(count);
    for (let at = 0; at < count; at++) made[at] = this.#sample((this.#made + at) * this.#step - this.#base);
    this.#made += count;
    const unneeded: number = Math.max(0, Math.min(this.#held.length, Math.floor(this.#made * this.#step) - this.#reach - this.#base));
    this.#held = this.#held.slice(unneeded);
    this.#base += unneeded;
    return made;
  }

  #sample(position: number): number {
    if (this.#step === 1) return this.#held[position]!;
    const nearest: number = Math.floor(position);
    let sum = 0;
    for (let at = Math.max(0, nearest - this.#reach + 1); at <= nearest + this.#reach; at++) {
      const row: number = Math.abs(position - at) * ROWS;
      const index: number = Math.floor(row);
      const weight: number = this.#weights[index]! + (this.#weights[index + 1]! - this.#weights[index]!) * (row - index);
      sum += this.#held[at]! * weight;
    }
    return sum;
  }
}

/** One side of the curve, for distances up to the reach. */
function weightsFor(cutoff: number, reach: number): Float32Array {
  return Float32Array.from({ length: (reach + 1) * ROWS + 2 }, (_, row) => {
    const distance: number = row / ROWS;
    if (distance >= reach) return 0;
    const angle: number = Math.PI * distance * cutoff;
    const sinc: number = angle === 0 ? 1 : Math.sin(angle) / angle;
    return cutoff * sinc * (bessel(BETA * Math.sqrt(1 - (distance / reach) ** 2)) / bessel(BETA));
  });
}

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
