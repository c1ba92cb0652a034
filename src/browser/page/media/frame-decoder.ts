import { VideoSampleSink, type EncodedPacket, type InputVideoTrack, type VideoSample } from "mediabunny";
import { supposedMatrix } from "../../../core/supposed-matrix.ts";
import type { PictureMemory } from "./feed.ts";
import { HeldFrame } from "./held-frame.ts";

/** Packets in, pictures out, in the order in which they are shown. */
export interface FrameDecoder {
  /** It can take another packet without a queue of them. */
  readonly isHungry: boolean;
  readonly fault: Error | null;
  decode(packet: EncodedPacket): Promise<void>;
  /** Everything that was put in comes out; then it takes a key frame next. */
  flush(): Promise<void>;
  /** The next picture, once it is there. Whoever takes it closes it. */
  take(): Promise<HeldFrame> | null;
  /** Resolves when something has changed. */
  changed(): Promise<void>;
  close(): void;
}

/**
 * The package's decoder with its cures for the browsers' faults, such as B-frames that get lost. The package itself shows only whole
 * iterators of it, and these queue more pictures than a page with many videos can hold.
 */
interface PackageDecoder {
  readonly decoder: VideoDecoder;
  decode(packet: EncodedPacket): void;
  flush(): Promise<void>;
  close(): void;
  sampleHandler(sample: VideoSample): void;
}

interface PackageSink {
  _createDecoder(onSample: (sample: VideoSample) => void, onError: (error: Error) => void): Promise<PackageDecoder>;
}

/** The track, with the colours that browsers play it in where its headers say none: otherwise Chromium decodes for BT.709 here. */
async function supposingColors(track: InputVideoTrack): Promise<InputVideoTrack> {
  const config: VideoDecoderConfig | null = await track.getDecoderConfig();
  const { matrix, primaries, transfer } = config?.colorSpace ?? {};
  if (config === null || matrix || primaries || transfer) return track;
  const name = supposedMatrix(config.codec, config.codedHeight ?? 0);
  const colorSpace: VideoColorSpaceInit = { matrix: name, primaries: name, transfer: name, fullRange: false };
  return Object.create(track, { getDecoderConfig: { value: async () => ({ ...config, colorSpace }) } }) as InputVideoTrack;
}

/** Decodes one stream. */
export class PlainDecoder implements FrameDecoder {
  readonly #inner: PackageDecoder;
  readonly #memory: PictureMemory;
  readonly #frames: HeldFrame[] = [];
  #fault: Error | null = null;
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(inner: PackageDecoder, memory: PictureMemory) {
    this.#inner = inner;
    this.#memory = memory;
    inner.decoder.addEventListener("dequeue", () => this.#wake());
    // The package gives pictures the time stamps of packets in turn; the browser knows which picture is whose, where some are dropped.
    inner.sampleHandler = (sample) => this.#keep(sample);
  }

  static async open(
    track: InputVideoTrack,
    memory: PictureMemory,
    hardwareAcceleration: HardwareAcceleration = "no-preference",
  ): Promise<PlainDecoder> {
    // Without a queue of pictures for as many threads as there are: what comes out belongs to what went in.
    const sink = new VideoSampleSink(await supposingColors(track), {
      optimizeForLatency: true,
      hardwareAcceleration,
    }) as unknown as PackageSink;
    let opened: PlainDecoder | null = null;
    const inner: PackageDecoder = await sink._createDecoder(
      (sample) => sample.close(),
      (error) => opened?.fail(error),
    );
    opened = new PlainDecoder(inner, memory);
    return opened;
  }

  get isHungry(): boolean {
    return this.#inner.decoder.decodeQueueSize < 2;
  }

  get fault(): Error | null {
    return this.#fault;
  }

  fail(error: Error): void {
    this.#fault = error;
    this.#wake();
  }

  async decode(packet: EncodedPacket): Promise<void> {
    this.#inner.decode(packet);
  }

  async flush(): Promise<void> {
    try {
      await this.#inner.flush();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  take(): Promise<HeldFrame> | null {
    const held: HeldFrame | null = this.takeNow();
    return held && Promise.resolve(held);
  }

  takeNow(): HeldFrame | null {
    return this.#frames.shift() ?? null;
  }

  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#inner.close();
    for (const held of this.#frames.splice(0)) held.close();
    this.#wake();
  }

  #keep(sample: VideoSample): void {
    const frame: VideoFrame = sample.toVideoFrame();
    sample.close();
    if (this.#isClosed) frame.close();
    else this.#frames.push(new HeldFrame(frame, this.#memory));
    this.#wake();
  }
}
