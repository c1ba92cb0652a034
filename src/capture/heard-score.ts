import { fromBase64 } from "../core/base64.ts";
import type { PageSound } from "../core/media.ts";
import type { SoundRecording, SoundScore } from "../core/sound.ts";
import type { BrowserPage } from "../core/browser.ts";
import { pageAnswers } from "../browser/boundary.ts";
import type { HeardPiece, HeardScore } from "../browser/messages.ts";

/** In the pages of captures. */
export const UNPLANNED_CALL = "__framewright.unplannedSound()";

export function listenCall(frameCount: number, sound: PageSound | undefined): string {
  return `__framewright.listen(${frameCount}${sound === undefined ? "" : `, "${sound}"`})`;
}

/** Samples of recordings that are held in memory, in bytes of base64: ten hours of two channels at 48,000 samples a second. */
const MOST_CHARACTERS = 2 ** 34;

/**
 * The score of a page, with the samples of its recordings. The page gives them piece by piece, and forgets each that it gave.
 *
 * @throws RenderError `page-failed` where the pieces do not belong together
 */
export async function scoreOf({ clips, pieces }: HeardScore, page: BrowserPage): Promise<SoundScore> {
  const recordings: HeardPiece[][] = [];
  let characters = 0;
  for (let index = 0; index < pieces; index++) {
    const call = `__framewright.recordedPiece(${index})`;
    const piece: HeardPiece = await page.evaluate(call, pageAnswers.piece);
    characters += piece.channels.length * piece.channels[0]!.length;
    if (characters > MOST_CHARACTERS) throw page.refuse(call, `its recordings have more than ${MOST_CHARACTERS} characters`);
    const last: HeardPiece | undefined = recordings.at(-1)?.[0];
    if (!piece.continues) recordings.push([piece]);
    else if (last?.sampleRate === piece.sampleRate && last.channels.length === piece.channels.length) recordings.at(-1)!.push(piece);
    else throw page.refuse(call, "it continues a recording of another kind");
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
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.byteLength / 4));
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
