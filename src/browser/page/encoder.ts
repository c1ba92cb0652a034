import { fromBase64, toBase64 } from "../../core/base64.ts";
import type { EncodedChunk, EncoderNotice, EncoderSettings, FrameToEncode } from "../messages.ts";
import { keptFrames } from "./kept-frames.ts";
import { i420Frame } from "./pixels/i420-frame.ts";
import { createI420Converter, type I420Converter } from "./pixels/i420-converter.ts";

/** Frames that may wait inside the encoder before `encode` holds the caller back. */
const LONGEST_QUEUE = 4;

/** What the registrations of VP9 and AV1 add, and the types of TypeScript leave out. */
interface EncodeOptions extends VideoEncoderEncodeOptions {
  readonly vp9?: { readonly quantizer: number };
  readonly av1?: { readonly quantizer: number };
}

class PageEncoder {
  #settings: EncoderSettings | undefined;
  #encoder: VideoEncoder | undefined;
  #converter: I420Converter | undefined;
  #last: VideoFrame | undefined;
  /** Timestamps in microseconds of the pictures that went in and have not come out. */
  readonly #awaited: number[] = [];

  /** The first codec string that this browser encodes at this size; null where there is none. */
  async choose(settings: EncoderSettings): Promise<string | null> {
    if (typeof VideoEncoder === "undefined") return null;
    for (const codec of settings.codecs) {
      if ((await VideoEncoder.isConfigSupported(config(settings, codec))).supported === true) return codec;
    }
    return null;
  }

  async open(settings: EncoderSettings): Promise<void> {
    const codec: string | null = await this.choose(settings);
    if (codec === null)
      throw new Error(`this browser encodes none of ${settings.codecs.join(", ")} at ${settings.width}×${settings.height}`);
    this.#settings = settings;
    this.#encoder = new VideoEncoder({
      output: (chunk, metadata) => this.#receive(chunk, metadata),
      error: (thrown) => notify({ fault: thrown.message }),
    });
    this.#encoder.configure(config(settings, codec));
  }

  async encode({ timestampUs, durationUs, isKey, picture }: FrameToEncode): Promise<void> {
    const encoder: VideoEncoder = this.#encoder!;
    const source: VideoFrame = picture === null ? this.#last! : await this.#frameOf(picture);
    const frame = new VideoFrame(source, { timestamp: timestampUs, duration: durationUs });
    if (source !== this.#last) {
      this.#last?.close();
      this.#last = source;
    }
    this.#awaited.push(timestampUs);
    encoder.encode(frame, { keyFrame: isKey, ...this.#quantizer() } satisfies EncodeOptions);
    frame.close();
    while (encoder.state === "configured" && encoder.encodeQueueSize > LONGEST_QUEUE) {
      await new Promise((resolve) => encoder.addEventListener("dequeue", resolve, { once: true }));
    }
  }

  async finish(): Promise<void> {
    await this.#encoder!.flush();
    if (this.#awaited.length > 0)
      throw new Error(`the browser kept ${this.#awaited.length} pictures to itself: ${this.#awaited.join(", ")} µs`);
    this.close();
  }

  close(): void {
    this.#last?.close();
    this.#last = undefined;
    if (this.#encoder?.state !== "closed") this.#encoder?.close();
  }

  /** An encoder in a hurry may leave pictures out, and says nothing. */
  #receive(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    const awaited: number | undefined = this.#awaited.shift();
    if (chunk.timestamp === awaited && chunk.byteLength > 0) return notify({ chunk: describeChunk(chunk, metadata) });
    notify({ fault: `the browser left out the picture at ${awaited} µs, and gave ${chunk.byteLength} bytes at ${chunk.timestamp} µs` });
  }

  /** Each codec reads its own field. */
  #quantizer(): EncodeOptions {
    const { rate } = this.#settings!;
    return "quantizer" in rate ? { vp9: rate, av1: rate } : {};
  }

  async #frameOf(picture: NonNullable<FrameToEncode["picture"]>): Promise<VideoFrame> {
    if ("handle" in picture) {
      const kept: VideoFrame | undefined = keptFrames().get(picture.handle);
      if (!kept) throw new Error(`the page holds no frame ${picture.handle}`);
      return kept.clone();
    }
    const size = this.#settings!;
    const { width, height } = size;
    const data: Uint8Array<ArrayBuffer> = fromBase64(picture.data);
    if (picture.format === "I420") return i420Frame(data, width, height, 0);
    this.#converter ??= await createI420Converter(width, height);
    this.#converter.rgba.set(picture.format === "RGBA" ? data : await decode(data, picture.format, size));
    return i420Frame(this.#converter.convert().planes, width, height, 0);
  }
}

function config({ width, height, framesPerSecond, rate }: EncoderSettings, codec: string): VideoEncoderConfig {
  return {
    codec,
    width,
    height,
    framerate: framesPerSecond,
    ...("quantizer" in rate ? { bitrateMode: "quantizer" } : { bitrateMode: "variable", bitrate: rate.bitrate }),
    latencyMode: "quality",
    ...(codec.startsWith("avc1") ? { avc: { format: "avc" } } : {}),
  };
}

async function decode(
  data: Uint8Array<ArrayBuffer>,
  format: "PNG" | "JPEG",
  { width, height }: EncoderSettings,
): Promise<Uint8ClampedArray> {
  const bitmap: ImageBitmap = await createImageBitmap(new Blob([data], { type: `image/${format.toLowerCase()}` }));
  if (bitmap.width !== width || bitmap.height !== height)
    throw new Error(`a ${format} of ${bitmap.width}×${bitmap.height} came instead of ${width}×${height}`);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
}

function describeChunk(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): EncodedChunk {
  const data = new Uint8Array(chunk.byteLength);
  chunk.copyTo(data);
  const { description, codec } = metadata?.decoderConfig ?? {};
  return {
    isKey: chunk.type === "key",
    data: toBase64(data),
    ...(description ? { description: toBase64(new Uint8Array(description as ArrayBuffer)) } : {}),
    ...(codec === undefined ? {} : { codec }),
  };
}

function notify(notice: EncoderNotice): void {
  (globalThis as unknown as { __framewrightChunk(notice: string): void }).__framewrightChunk(JSON.stringify(notice));
}

Object.assign(globalThis, { __framewrightEncoder: new PageEncoder() });
