import type { MediaFacts } from "../../../core/media.ts";
import type { SoundClip } from "../../../core/sound.ts";
import type { Stretch } from "../media/stretches.ts";
import { isSilent, product, gainPoints, within, type Envelope } from "./envelope.ts";

/** What mixers play. */
const SLOWEST = 0.1;
const FASTEST = 5;
/** Shorter ones are nothing: half a sample. */
const SHORTEST_SECONDS = 1e-5;

export interface HeardStretch {
  readonly stretch: Stretch;
  readonly facts: MediaFacts;
  readonly preservesPitch: boolean;
  /** Its level as scripts had it, over the time of the video. */
  readonly level: Envelope;
  /** Its level as attributes have it, over a clip of so many seconds of the video. */
  levelOver(start: number, end: number): Envelope;
}

/** The clip of one stretch, cut to the video; null where nothing of it is heard. */
export function clipOf(heard: HeardStretch, videoSeconds: number, warn: (reason: string) => void): SoundClip | null {
  const { stretch, facts, preservesPitch, level, levelOver } = heard;
  if (!(stretch.playbackRate > 0)) return null;
  const playbackRate: number = Math.min(FASTEST, Math.max(SLOWEST, stretch.playbackRate));
  if (playbackRate !== stretch.playbackRate)
    warn(`${facts.source} plays at a rate of ${stretch.playbackRate}; it is heard at ${playbackRate}, which is as far as sound goes`);
  const { start, mediaStart } = stretch;
  const lasts: number = stretch.loopFrom === null ? (facts.durationSeconds - mediaStart) / playbackRate : Infinity;
  const bounded: number = Math.min(stretch.end ?? Infinity, start + lasts);
  const fullEnd: number = bounded === Infinity ? videoSeconds : bounded;
  const end: number = Math.min(fullEnd, videoSeconds);
  if (end - start < SHORTEST_SECONDS) return null;
  const gain: Envelope = within(product(level, levelOver(start, fullEnd)), start, end);
  if (isSilent(gain)) return null;
  return {
    source: facts.source,
    start,
    duration: end - start,
    mediaStart,
    playbackRate,
    preservesPitch,
    loopFrom: stretch.loopFrom,
    gain: gainPoints(gain),
  };
}
