import type { PageSound } from "../core/media.ts";
import type { SoundRecording, SoundScore } from "../core/sound.ts";
import { pageSoundInvalid } from "../core/errors.ts";
import { isIntegerWithin, ranges } from "../core/ranges.ts";
import type { HeardPiece, HeardScore, HeardSoFar } from "../browser/messages.ts";

/** With its samples as bytes. */
export type ReceivedPiece = HeardPiece<Uint8Array>;

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
 * The score of a page, with the samples of its recordings. The page gives them piece by piece, and forgets each that it gave.
 *
 * @param take brings one piece
 * @param onProgress Called after each piece
 * @throws RenderError `page-failed` where the pieces do not belong together
 */
export async function scoreOf(
  { clips, pieces }: HeardScore,
  take: (index: number) => Promise<ReceivedPiece>,
  onProgress: () => void = () => {},
): Promise<SoundScore> {
  const recordings: ReceivedPiece[][] = [];
  let samples = 0;
  for (let index = 0; index < pieces; index++) {
    const piece: ReceivedPiece = await take(index);
    samples += (piece.channels.length * piece.channels[0]!.length) / 4;
    if (samples > ranges.recordedSamples.most) throw pageSoundInvalid(`it recorded more than ${ranges.recordedSamples.most} samples`);
    const last: ReceivedPiece | undefined = recordings.at(-1)?.[0];
    if (!piece.continues) recordings.push([piece]);
    else if (last?.sampleRate === piece.sampleRate && last.channels.length === piece.channels.length) recordings.at(-1)!.push(piece);
    else throw pageSoundInvalid(`piece ${index} continues a recording of another rate, or of another number of channels`);
    onProgress();
  }
  return { clips, recordings: recordings.map(joined) };
}

function joined(pieces: readonly ReceivedPiece[]): SoundRecording {
  const { sampleRate, start, channels } = pieces[0]!;
  return { sampleRate, start, channels: channels.map((_, side) => concatenated(pieces.map((piece) => samplesOf(piece.channels[side]!)))) };
}

/** A copy: bytes of a pool begin anywhere, samples at multiples of four. */
function samplesOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer, 0, Math.floor(bytes.byteLength / 4));
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
