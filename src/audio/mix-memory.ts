import type { SampleRange } from "../core/sample-times.ts";
import { CHANNELS } from "../core/sound.ts";
import type { Mix } from "./finish-mix.ts";

/** Samples of each channel that are worked on at a time. */
const PIECE = 131_072;

/** A mix in the memory of this host: 8 bytes for each sample, 23 MB a minute. */
export class MixMemory implements Mix {
  readonly #samples: Float32Array;

  constructor(sampleCount: number) {
    this.#samples = new Float32Array(sampleCount * CHANNELS);
  }

  get sampleCount(): number {
    return this.#samples.length / CHANNELS;
  }

  pieces(): SampleRange[] {
    const pieces: SampleRange[] = [];
    for (let first = 0; first < this.sampleCount; first += PIECE) pieces.push({ first, end: Math.min(this.sampleCount, first + PIECE) });
    return pieces;
  }

  async read({ first, end }: SampleRange): Promise<Float32Array> {
    return this.#samples.slice(first * CHANNELS, end * CHANNELS);
  }

  async write(first: number, samples: Float32Array): Promise<void> {
    this.#samples.set(samples, first * CHANNELS);
  }

  /** Adds samples to those that are there, as far as they lie in the mix. */
  add(first: number, samples: Float32Array): void {
    const offset: number = first * CHANNELS;
    const end: number = Math.min(samples.length, this.#samples.length - offset);
    for (let at = Math.max(0, -offset); at < end; at++) if (Number.isFinite(samples[at])) this.#samples[offset + at]! += samples[at]!;
  }
}
