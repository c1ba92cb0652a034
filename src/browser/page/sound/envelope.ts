import type { GainPoint } from "../../../core/sound.ts";

/**
 * A level over time. Straight lines between points, in order; two points at one time are a jump, and the second holds from then
 * on. Before the first and after the last it stays as it is there.
 */
export type Envelope = readonly GainPoint[];

/** The side of a jump that is meant. */
type Side = "before" | "from";

/** Where two levels move at once their product is a curve: it is cut into so many straight pieces. */
const CURVE_PIECES = 16;
/** Levels nearer to each other than this are the same. */
const SAME_GAIN = 1e-6;

export function levelAt(envelope: Envelope, seconds: number, side: Side = "from"): number {
  const next: number = firstAfter(envelope, seconds, side);
  const [before, after]: readonly (GainPoint | undefined)[] = [envelope[next - 1], envelope[next]];
  if (!before) return envelope[0]!.gain;
  if (!after) return before.gain;
  return before.gain + ((after.gain - before.gain) * (seconds - before.seconds)) / (after.seconds - before.seconds);
}

/** The first point that comes later; at a jump, those of the side that is not meant count as later or as past. */
function firstAfter(envelope: Envelope, seconds: number, side: Side): number {
  let [low, high] = [0, envelope.length];
  while (low < high) {
    const middle: number = (low + high) >> 1;
    const isLater: boolean = side === "from" ? envelope[middle]!.seconds > seconds : envelope[middle]!.seconds >= seconds;
    if (isLater) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function product(one: Envelope, other: Envelope): Envelope {
  const corners: readonly number[] = [...new Set([...one, ...other].map(({ seconds }) => seconds))].toSorted((a, b) => a - b);
  const at = (seconds: number, side: Side): number => levelAt(one, seconds, side) * levelAt(other, seconds, side);
  const points: GainPoint[] = [];
  for (const [index, seconds] of corners.entries()) {
    points.push({ seconds, gain: at(seconds, "before") }, { seconds, gain: at(seconds, "from") });
    const next: number | undefined = corners[index + 1];
    if (next === undefined || !moves(one, seconds, next) || !moves(other, seconds, next)) continue;
    for (let piece = 1; piece < CURVE_PIECES; piece++) {
      const between: number = seconds + ((next - seconds) * piece) / CURVE_PIECES;
      points.push({ seconds: between, gain: at(between, "from") });
    }
  }
  return simplified(points);
}

/** As much of it as lies between two times, with a point at each. */
export function within(envelope: Envelope, start: number, end: number): Envelope {
  const inside: readonly GainPoint[] = envelope.filter(({ seconds }) => seconds > start && seconds < end);
  return simplified([
    { seconds: start, gain: levelAt(envelope, start) },
    ...inside,
    { seconds: end, gain: levelAt(envelope, end, "before") },
  ]);
}

export function isSilent(envelope: Envelope): boolean {
  return envelope.every(({ gain }) => gain <= 0);
}

/** What a mixer is told of it; nothing where it is 1 throughout. */
export function gainPoints(envelope: Envelope): readonly GainPoint[] {
  if (envelope.some(({ gain }) => gain !== envelope[0]!.gain)) return envelope;
  return envelope[0]?.gain === 1 ? [] : envelope.slice(0, 1);
}

function moves(envelope: Envelope, from: number, to: number): boolean {
  return Math.abs(levelAt(envelope, from) - levelAt(envelope, to, "before")) > SAME_GAIN;
}

/** Leaves out what lies on the line between its neighbours. */
function simplified(points: readonly GainPoint[]): Envelope {
  const kept: GainPoint[] = [];
  for (const point of points) {
    const [before, last] = [kept.at(-2), kept.at(-1)];
    if (last && last.seconds === point.seconds && Math.abs(last.gain - point.gain) <= SAME_GAIN) continue;
    if (before && last && isOnLine(before, last, point)) kept.pop();
    kept.push(point);
  }
  return kept;
}

function isOnLine(before: GainPoint, point: GainPoint, after: GainPoint): boolean {
  if (before.seconds === point.seconds || point.seconds === after.seconds) return false;
  return Math.abs(levelAt([before, after], point.seconds) - point.gain) <= SAME_GAIN;
}
