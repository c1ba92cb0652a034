import { fromBase64 } from "../core/base64.ts";
import type { PageSound } from "../core/media.ts";
import type { SoundRecording, SoundScore } from "../core/sound.ts";
import type { HeardPiece, HeardScore } from "../browser/messages.ts";

/** In the pages of captures. */
export const UNPLANNED_CALL = "__framewright.unplannedSound()";

export function listenCall(frameCount: number, sound: PageSound | undefined): string {
  return `__framewright.listen(${frameCount}${sound === undefined ? "" : `, "${sound}"`})`;
}

/**
 * What a page heard of itself, with its samples as numbers.
 *
 * @param take brings one piece of what the page made itself, which the page then forgets
 */
export async function scoreOf({ clips, pieces }: HeardScore, take: (index: number) => Promise<HeardPiece>): Promise<SoundScore> {
  const recordings: HeardPiece[][] = [];
  for (let index = 0; index < pieces; index++) {
    const piece: HeardPiece = await take(index);
    if (piece.continues) recordings.at(-1)!.push(piece);
    else recordings.push([piece]);
  }
  return { clips, recordings: recordings.map(joined) };
}

function joined(pieces: readonly HeardPiece[]): SoundRecording {
  const { sampleRate, start, channels } = pieces[0]!;
  return { sampleRate, start, channels: channels.map((_, side) => concatenated(pieces.map((piece) => samplesOf(piece.channels[side]!)))) };
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
