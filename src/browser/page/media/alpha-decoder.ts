import { EncodedPacket, type InputVideoTrack } from "mediabunny";
import type { PictureMemory } from "./feed.ts";
import { PlainDecoder, type FrameDecoder } from "./frame-decoder.ts";
import { HeldFrame } from "./held-frame.ts";
import { withAlpha } from "./with-alpha.ts";

/** Decodes VP8 and VP9 with alpha: a second stream of pictures, whose brightness is the alpha of the first. */
export class AlphaDecoder implements FrameDecoder {
  readonly #track: InputVideoTrack;
  readonly #memory: PictureMemory;
  readonly #color: PlainDecoder;
  readonly #alpha: PlainDecoder;
  /** Time stamps of the pictures whose alpha was put in. */
  readonly #expected = new Set<number>();
  #alphaHasBegun = false;
  #colorInHand: HeldFrame | null = null;
  #alphaInHand: HeldFrame | null = null;

  private constructor(track: InputVideoTrack, memory: PictureMemory, color: PlainDecoder, alpha: PlainDecoder) {
    [this.#track, this.#memory, this.#color, this.#alpha] = [track, memory, color, alpha];
  }

  static async open(track: InputVideoTrack, memory: PictureMemory): Promise<AlphaDecoder> {
    // Graphics cards give pictures whose planes cannot be put together.
    const open = (): Promise<PlainDecoder> => PlainDecoder.open(track, memory, "prefer-software");
    return new AlphaDecoder(track, memory, await open(), await open());
  }

  get isHungry(): boolean {
    return this.#color.isHungry && this.#alpha.isHungry;
  }

  get fault(): Error | null {
    return this.#color.fault ?? this.#alpha.fault;
  }

  async decode({ data, type, timestamp, duration, sideData }: EncodedPacket): Promise<void> {
    const color = new EncodedPacket(data, type, timestamp, duration);
    const alpha: EncodedPacket | null = await alphaPacket(this.#track, { timestamp, duration, sideData });
    this.#alphaHasBegun ||= alpha?.type === "key";
    if (alpha !== null && this.#alphaHasBegun) {
      this.#expected.add(color.microsecondTimestamp);
      await this.#alpha.decode(alpha);
    }
    await this.#color.decode(color);
  }

  async flush(): Promise<void> {
    await Promise.all([this.#color.flush(), this.#alpha.flush()]);
    this.#alphaHasBegun = false;
  }

  take(): Promise<HeldFrame> | null {
    this.#colorInHand ??= this.#color.takeNow();
    const color: HeldFrame | null = this.#colorInHand;
    if (color === null) return null;
    if (!this.#expected.has(color.timestampUs)) return Promise.resolve(this.#handOver());
    // Of a picture that was lost, the alpha is of no use.
    while ((this.#alphaInHand ??= this.#alpha.takeNow()) !== null && this.#alphaInHand.timestampUs < color.timestampUs) this.#dropAlpha();
    const alpha: HeldFrame | null = this.#alphaInHand;
    if (alpha === null) return null;
    this.#expected.delete(color.timestampUs);
    if (alpha.timestampUs > color.timestampUs) return Promise.resolve(this.#handOver());
    return this.#merge(color, alpha);
  }

  async changed(): Promise<void> {
    await Promise.race([this.#color.changed(), this.#alpha.changed()]);
  }

  close(): void {
    this.#colorInHand?.close();
    this.#colorInHand = null;
    this.#dropAlpha();
    this.#color.close();
    this.#alpha.close();
  }

  #handOver(): HeldFrame {
    const color: HeldFrame = this.#colorInHand!;
    this.#colorInHand = null;
    return color;
  }

  #dropAlpha(): void {
    this.#alphaInHand?.close();
    this.#alphaInHand = null;
  }

  async #merge(color: HeldFrame, alpha: HeldFrame): Promise<HeldFrame> {
    [this.#colorInHand, this.#alphaInHand] = [null, null];
    try {
      return new HeldFrame(await withAlpha(color.frame, alpha.frame), this.#memory);
    } finally {
      color.close();
      alpha.close();
    }
  }
}

/** The alpha of a packet as a packet of its own; null where it has none. */
export async function alphaPacket(
  track: InputVideoTrack,
  { timestamp, duration, sideData }: Pick<EncodedPacket, "timestamp" | "duration" | "sideData">,
): Promise<EncodedPacket | null> {
  if (!sideData.alpha) return null;
  const unknown = new EncodedPacket(sideData.alpha, "delta", timestamp, duration);
  // Its key frames need not be those of the colour.
  const type = await track.determinePacketType(unknown);
  return new EncodedPacket(sideData.alpha, type ?? "delta", timestamp, duration);
}
