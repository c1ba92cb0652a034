import { toBase64 } from "../../../core/base64.ts";
import type { HeardPiece } from "../../messages.ts";
import type { MadeSound } from "./audio-contexts.ts";

/** Samples of one piece: about five seconds, 2 MB a channel. */
const PIECE_SAMPLES = 1 << 18;

interface Piece {
  readonly sound: MadeSound;
  readonly from: number;
  readonly continues: boolean;
}

/** What a page made itself, in pieces that go through a protocol; those without any sound are left out. */
export class RecordedPieces {
  readonly #pieces: (Piece | null)[];

  constructor(made: readonly MadeSound[]) {
    this.#pieces = made.flatMap(piecesOf);
  }

  get count(): number {
    return this.#pieces.length;
  }

  /** Each can be taken once. */
  take(index: number): HeardPiece {
    const { sound, from, continues } = this.#pieces[index]!;
    this.#pieces[index] = null;
    const channels: string[] = partsOf(sound, from).map((part) => toBase64(new Uint8Array(part.buffer, part.byteOffset, part.byteLength)));
    return { sampleRate: sound.sampleRate, start: sound.start + from / sound.sampleRate, continues, channels };
  }
}

function piecesOf(sound: MadeSound): Piece[] {
  const pieces: Piece[] = [];
  let continues = false;
  for (let from = 0; from < sound.channels[0]!.length; from += PIECE_SAMPLES) {
    const isHeard: boolean = partsOf(sound, from).some((part) => part.some((sample) => sample !== 0));
    if (isHeard) pieces.push({ sound, from, continues });
    continues = isHeard;
  }
  return pieces;
}

function partsOf({ channels }: MadeSound, from: number): Float32Array[] {
  return channels.map((channel) => channel.subarray(from, from + PIECE_SAMPLES));
}
