import { SAMPLE_RATE, type GainPoint } from "./sound.ts";

/** Seconds that sums of times are off by, and no more: far less than a sample. */
const ROUNDING = 1e-9;

/**
 * Brings samples to the levels of a clip, each to that of its own time. Where two points share a time, the level steps from
 * the one to the other.
 *
 * @param samples All channels in turn; changed in place
 * @param first The first of them, counted from the beginning of the video
 */
export function applyLevels(samples: Float32Array, channels: number, first: number, points: readonly GainPoint[]): void {
  if (points.every(({ gain }) => gain === 1)) return;
  let next = 0;
  for (let at = 0; at < samples.length; at += channels) {
    const seconds: number = (first + at / channels) / SAMPLE_RATE;
    while (next < points.length && points[next]!.seconds <= seconds + ROUNDING) next++;
    const gain: number = levelBetween(points[next - 1], points[next], seconds);
    for (let channel = 0; channel < channels; channel++) samples[at + channel]! *= gain;
  }
}

function levelBetween(before: GainPoint | undefined, after: GainPoint | undefined, seconds: number): number {
  if (before === undefined) return after!.gain;
  if (after === undefined) return before.gain;
  const passed: number = Math.max(0, (seconds - before.seconds) / (after.seconds - before.seconds));
  return before.gain + (after.gain - before.gain) * passed;
}

/** Whether nothing is heard at these levels. */
export function isMuted(points: readonly GainPoint[]): boolean {
  return points.length > 0 && points.every(({ gain }) => gain === 0);
}
