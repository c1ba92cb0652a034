import { pageSoundInvalid } from "./errors.ts";
import { describeRange, isIntegerWithin, isWithinRange, ranges, type NumberRange } from "./ranges.ts";
import type { GainPoint, SoundClip, SoundRecording, SoundScore } from "./sound.ts";

/** Seconds by which a recording may last longer than the video: contexts render whole blocks. */
const SPARE_SECONDS = 1;
/** Seconds by which sums of times are off. */
const ROUNDING_SECONDS = 1e-6;

/**
 * Checks every number of a score, which a page reported, before anything is allocated or decoded by it.
 *
 * @param videoSeconds how long the video is
 * @throws RenderError `page-failed`, with the first number that is out of its range
 */
export function checkedScore(score: SoundScore, videoSeconds: number): SoundScore {
  const { clips, recordings } = score;
  assertInteger(clips.length, "the number of clips", ranges.clips);
  assertInteger(recordings.length, "the number of recordings", ranges.recordings);
  let points = 0;
  for (const [at, clip] of clips.entries()) {
    assertClip(clip, `clip ${at}`);
    points += clip.gain.length;
    assertInteger(points, "the number of gain points", ranges.gainPoints);
  }
  let samples = 0;
  for (const [at, recording] of recordings.entries()) {
    assertRecording(recording, `recording ${at}`, videoSeconds);
    samples += recording.channels.length * (recording.channels[0]?.length ?? 0);
    assertInteger(samples, "the number of recorded samples", ranges.recordedSamples);
  }
  return score;
}

function assertClip(clip: SoundClip, name: string): void {
  assertNumber(clip.start, `start of ${name}`, ranges.signedSeconds);
  assertNumber(clip.duration, `duration of ${name}`, ranges.seconds);
  assertNumber(clip.mediaStart, `mediaStart of ${name}`, ranges.seconds);
  assertNumber(clip.playbackRate, `playbackRate of ${name}`, ranges.playbackRate);
  if (clip.loopFrom !== null) assertNumber(clip.loopFrom, `loopFrom of ${name}`, ranges.seconds);
  assertGain(clip.gain, name);
}

function assertGain(points: readonly GainPoint[], name: string): void {
  let before: number = ranges.signedSeconds.least;
  for (const { seconds, gain } of points) {
    assertNumber(seconds, `a gain point's time of ${name}`, ranges.signedSeconds);
    assertNumber(gain, `a gain of ${name}`, ranges.gain);
    if (seconds < before - ROUNDING_SECONDS)
      throw pageSoundInvalid(`the gain points of ${name} are not in order: ${seconds} comes after ${before}`);
    before = seconds;
  }
}

function assertRecording({ sampleRate, channels, start }: SoundRecording, name: string, videoSeconds: number): void {
  assertInteger(sampleRate, `sampleRate of ${name}`, ranges.sampleRate);
  assertInteger(channels.length, `the number of channels of ${name}`, ranges.channels);
  assertNumber(start, `start of ${name}`, { least: 0, most: videoSeconds });
  const length: number = channels[0]!.length;
  if (channels.some((channel) => channel.length !== length)) throw pageSoundInvalid(`the channels of ${name} differ in length`);
  const seconds: number = length / sampleRate;
  assertNumber(start + seconds, `the end of ${name}`, { least: 0, most: videoSeconds + SPARE_SECONDS });
}

function assertNumber(value: unknown, what: string, range: NumberRange): void {
  if (!isWithinRange(value, range)) throw pageSoundInvalid(`${what} is ${quoted(value)} instead of ${describeRange(range)}`);
}

function assertInteger(value: unknown, what: string, range: NumberRange): void {
  if (!isIntegerWithin(value, range))
    throw pageSoundInvalid(`${what} is ${quoted(value)} instead of an integer from ${describeRange(range)}`);
}

/** A value of any kind, short. */
function quoted(value: unknown): string {
  return typeof value === "number" ? String(value) : `a value of type ${typeof value}`;
}
