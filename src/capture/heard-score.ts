import { fromBase64 } from "../core/base64.ts";
import type { PageSound } from "../core/media.ts";
import type { SoundRecording, SoundScore } from "../core/sound.ts";
import { pageSoundInvalid } from "../core/errors.ts";
import { isIntegerWithin, ranges } from "../core/ranges.ts";
import type { HeardPiece, HeardScore, HeardSoFar } from "../browser/messages.ts";

/** In the pages of captures. */
export const UNPLANNED_CALL = "__framewright.unplannedSound()";

export function listenCall(frameCount: number, sound: PageSound | undefined): string {
  return `__framewright.listen(${frameCount}${sound === undefined ? "" : `, "${sound}"`})`;
}

/**
 * Asks a page to listen, step after step, until there is an end.
 *
 * @param onProgress Called after each step that got the page on
 * @throws RenderError `page-failed` where the page says that it got on, and did not
 */
export async function listenedTo<End extends object>(
  frameCount: number,
  step: () => Promise<End | HeardSoFar>,
  onProgress: () => void = () => {},
): Promise<End> {
  for (let least = 0; ;) {
    const answer: End | HeardSoFar = await step();
    if (!("heardFrames" in answer)) return answer;
    // Each step makes a frame at least: there are no more steps than frames.
    if (!isIntegerWithin(answer.heardFrames, { least: least + 1, most: frameCount - 1 }))
      throw pageSoundInvalid(`it listened to ${String(answer.heardFrames)} of ${frameCount} frames, after ${least}`);
    least = answer.heardFrames;
    onProgress();
  }
}

/**
 * What a page heard of itself, with its samples as numbers.
 *
 * @param take brings one piece of what the page made itself, which the page then forgets
 */
export async function scoreOf(
  { clips, pieces }: HeardScore,
  take: (index: number) => Promise<HeardPiece>,
  onProgress: () => void = () => {},
): Promise<SoundScore> {
  if (!isIntegerWithin(pieces, ranges.soundPieces)) throw pageSoundInvalid(`the number of pieces is ${String(pieces)}`);
  const recordings: RecordedPiece[][] = [];
  let samples = 0;
  for (let index = 0; index < pieces; index++) {
    const piece: HeardPiece = await take(index);
    const recorded: RecordedPiece = { ...piece, channels: piece.channels.map(samplesOf) };
    samples += recorded.channels.reduce((sum, { length }) => sum + length, 0);
    if (samples > ranges.recordedSamples.most) throw pageSoundInvalid(`it recorded more than ${ranges.recordedSamples.most} samples`);
    const before: RecordedPiece[] | undefined = piece.continues ? recordings.at(-1) : undefined;
    if (before === undefined) recordings.push([recorded]);
    else if (before[0]!.channels.length === recorded.channels.length) before.push(recorded);
    else
      throw pageSoundInvalid(`piece ${index} has ${recorded.channels.length} channels, and the one before ${before[0]!.channels.length}`);
    onProgress();
  }
  return { clips, recordings: recordings.map(joined) };
}

type RecordedPiece = Omit<HeardPiece, "channels"> & { readonly channels: readonly Float32Array[] };

function joined(pieces: readonly RecordedPiece[]): SoundRecording {
  const { sampleRate, start, channels } = pieces[0]!;
  return { sampleRate, start, channels: channels.map((_, side) => concatenated(pieces.map((piece) => piece.channels[side]!))) };
}

function samplesOf(text: string): Float32Array {
  // A copy: bytes of a pool begin anywhere, samples at multiples of four.
  const bytes: Uint8Array<ArrayBuffer> = Uint8Array.from(fromBase64(text));
  return new Float32Array(bytes.buffer);
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
