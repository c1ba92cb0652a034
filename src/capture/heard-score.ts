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

/** The most that recordings may hold: as much as eight channels at 48,000 samples a second, and what a short video may need. */
const [BYTES_PER_SECOND, FREE_BYTES] = [8 * 48_000 * 4, 64 * 1024 * 1024] as const;

/** One recording, as far as it has come. */
interface Arriving extends Pick<SoundRecording, "sampleRate" | "start"> {
  /** Of each channel, piece after piece. */
  readonly channels: readonly Float32Array[][];
}

/**
 * The score of a page, with the samples of its recordings. The page gives them piece by piece, and forgets each that it gave.
 *
 * @param seconds Length of the video: it bounds what is kept in memory
 * @throws RenderError `page-failed` where the pieces do not belong together, or are too many
 */
export async function scoreOf({ clips, pieces }: HeardScore, page: BrowserPage, seconds: number): Promise<SoundScore> {
  const recordings: Arriving[] = [];
  const mostBytes: number = FREE_BYTES + Math.ceil(seconds * BYTES_PER_SECOND);
  let byteLength = 0;
  for (let index = 0; index < pieces; index++) {
    const call = `__framewright.recordedPiece(${index})`;
    const { sampleRate, start, continues, channels: texts }: HeardPiece = await page.evaluate(call, pageAnswers.piece);
    const channels: readonly Float32Array[] = texts.map(samplesOf);
    byteLength += channels.reduce((sum, channel) => sum + channel.byteLength, 0);
    if (byteLength > mostBytes) throw page.refuse(call, `its recordings have more than ${mostBytes} bytes, for ${seconds} s of video`);
    const last: Arriving | undefined = recordings.at(-1);
    if (!continues) recordings.push({ sampleRate, start, channels: channels.map((channel) => [channel]) });
    else if (last?.sampleRate === sampleRate && last.channels.length === channels.length)
      for (const [side, channel] of channels.entries()) last.channels[side]!.push(channel);
    else throw page.refuse(call, "it continues a recording of another kind");
  }
  return { clips, recordings: recordings.map(joined) };
}

function joined({ sampleRate, start, channels }: Arriving): SoundRecording {
  return { sampleRate, start, channels: channels.map(concatenated) };
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
