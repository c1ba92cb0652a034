import type { VideoFacts } from "./media.ts";

/** Time stamps are rounded to ticks of their file, half of one late; ticks that are longer than this are those of frames. */
const LONGEST_DELAY_SECONDS = 0.001;
/** What adding up loses. */
const ROUNDING_SECONDS = 0.000001;

/** A frame may begin so many seconds after the time at which it is to be shown. */
export function lateBySeconds({ tickSeconds }: Pick<VideoFacts, "tickSeconds">): number {
  return Math.min(LONGEST_DELAY_SECONDS, tickSeconds / 2) + ROUNDING_SECONDS;
}
