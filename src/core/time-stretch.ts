/** Samples that a piece moves on by; it overlaps the one after it by as many. */
const HOP = 512;
/** How far a piece may lie from where it should, to fit the one before it. */
const SEARCH = 512;
/** Coarse search looks at every so many places and samples. */
const COARSE = 4;

/** Half a Hann window, rising: with the half that falls it adds up to 1. */
const RISING: Float32Array = Float32Array.from({ length: HOP }, (_, at) => Math.sin((Math.PI * (at + 0.5)) / (2 * HOP)) ** 2);

/**
 * Sound that is faster or slower and as high as it was: pieces of it are laid over one another where they fit best (WSOLA). Two
 * channels, piece by piece.
 */
export class TimeStretch {
  readonly #rate: number;
  #held: readonly [Float32Array, Float32Array] = [new Float32Array(SEARCH), new Float32Array(SEARCH)];
  /** Number of the first sample that is held: before the first there is silence. */
  #base = -SEARCH;
  /** Where in the input the last piece began that was laid; null before the first. */
  #last: number | null = null;
  #pieces = 0;

  /** @param rate seconds of the input that pass in one of the output */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** How many samples come at a time. */
  static readonly hop: number = HOP;

  /** How many input samples the next piece needs. */
  get needed(): number {
    const piece: number = Math.round(this.#pieces * HOP * this.#rate) + SEARCH + 2 * HOP;
    const continued: number = (this.#last ?? 0) + 3 * HOP;
    return Math.max(0, Math.max(piece, continued) - (this.#base + this.#held[0].length));
  }

  push(channels: readonly [Float32Array, Float32Array]): void {
    this.#held = [joined(this.#held[0], channels[0]), joined(this.#held[1], channels[1])];
  }

  /** The next `hop` samples, of which `needed` were pushed. */
  pull(): readonly [Float32Array, Float32Array] {
    const wanted: number = Math.round(this.#pieces * HOP * this.#rate);
    // The first piece is there from its first sample on.
    if (this.#last === null) {
      this.#last = 0;
      this.#pieces = 1;
      return this.#part(0);
    }
    const follows: number = this.#last + HOP;
    const begins: number = this.#fitting(follows, wanted);
    const [before, piece] = [this.#part(follows), this.#part(begins)];
    for (let side = 0; side < 2; side++)
      for (let at = 0; at < HOP; at++) piece[side]![at] = piece[side]![at]! * RISING[at]! + before[side]![at]! * (1 - RISING[at]!);
    this.#last = begins;
    this.#pieces++;
    this.#forget();
    return piece;
  }

  /** Where near `wanted` the input goes on most as it does from `follows` on. */
  #fitting(follows: number, wanted: number): number {
    if (follows === wanted) return wanted;
    let best: number = wanted;
    let likeness = -Infinity;
    const look = (place: number, step: number): void => {
      const found: number = this.#likeness(follows, place, step);
      if (found > likeness) [likeness, best] = [found, place];
    };
    // Where nothing fits better, as in silence, it lies where it should.
    look(wanted, COARSE);
    for (let place = wanted - SEARCH; place <= wanted + SEARCH; place += COARSE) look(place, COARSE);
    const coarse: number = best;
    likeness = -Infinity;
    look(coarse, 1);
    for (let place = Math.max(wanted - SEARCH, coarse - COARSE); place <= Math.min(wanted + SEARCH, coarse + COARSE); place++)
      look(place, 1);
    return best;
  }

  #likeness(one: number, other: number, step: number): number {
    let [product, power] = [0, 1e-9];
    for (const channel of this.#held) {
      const [first, second] = [one - this.#base, other - this.#base];
      for (let at = 0; at < HOP; at += step) {
        const [a, b] = [channel[first + at]!, channel[second + at]!];
        product += a * b;
        power += b * b;
      }
    }
    return product / Math.sqrt(power);
  }

  #part(start: number): readonly [Float32Array, Float32Array] {
    const from: number = start - this.#base;
    return [this.#held[0].slice(from, from + HOP), this.#held[1].slice(from, from + HOP)];
  }

  #forget(): void {
    const next: number = Math.min(Math.round(this.#pieces * HOP * this.#rate) - SEARCH, this.#last! + HOP);
    const unneeded: number = Math.max(0, Math.min(next - this.#base, this.#held[0].length));
    this.#held = [this.#held[0].slice(unneeded), this.#held[1].slice(unneeded)];
    this.#base += unneeded;
  }
}

function joined(one: Float32Array, other: Float32Array): Float32Array {
  const whole = new Float32Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}
