import type { ByteSource } from "../media/byte-source.ts";

/** What decoders add to the delay of encoders, in samples. */
const DECODER_DELAY = 529;
const TAG_HEADER_BYTES = 10;
/** The first frame, and what may stand before it. */
const HEAD_BYTES = 4_096;
/** Bytes of the parts of the header that its flags announce: count of frames, of bytes, table, quality. */
const PARTS: readonly number[] = [4, 4, 100, 4];
/** Where in the encoder's own part its delay stands. */
const DELAY_AT = 21;

/** Samples at the beginning of an MP3 file that its encoder added: no player lets them be heard. 0 where the file does not say. */
export async function mp3Delay(bytes: ByteSource): Promise<number> {
  const start: number = await endOfTag(bytes);
  const head: Uint8Array = await bytes.read(start, start + HEAD_BYTES);
  const text: string = new TextDecoder("latin1").decode(head);
  const header: number = text.search(/Xing|Info/);
  if (header < 0) return 0;
  const flags: number = head[header + 7]!;
  const encoder: number = PARTS.reduce((at, length, bit) => at + ((flags >> bit) & 1) * length, header + 8);
  if (!/^(LAME|Lav[cf])/.test(text.slice(encoder, encoder + 4))) return 0;
  const delay: number = (head[encoder + DELAY_AT]! << 4) | (head[encoder + DELAY_AT + 1]! >> 4);
  return delay + DECODER_DELAY;
}

/** Titles and pictures stand before the sound (ID3v2). */
async function endOfTag(bytes: ByteSource): Promise<number> {
  const tag: Uint8Array = await bytes.read(0, TAG_HEADER_BYTES);
  if (new TextDecoder("latin1").decode(tag.subarray(0, 3)) !== "ID3") return 0;
  return TAG_HEADER_BYTES + tag.subarray(6, 10).reduce((size, byte) => size * 128 + byte, 0);
}
