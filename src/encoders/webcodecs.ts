import { EncodedPacket, EncodedVideoPacketSource, Mp4OutputFormat, Output, StreamTarget, type StreamTargetChunk } from "mediabunny";
import { fromBase64, toBase64 } from "../core/base64.ts";
import type { BrowserPage } from "../core/browser.ts";
import { aborted, encoderFailed, encoderStalled, isRenderError, messageOf, type RenderError } from "../core/errors.ts";
import type {
  EncodeRequest,
  EncodeResult,
  Encoder,
  EncoderContext,
  EncoderProbeContext,
  EncoderSession,
  Quality,
} from "../core/encoder.ts";
import type { Frame } from "../core/frame.ts";
import type { FrameRate } from "../core/frame-rate.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import type { Support } from "../core/support.ts";
import { encoderScript } from "../browser/generated/encoder-script.ts";
import { openOwnDocument } from "../browser/own-page.ts";
import type { EncodedChunk, EncoderNotice, EncoderSettings, FrameToEncode } from "../browser/messages.ts";
import { avcCodecs } from "./avc-codec.ts";

const NAME = "webcodecs";
const OWN_PAGE_SIZE = { width: 32, height: 32 } as const;
/** Bits a pixel at CRF 18, about what x264 medium spends on moving pages; six more of CRF halve it. */
const BITS_PER_PIXEL = 0.12;
const DEFAULT_CRF = 18;
/** Seconds between key frames: players seek to them. */
const KEY_FRAME_SECONDS = 4;
const BT709 = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false } as const;

/**
 * Encodes inside the browser page with `VideoEncoder`: only encoded chunks leave it, and mediabunny writes them into the
 * container. Needs no ffmpeg and no processes.
 */
export function webcodecs(): Encoder {
  return {
    contract: 1,
    name: NAME,
    traits: { accepts: ["page", "I420", "RGBA", "PNG", "JPEG"], containers: ["mp4"], codecs: ["h264"], runsIn: "page" },
    probe,
    open: (request, context) => WebCodecsSession.start(request, context),
  };
}

async function probe(request: EncodeRequest, { browser }: EncoderProbeContext): Promise<Support> {
  try {
    await using page = await browser.newPage(OWN_PAGE_SIZE);
    await openOwnDocument(page);
    await page.evaluate(encoderScript);
    const codec: string | null = await page.evaluate<string | null>(`__framewrightEncoder.choose(${JSON.stringify(settingsOf(request))})`);
    if (codec !== null) return { ok: true, details: { codec } };
    return { ok: false, reasons: [`${browser.product} encodes no H.264 at ${request.size.width}×${request.size.height}`] };
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)] };
  }
}

function settingsOf({ size, frameRate, quality }: EncodeRequest): EncoderSettings {
  const framesPerSecond: number = frameRate.numerator / frameRate.denominator;
  return {
    codecs: avcCodecs(size, frameRate),
    ...size,
    framesPerSecond,
    bitrate: bitrateOf(quality, size.width * size.height * framesPerSecond),
  };
}

/** The bitrate that a quality stands for; H.264 encoders of browsers know no constant quality. */
export function bitrateOf({ bitrate, crf = DEFAULT_CRF }: Quality, pixelsPerSecond: number): number {
  return bitrate ?? Math.round(pixelsPerSecond * BITS_PER_PIXEL * 2 ** ((DEFAULT_CRF - crf) / 6));
}

class WebCodecsSession implements EncoderSession {
  readonly #request: EncodeRequest;
  readonly #context: EncoderContext;
  readonly #page: BrowserPage;
  readonly #output: Output;
  readonly #packets: EncodedVideoPacketSource;
  readonly #framesPerKey: number;
  readonly #supervisor: Supervisor;
  #muxing: Promise<void> = Promise.resolve();
  #fault: RenderError | null = null;
  #framesIn = 0;
  #framesOut = 0;
  #finishing: Promise<EncodeResult> | null = null;
  #aborting: Promise<void> | null = null;
  #decoderConfig: VideoDecoderConfig | null = null;

  private constructor(request: EncodeRequest, context: EncoderContext, page: BrowserPage) {
    this.#request = request;
    this.#context = context;
    this.#page = page;
    this.#supervisor = new Supervisor(context.inactivityTimeoutMs, context.signal);
    this.#framesPerKey = keyFrameDistance(request.frameRate);
    const target = new StreamTarget(
      new WritableStream<StreamTargetChunk>({ write: ({ data, position }) => context.output.write(data, position) }),
      { chunked: true },
    );
    // The index goes to the front, into room that the number of frames tells: nothing is kept in memory or written twice.
    this.#output = new Output({ format: new Mp4OutputFormat({ fastStart: request.frameCount === null ? false : "reserve" }), target });
    this.#packets = new EncodedVideoPacketSource("avc");
    this.#output.addVideoTrack(this.#packets, {
      frameRate: request.frameRate.numerator / request.frameRate.denominator,
      ...(request.frameCount === null ? {} : { maximumPacketCount: request.frameCount }),
    });
  }

  static async start(request: EncodeRequest, context: EncoderContext): Promise<WebCodecsSession> {
    const { quality } = request;
    if (context.signal.aborted) throw aborted(context.signal.reason);
    if (quality.preset !== undefined) context.warn(`The encoder "${NAME}" knows no preset: "${quality.preset}" was ignored`);
    const settings: EncoderSettings = settingsOf(request);
    if (quality.crf !== undefined)
      context.warn(`The encoder "${NAME}" knows no CRF: ${quality.crf} became ${settings.bitrate} bits a second`);
    const page: BrowserPage = request.frameFormat === "page" ? framePage(context) : await context.browser.newPage(OWN_PAGE_SIZE);
    const session = new WebCodecsSession(request, context, page);
    try {
      if (page !== context.page) await openOwnDocument(page);
      await page.bind("__framewrightChunk", (notice) => session.#receive(JSON.parse(notice) as EncoderNotice));
      await page.evaluate(encoderScript);
      await page.evaluate(`__framewrightEncoder.open(${JSON.stringify(settings)})`);
      await session.#output.start();
    } catch (thrown) {
      await session.abort();
      throw isRenderError(thrown) ? thrown : encoderFailed(NAME, messageOf(thrown), {}, thrown);
    }
    return session;
  }

  async write(frame: Frame): Promise<void> {
    try {
      if (this.#fault) throw this.#fault;
      const toEncode: FrameToEncode = {
        timestampUs: frame.timestampUs,
        durationUs: frame.durationUs,
        isKey: this.#framesIn % this.#framesPerKey === 0,
        picture: pictureOf(frame),
      };
      await this.#guarded("write", this.#page.evaluate(`__framewrightEncoder.encode(${JSON.stringify(toEncode)})`));
      this.#framesIn++;
    } finally {
      frame.close();
    }
  }

  finish(): Promise<EncodeResult> {
    return (this.#finishing ??= this.#finish());
  }

  async #finish(): Promise<EncodeResult> {
    if (this.#fault) throw this.#fault;
    await this.#guarded("finish", this.#flush());
    return {
      framesIn: this.#framesIn,
      framesOut: this.#framesOut,
      byteLength: await this.#context.output.byteLength(),
      codec: this.#request.codec,
    };
  }

  async #flush(): Promise<void> {
    await this.#page.evaluate("__framewrightEncoder.finish()");
    await this.#muxing;
    await this.#output.finalize();
    await this.#closeOwnPage();
  }

  /** The page that holds the frames is the capture's to close. */
  async #closeOwnPage(): Promise<void> {
    if (this.#page !== this.#context.page) await this.#page.close();
  }

  #receive(notice: EncoderNotice): void {
    if ("fault" in notice) {
      this.#fault ??= encoderFailed(NAME, notice.fault);
      return;
    }
    this.#muxing = this.#muxing.then(() => this.#mux(notice.chunk));
    this.#muxing.catch((thrown: unknown) => {
      this.#fault ??= isRenderError(thrown) ? thrown : encoderFailed(NAME, `writing the file failed: ${messageOf(thrown)}`, {}, thrown);
    });
  }

  async #mux({ data, isKey, timestampUs, durationUs, description, codec }: EncodedChunk): Promise<void> {
    const { width, height } = this.#request.size;
    // The colour that the frames were made with, whatever the browser says of its encoder.
    if (codec !== undefined)
      this.#decoderConfig = {
        codec,
        codedWidth: width,
        codedHeight: height,
        colorSpace: BT709,
        ...(description === undefined ? {} : { description: fromBase64(description) }),
      };
    const packet = new EncodedPacket(fromBase64(data), isKey ? "key" : "delta", timestampUs / 1e6, durationUs / 1e6);
    await this.#packets.add(packet, this.#decoderConfig === null ? undefined : { decoderConfig: this.#decoderConfig });
    this.#framesOut++;
  }

  async #guarded<Value>(phase: "write" | "finish", work: Promise<Value>): Promise<Value> {
    const { inactivityTimeoutMs } = this.#context;
    try {
      const value: Value = await this.#supervisor.run(work, () => encoderStalled(NAME, phase, inactivityTimeoutMs));
      if (this.#fault) throw this.#fault;
      return value;
    } catch (thrown) {
      this.#fault ??= isRenderError(thrown) ? thrown : encoderFailed(NAME, `${messageOf(thrown)} during ${phase}`, {}, thrown);
      throw this.#fault;
    }
  }

  abort(): Promise<void> {
    return (this.#aborting ??= this.#abort());
  }

  async #abort(): Promise<void> {
    this.#fault ??= aborted("the encoder was told to stop");
    // A page that is gone took the encoder with it.
    await this.#page.evaluate("globalThis.__framewrightEncoder?.close()").catch(() => {});
    await this.#muxing.catch(() => {});
    if (this.#output.state === "started") await this.#output.cancel().catch(() => {});
    await this.#closeOwnPage();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }
}

function framePage({ page }: EncoderContext): BrowserPage {
  if (page === null) throw encoderFailed(NAME, "the frames stay in a page that it was not given");
  return page;
}

function pictureOf({ pixels }: Frame): FrameToEncode["picture"] {
  if (pixels === null) return null;
  return pixels.format === "page" ? { handle: pixels.handle } : { format: pixels.format, data: toBase64(pixels.data) };
}

function keyFrameDistance({ numerator, denominator }: FrameRate): number {
  return Math.max(1, Math.round((numerator * KEY_FRAME_SECONDS) / denominator));
}
