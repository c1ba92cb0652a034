import type { PageSound } from "../core/media.ts";
import type { SoundRecording, SoundScore } from "../core/sound.ts";
import type { BrowserPage } from "../core/browser.ts";
import { pageAnswers } from "../browser/boundary.ts";
import type { HeardPiece, HeardScore } from "../browser/messages.ts";

/** With its samples as bytes. */
type ReceivedPiece = HeardPiece<Uint8Array>;

/** In the pages of captures. */
export const UNPLANNED_CALL = "__framewright.unplannedSound()";

export function listenCall(frameCount: number, sound: PageSound | undefined): string {
  return `__framewright.listen(${frameCount}${sound === undefined ? "" : `, "${sound}"`})`;
}

/** Bytes of recordings that are held in memory: three hours of two channels at 48,000 samples a second. */
const MOST_BYTES: number = 4 * 1024 ** 3;

/**
 * The score of a page, with the samples of its recordings. The page gives them piece by piece, and forgets each that it gave.
 *
 * @throws RenderError `page-failed` where the pieces do not belong together
 */
export async function scoreOf({ clips, pieces }: HeardScore, page: BrowserPage): Promise<SoundScore> {
  const recordings: ReceivedPiece[][] = [];
  let bytes = 0;
  for (let index = 0; index < pieces; index++) {
    const call = `__framewright.recordedPiece(${index})`;
    const piece: ReceivedPiece = await page.evaluate(call, pageAnswers.piece);
    bytes += piece.channels.length * piece.channels[0]!.length;
    if (bytes > MOST_BYTES) throw page.refuse(call, `its recordings have more than ${MOST_BYTES} bytes`);
    const last: ReceivedPiece | undefined = recordings.at(-1)?.[0];
    if (!piece.continues) recordings.push([piece]);
    else if (last?.sampleRate === piece.sampleRate && last.channels.length === piece.channels.length) recordings.at(-1)!.push(piece);
    else throw page.refuse(call, "it continues a recording of another kind");
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
