import { EncodedPacketSink, type EncodedPacket, type InputVideoTrack } from "mediabunny";
import { lateBySeconds } from "../../../core/late-pictures.ts";
import type { VideoFacts } from "../../../core/media.ts";
import type { FeedHost, OpenFeed, PictureFeed } from "./feed.ts";
import { FrameReader } from "./frame-reader.ts";
import type { HeldFrame } from "./held-frame.ts";
import { KeptPictures } from "./kept-pictures.ts";
import { mediaFault } from "./media-fault.ts";
import { inWords, type MediaFile } from "./media-file.ts";
import { openedFile } from "./opened-files.ts";

/** Pictures decoded before they are asked for. */
const PICTURES_AHEAD = 2;
/** Where the time asked for lies further ahead than this, a key frame between may save decoding what nobody sees. */
const JUMP_SECONDS = 1;

/** Decodes a video inside the page. */
export const openWebcodecsFeed: OpenFeed = async (video, host) => {
  const file: MediaFile = await openedFile(video.url);
  const track: InputVideoTrack | null = await file.input.getPrimaryVideoTrack();
  if (track === null) throw mediaFault("broken", "it holds no pictures");
  if (!(await track.canDecode())) throw mediaFault("broken", `the browser's pages do not decode ${video.facts.video!.codec}`);
  return new WebcodecsFeed(video.facts.video!, await track.getFlip(), host, file, track);
};

/** A frame of the file, by when it begins. */
interface Target {
  readonly seconds: number;
  readonly timestampUs: number;
}

class WebcodecsFeed implements PictureFeed {
  readonly #turn: VideoFrameInit;
  /** A frame may begin so many seconds after the time at which it is to be shown. */
  readonly #delay: number;
  readonly #host: FeedHost;
  readonly #file: MediaFile;
  readonly #track: InputVideoTrack;
  readonly #packets: EncodedPacketSink;
  readonly #kept = new KeptPictures();
  #reader: FrameReader | null = null;
  /** Time stamp of the last picture that the reader gave. */
  #cursorUs: number | null = null;
  /** Of the picture that was asked for last. */
  #shownUs = 0;
  #upcoming: readonly number[] = [];
  /** Everything that moves the reader, one after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #asked = 0;
  #isClosed = false;

  constructor(facts: VideoFacts, flip: boolean, host: FeedHost, file: MediaFile, track: InputVideoTrack) {
    this.#turn = turnOf(facts, flip);
    this.#delay = lateBySeconds(facts);
    [this.#host, this.#file, this.#track] = [host, file, track];
    this.#packets = new EncodedPacketSink(track);
  }

  async picture(seconds: number): Promise<VideoFrame> {
    this.#asked++;
    try {
      return await this.#inTurn(() => inWords(this.#file.bytes, () => this.#pictureAt(seconds)));
    } finally {
      this.#asked--;
      this.#lookAheadInTurn();
    }
  }

  ahead(seconds: readonly number[]): void {
    this.#upcoming = seconds;
    this.#lookAheadInTurn();
  }

  close(): void {
    this.#isClosed = true;
    // Ends what goes on.
    this.#forget();
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn: Promise<Value> = this.#work.then(work);
    this.#work = turn.catch(() => {});
    return turn;
  }

  async #pictureAt(seconds: number): Promise<VideoFrame> {
    const target: Target = await this.#target(seconds);
    this.#assertOpen();
    const kept: HeldFrame | null = this.#kept.at(target.timestampUs);
    this.#host.memory.count(kept ? "hit" : "miss");
    const { frame }: HeldFrame = kept ?? (await this.#surelyDecoded(target));
    this.#shownUs = target.timestampUs;
    return new VideoFrame(frame, this.#turn);
  }

  /** Decoders die, and browsers take them away; what was read ahead may have failed for a moment. Once more, from the start. */
  async #surelyDecoded(target: Target): Promise<HeldFrame> {
    try {
      return await this.#decoded(target, [target.timestampUs]);
    } catch {
      this.#assertOpen();
      this.#forget();
    }
    try {
      return await this.#decoded(target, [target.timestampUs]);
    } catch (cause) {
      const words: string | undefined = this.#reader?.decoderFault?.message;
      this.#forget();
      if (words === undefined) throw cause;
      throw mediaFault("broken", `the browser cannot decode its picture at ${target.seconds.toFixed(3)} s: ${words}`, cause);
    }
  }

  async #target(seconds: number): Promise<Target> {
    const time: number = this.#file.beginning + seconds + this.#delay;
    const start: number = await this.#track.getFirstTimestamp();
    const packet: EncodedPacket | null = await this.#packets.getPacket(Math.max(time, start), { metadataOnly: true });
    if (packet === null) throw mediaFault("broken", "it holds no pictures");
    return { seconds: packet.timestamp, timestampUs: packet.microsecondTimestamp };
  }

  /** Reads on until the picture is there. Keeps what is shown at the other times as well. */
  async #decoded(target: Target, keptUs: readonly number[]): Promise<HeldFrame> {
    const reader: FrameReader = await this.#readerBefore(target);
    for (;;) {
      this.#kept.keep(keptUs);
      const next: HeldFrame | null = await reader.next();
      if (this.#isClosed) next?.close();
      this.#assertOpen();
      this.#cursorUs = next?.timestampUs ?? this.#cursorUs;
      if (next) this.#kept.add(next);
      else this.#kept.end();
      const found: HeldFrame | null = this.#kept.at(target.timestampUs);
      if (found) return found;
      // Nothing comes before it.
      if (next !== null && next.timestampUs > target.timestampUs) return next;
      if (next === null) throw mediaFault("broken", `no picture of it can be decoded up to ${target.seconds.toFixed(3)} s`);
    }
  }

  /** A reader that comes to the picture if it reads on. */
  async #readerBefore(target: Target): Promise<FrameReader> {
    this.#assertOpen();
    const reader: FrameReader =
      this.#reader ?? (await FrameReader.open(this.#track, await this.#track.canBeTransparent(), this.#host.memory));
    if (this.#isClosed) reader.close();
    this.#assertOpen();
    this.#reader = reader;
    if (await this.#isWithinReach(target)) return reader;
    for (let gone: number = this.#kept.clear(); gone > 0; gone--) this.#host.memory.count("eviction");
    this.#cursorUs = null;
    await reader.start(target.seconds);
    return reader;
  }

  async #isWithinReach({ seconds, timestampUs }: Target): Promise<boolean> {
    if (this.#cursorUs === null || timestampUs <= this.#cursorUs) return false;
    if (timestampUs - this.#cursorUs < JUMP_SECONDS * 1e6) return true;
    const key: EncodedPacket | null = await this.#packets.getKeyPacket(seconds, { verifyKeyPackets: true });
    return key === null || key.microsecondTimestamp <= this.#cursorUs;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw mediaFault("missing", "its pictures were no longer needed");
  }

  #lookAheadInTurn(): void {
    // Whatever goes wrong goes wrong again for whoever asks for the picture.
    this.#inTurn(() => this.#lookAhead()).catch(() => {});
  }

  async #lookAhead(): Promise<void> {
    const keptUs: number[] = [this.#shownUs];
    for (const seconds of this.#upcoming) {
      if (this.#asked > 0 || this.#isClosed || keptUs.length > PICTURES_AHEAD || !this.#kept.isWithinBudget) return;
      const target: Target = await this.#target(seconds);
      if (keptUs.includes(target.timestampUs)) continue;
      keptUs.push(target.timestampUs);
      if (this.#kept.at(target.timestampUs)) continue;
      // Whoever goes back may do so once more: that is decoded when it is asked for.
      if (!(await this.#isWithinReach(target))) return;
      await this.#decoded(target, keptUs);
    }
  }

  #forget(): void {
    this.#reader?.close();
    this.#reader = null;
    this.#cursorUs = null;
    this.#kept.clear();
  }
}

/** How a decoded picture is shown. */
function turnOf({ rotation, size }: VideoFacts, flip: boolean): VideoFrameInit {
  const isLying: boolean = rotation % 180 !== 0;
  const [displayWidth, displayHeight] = isLying ? [size.height, size.width] : [size.width, size.height];
  // TypeScript does not know all of these yet (https://www.w3.org/TR/webcodecs/#dictdef-videoframeinit).
  const turn: VideoFrameInit & { readonly rotation: number; readonly flip: boolean } = { rotation, flip, displayWidth, displayHeight };
  return turn;
}
