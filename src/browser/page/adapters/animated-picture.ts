/** A picture of several frames, such as an animated GIF, WebP or PNG. */
export class AnimatedPicture {
  readonly #decoder: ImageDecoder;
  readonly #frameCount: number;
  /** How often it is shown, infinite where for ever. */
  readonly #rounds: number;
  /** Ends of the frames that were decoded so far, in milliseconds since the first one's beginning. */
  readonly #endsMs: number[] = [];
  #lookup: Promise<unknown> = Promise.resolve();

  constructor(decoder: ImageDecoder, track: ImageTrack) {
    this.#decoder = decoder;
    this.#frameCount = track.frameCount;
    this.#rounds = track.repetitionCount + 1;
  }

  /** When its last frame comes to stay, in seconds; null where it never does. */
  async endSeconds(): Promise<number | null> {
    if (!Number.isFinite(this.#rounds)) return null;
    await this.frameAt(Infinity);
    return (this.#endsMs.at(-1)! * this.#rounds) / 1000;
  }

  /** Which frame shows at a time since its beginning. */
  frameAt(ms: number): Promise<number> {
    // How long frames last is found one after the other, however many ask.
    const found: Promise<number> = this.#lookup.then(() => this.#findFrame(ms));
    this.#lookup = found.catch(() => {});
    return found;
  }

  /** One of its frames; whoever asked for it closes it. */
  async decode(index: number): Promise<VideoFrame> {
    return (await this.#decoder.decode({ frameIndex: index })).image;
  }

  async #findFrame(ms: number): Promise<number> {
    const last: number = this.#frameCount - 1;
    if (ms < (this.#endsMs.at(-1) ?? 0)) return this.#knownFrameAt(ms);
    for (let index = this.#endsMs.length; index < this.#frameCount; index++) if (ms < (await this.#endOf(index))) return index;
    const roundMs: number = this.#endsMs[last]!;
    return ms >= roundMs * this.#rounds ? last : this.#knownFrameAt(ms % roundMs);
  }

  #knownFrameAt(ms: number): number {
    return this.#endsMs.findIndex((endMs) => ms < endMs);
  }

  async #endOf(index: number): Promise<number> {
    while (this.#endsMs.length <= index) {
      const image: VideoFrame = await this.decode(this.#endsMs.length);
      const ms: number = (image.duration ?? 0) / 1000;
      image.close();
      // Browsers show what is given no time, or next to none, for a tenth of a second.
      this.#endsMs.push((this.#endsMs.at(-1) ?? 0) + (ms <= SHORTEST_MS ? 100 : ms));
    }
    return this.#endsMs[index]!;
  }
}

const SHORTEST_MS = 10;

/** @returns null for a still picture, and for what is none that can be decoded by frames */
export async function animatedPicture(bytes: Uint8Array<ArrayBuffer>): Promise<AnimatedPicture | null> {
  const type: string | null = typeOf(bytes);
  if (type === null || typeof ImageDecoder === "undefined" || !(await ImageDecoder.isTypeSupported(type))) return null;
  const decoder = new ImageDecoder({ data: bytes, type });
  try {
    await decoder.tracks.ready;
    await decoder.completed;
    const track: ImageTrack | null = decoder.tracks.selectedTrack;
    if (track !== null && track.frameCount > 1) return new AnimatedPicture(decoder, track);
  } catch {
    // The page shows it as broken, too.
  }
  decoder.close();
  return null;
}

/** By its first bytes: servers name types as they like. */
function typeOf(bytes: Uint8Array): string | null {
  const start: string = String.fromCharCode(...bytes.subarray(0, 12));
  if (start.startsWith("GIF8")) return "image/gif";
  if (start.startsWith("\x89PNG")) return "image/png";
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) return "image/webp";
  return start.slice(4, 12) === "ftypavis" ? "image/avif" : null;
}
