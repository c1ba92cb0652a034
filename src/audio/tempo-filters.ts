import { describeRange, isWithinRange, ranges } from "../core/ranges.ts";
import { SAMPLE_RATE } from "../core/sound.ts";

/** What one `atempo` does well: it drops sound above the one, and builds before 4.1 refuse it; below the other all refuse. */
const FASTEST = 2;
const SLOWEST = 0.5;
/** Rates are whole numbers in ffmpeg: so many a second keep one that is no round number exact to the millionth. */
const FINE_RATE = 1_000_000;

/**
 * ffmpeg's filters that play sound of 48,000 samples a second at another rate, and give as many samples a second again.
 *
 * @throws RangeError for a rate that mixers do not play: a large one would make filters without end
 */
export function tempoFilters(playbackRate: number, preservesPitch: boolean): string[] {
  if (!isWithinRange(playbackRate, ranges.playbackRate))
    throw new RangeError(`The playback rate ${String(playbackRate)} is not from ${describeRange(ranges.playbackRate)}`);
  if (!preservesPitch) return [`asetrate=${Math.round(playbackRate * FINE_RATE)}`, `aresample=${FINE_RATE}`, `asetrate=${SAMPLE_RATE}`];
  const limit: number = Math.log(playbackRate > 1 ? FASTEST : SLOWEST);
  // One more than is needed does no harm where a logarithm is off by its last digit.
  const stages: number = Math.max(1, Math.ceil(Math.log(playbackRate) / limit - 1e-9));
  const factor: number = Math.min(FASTEST, Math.max(SLOWEST, playbackRate ** (1 / stages)));
  return Array.from({ length: stages }, () => `atempo=${factor.toFixed(12)}`);
}
