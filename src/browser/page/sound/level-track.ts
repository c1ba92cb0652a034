import type { GainPoint } from "../../../core/sound.ts";
import type { Envelope } from "./envelope.ts";

/** The level that scripts give an element, as it was over time. */
export class LevelTrack {
  readonly #points: GainPoint[];
  /** Changes that follow one another within so many seconds are one movement; others are jumps. */
  readonly #joinsWithin: number;
  #level: number;
  #changedAt = -Infinity;

  /** @param joinsWithin 0 where every change is a jump */
  constructor(level: number, joinsWithin: number) {
    this.#level = level;
    this.#joinsWithin = joinsWithin;
    this.#points = [{ seconds: 0, gain: level }];
  }

  get envelope(): Envelope {
    return this.#points;
  }

  set(level: number, seconds: number): void {
    if (level === this.#level) return;
    const last: GainPoint = this.#points.at(-1)!;
    // Within one moment only the last word counts.
    if (last.seconds === seconds) this.#points.pop();
    const passed: number = seconds - this.#changedAt;
    if (passed > this.#joinsWithin) this.#points.push({ seconds, gain: this.#level });
    this.#points.push({ seconds, gain: level });
    this.#level = level;
    this.#changedAt = seconds;
  }
}
