import { EncodedPacketSink, type EncodedPacket, type InputVideoTrack } from "mediabunny";
import { alphaPacket, AlphaDecoder } from "./alpha-decoder.ts";
import type { PictureMemory } from "./feed.ts";
import { PlainDecoder, type FrameDecoder } from "./frame-decoder.ts";
import type { HeldFrame } from "./held-frame.ts";

/** Reads the pictures of a track one after the other, from any key frame on. */
export class FrameReader {
  readonly #track: InputVideoTrack;
  readonly #packets: EncodedPacketSink;
  readonly #decoder: FrameDecoder;
  /** What is decoded next: read while the decoder works. */
  #upcoming: Promise<EncodedPacket | null> = Promise.resolve(null);
  /** Done once everything that was put in has come out; null while there is more to put in. */
  #end: Promise<void> | null = null;
  #isAtEnd = false;
  #isClosed = false;

  private constructor(track: InputVideoTrack, decoder: FrameDecoder) {
    this.#track = track;
    this.#packets = new EncodedPacketSink(track);
    this.#decoder = decoder;
  }

  static async open(track: InputVideoTrack, hasAlpha: boolean, memory: PictureMemory): Promise<FrameReader> {
    return new FrameReader(track, await (hasAlpha ? AlphaDecoder : PlainDecoder).open(track, memory));
  }

  /** The decoder itself has failed: another may do better. */
  get decoderFault(): Error | null {
    return this.#decoder.fault;
  }

  /** Goes to the last key frame from which the picture of a time can be decoded. */
  async start(seconds: number): Promise<void> {
    await (this.#end ?? this.#decoder.flush());
    for (let held = await this.#decoder.take(); held !== null; held = await this.#decoder.take()) held.close();
    this.#end = null;
    this.#isAtEnd = false;
    this.#upcoming = this.#keyFrame(seconds);
    await this.#upcoming;
  }

  /** The next picture; null behind the last. Whoever takes it closes it. */
  async next(): Promise<HeldFrame | null> {
    for (;;) {
      // Asked for before looking: what comes in between is not missed.
      const change: Promise<void> = this.#decoder.changed();
      const held: HeldFrame | null = await this.#decoder.take();
      if (held !== null) return held;
      if (this.#decoder.fault) throw this.#decoder.fault;
      if (this.#isClosed || this.#isAtEnd) return null;
      if (this.#end === null && this.#decoder.isHungry) await this.#put(await this.#upcoming);
      else await change;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#decoder.close();
  }

  async #put(packet: EncodedPacket | null): Promise<void> {
    if (this.#isClosed) return;
    if (packet === null) {
      this.#end = this.#decoder.flush().then(() => {
        this.#isAtEnd = true;
      });
      return this.#end;
    }
    this.#upcoming = this.#packets.getNextPacket(packet);
    // Whoever puts it in hears of it.
    this.#upcoming.catch(() => {});
    await this.#decoder.decode(packet);
  }

  async #keyFrame(seconds: number): Promise<EncodedPacket | null> {
    for (let before: number = seconds; ;) {
      const packet: EncodedPacket | null = await this.#packets.getKeyPacket(before, { verifyKeyPackets: true });
      if (packet === null) return this.#packets.getFirstKeyPacket({ verifyKeyPackets: true });
      const alpha: EncodedPacket | null = await alphaPacket(this.#track, packet);
      if (alpha === null || alpha.type === "key") return packet;
      before = packet.timestamp - 1e-6;
    }
  }
}
