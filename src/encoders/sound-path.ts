import type { EncodeRequest, EncoderContext } from "../core/encoder.ts";
import { encoderFailed } from "../core/errors.ts";

/**
 * Path of the mix that ffmpeg reads; null where no sound is asked for.
 *
 * @throws RenderError `encoder-failed` where there is none, or none in a file
 */
export function soundPathOf(
  encoder: string,
  { audio }: Pick<EncodeRequest, "audio">,
  { sound }: Pick<EncoderContext, "sound">,
): string | null {
  if (audio === null) return null;
  if (sound === null) throw encoderFailed(encoder, `it was asked for ${audio.codec} and given no sound`);
  if (sound.path === null) throw encoderFailed(encoder, "it takes sound from a file, and this one lies in none; use --encoder webcodecs");
  return sound.path;
}
