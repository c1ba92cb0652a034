import { toBase64 } from "../core/base64.ts";
import type { BrowserPage, PageRealm } from "../core/browser.ts";
import { aborted, encoderFailed, encoderNotStarted, encoderStalled, isRenderError, messageOf, type RenderError } from "../core/errors.ts";
import type {
  EncodeRequest,
  EncodeResult,
  Encoder,
  EncoderContext,
  EncoderProbeContext,
  EncoderSession,
  EncoderTraits,
} from "../core/encoder.ts";
import type { Frame, HostPixels } from "../core/frame.ts";
import { frameTime, type FrameRate } from "../core/frame-rate.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import { within } from "../core/pipeline/watchdog.ts";
import type { FileSink } from "../core/sink.ts";
import type { Support } from "../core/support.ts";
import { encoderScript } from "../browser/generated/encoder-script.ts";
import { openOwnDocument } from "../browser/own-page.ts";
import { pageAnswers, pageBindings } from "../browser/boundary.ts";
import { CHUNK_BINDING, type EncodedChunk, type EncoderNotice, type EncoderSettings, type FrameToEncode } from "../browser/messages.ts";
import { codecStrings, type WebCodec } from "./codec-strings.ts";
import { ContainerWriter, type TimedPacket } from "../core/container/container-writer.ts";
import { frameData } from "./frame-data.ts";
import { rateControl } from "./webcodecs-rate.ts";
import { SoundEncoding, soundLack } from "./webcodecs-sound.ts";

const NAME = "webcodecs";
const OWN_PAGE_SIZE = { width: 32, height: 32 } as const;
/** Seconds between key frames: players seek to them. */
const KEY_FRAME_SECONDS = 4;
/** Longest wait in milliseconds for an encoder that is told to close. */
const CLOSE_MS = 1_000;
const BT709 = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false } as const;

const traits: EncoderTraits = {
  accepts: ["page", "I420", "RGBA", "PNG", "JPEG"],
  writes: { mp4: ["h264", "hevc", "av1"], webm: ["vp9", "av1", "vp8"], mov: ["h264"], mkv: ["h264"] },
  alphaCodecs: [],
  // No FLAC: browsers encode none.
  writesAudio: { mp4: ["aac", "opus"], webm: ["opus"], mov: ["aac", "pcm"], mkv: ["aac", "opus", "pcm"] },
  runsIn: "page",
  takes: "stream",
  variableTiming: true,
  joinable: ["mp4", "webm", "mov", "mkv"],
};

/**
 * Encodes inside the browser page with `VideoEncoder`: only encoded chunks leave it, and mediabunny writes them into the
 * container. Needs no ffmpeg and no processes.
 */
export function webcodecs(): Encoder {
  return { contract: 1, name: NAME, traits, probe, open };
}

/** A page whose scripts never end lets no encoder start in it. */
async function open(request: EncodeRequest, context: EncoderContext): Promise<EncoderSession> {
  const { inactivityTimeoutMs, signal } = context;
  const opening: Promise<WebCodecsSession> = WebCodecsSession.start(request, context);
  const silence = (): RenderError =>
    encoderNotStarted(NAME, `the page did not answer within ${inactivityTimeoutMs} ms (streaming.inactivityTimeoutMs)`);
  try {
    return await new Supervisor(inactivityTimeoutMs, signal).run(opening, silence);
  } catch (thrown) {
    // One that opens after all has nobody who would end it.
    opening.then((session) => session.abort()).catch(() => {});
    throw thrown;
  }
}

async function probe(request: EncodeRequest, { browser }: EncoderProbeContext): Promise<Support> {
  const refused: readonly string[] = refusals(request);
  if (refused.length > 0) return { ok: false, reasons: refused };
  try {
    await using page = await browser.newPage(OWN_PAGE_SIZE);
    await openOwnDocument(page);
    await page.run(encoderScript);
    const codec: string | null = await page.evaluate(
      `__framewrightEncoder.choose(${JSON.stringify(settingsOf(request))})`,
      pageAnswers.codec,
    );
    const lack: string | null = request.audio === null ? null : await soundLack(request.audio, browser);
    if (lack !== null) return { ok: false, reasons: [lack] };
    if (codec !== null) return { ok: true, details: { codec } };
    const { width, height } = request.size;
    return { ok: false, reasons: [`${browser.product} encodes no ${codecNames[request.codec as WebCodec]} at ${width}×${height}`] };
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)] };
  }
}

const codecNames: Readonly<Record<WebCodec, string>> = { h264: "H.264", hevc: "HEVC", av1: "AV1", vp9: "VP9", vp8: "VP8" };

/** What no browser's encoder does, whichever browser it is. */
function refusals({ container, codec, alpha, quality: { level, preset, pixelFormat }, hardware, audio }: EncodeRequest): string[] {
  const reasons: string[] = [];
  if (audio !== null && traits.writesAudio[container]?.includes(audio.codec) !== true)
    reasons.push(`it writes no sound as ${audio.codec} into ${container}`);
  if (traits.writes[container]?.includes(codec) !== true) reasons.push(`it writes no ${codec} into ${container}`);
  if (alpha) reasons.push("the encoders of browsers keep no transparency");
  if (level === "lossless") reasons.push("the encoders of browsers are not lossless");
  if (preset !== undefined) reasons.push(`the encoders of browsers know no preset, such as "${preset}"`);
  if (pixelFormat !== undefined && pixelFormat !== "yuv420p")
    reasons.push(`it writes the pixel format yuv420p alone, not "${pixelFormat}"`);
  if (hardware !== null) reasons.push(`whether ${hardware} is used is the browser's own choice`);
  return reasons;
}

function settingsOf({ size, frameRate, codec, quality }: EncodeRequest): EncoderSettings {
  const framesPerSecond: number = frameRate.numerator / frameRate.denominator;
  return {
    codecs: codecStrings(codec as WebCodec, size, frameRate),
    ...size,
    framesPerSecond,
    rate: rateControl(codec as WebCodec, quality, size.width * size.height * framesPerSecond),
  };
}

/** A packet whose end is not known until the next one begins. */
type HeldPacket = Omit<TimedPacket, "frames">;

class WebCodecsSession implements EncoderSession {
  readonly #request: EncodeRequest;
  readonly #context: EncoderContext;
  readonly #page: BrowserPage;
  /** Where the encoder is; null before it is opened. */
  #realm: PageRealm | null = null;
  readonly #writer: ContainerWriter;
  readonly #sound: SoundEncoding | null;
  readonly #framesPerKey: number;
  readonly #supervisor: Supervisor;
  #muxing: Promise<void> = Promise.resolve();
  #fault: RenderError | null = null;
  #framesIn = 0;
  #framesOut = 0;
  /** The frames at which the pictures begin that went in and have not come out. */
  readonly #starts: number[] = [];
  #lastKey = 0;
  #held: HeldPacket | null = null;
  #finishing: Promise<EncodeResult> | null = null;
  #aborting: Promise<void> | null = null;
  #decoderConfig: VideoDecoderConfig | null = null;

  private constructor(
    request: EncodeRequest,
    context: EncoderContext,
    page: BrowserPage,
    writer: ContainerWriter,
    sound: SoundEncoding | null,
  ) {
    this.#request = request;
    this.#context = context;
    this.#page = page;
    this.#writer = writer;
    this.#sound = sound;
    this.#supervisor = new Supervisor(context.inactivityTimeoutMs, context.signal);
    this.#framesPerKey = request.quality.gop ?? keyFrameDistance(request.frameRate);
  }

  static async start(request: EncodeRequest, context: EncoderContext): Promise<WebCodecsSession> {
    if (context.signal.aborted) throw aborted(context.signal.reason);
    const refused: readonly string[] = refusals(request);
    if (refused.length > 0) throw encoderFailed(NAME, refused.join("; "));
    const settings: EncoderSettings = settingsOf(request);
    if (request.quality.crf !== undefined && "bitrate" in settings.rate)
      context.warn(
        `Browsers encode ${codecNames[request.codec as WebCodec]} at no constant quality: CRF ${request.quality.crf} became ${settings.rate.bitrate} bits a second`,
      );
    const sound: SoundEncoding | null = await openSound(request, context);
    try {
      return await WebCodecsSession.#startPictures(request, context, settings, sound);
    } catch (thrown) {
      await sound?.[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  static async #startPictures(
    request: EncodeRequest,
    context: EncoderContext,
    settings: EncoderSettings,
    sound: SoundEncoding | null,
  ): Promise<WebCodecsSession> {
    const writer: ContainerWriter = await ContainerWriter.open(fileOf(context), {
      ...request,
      packetLimit: request.frameCount,
      sound: sound?.track ?? null,
    });
    const page: BrowserPage = request.frameFormat === "page" ? framePage(context) : await context.browser.newPage(OWN_PAGE_SIZE);
    const session = new WebCodecsSession(request, context, page, writer, sound);
    try {
      if (page !== context.page) await openOwnDocument(page);
      // Kept frames are there as well; no other script can answer in the encoder's place.
      const realm: PageRealm = await page.isolated();
      session.#realm = realm;
      await realm.bind(pageBindings.chunk(CHUNK_BINDING), (notice) => session.#receive(notice));
      await realm.run(encoderScript);
      await realm.run(`__framewrightEncoder.open(${JSON.stringify(settings)})`);
    } catch (thrown) {
      await session.abort();
      throw isRenderError(thrown) ? thrown : encoderFailed(NAME, messageOf(thrown), {}, thrown);
    }
    return session;
  }

  async write(frame: Frame): Promise<void> {
    try {
      if (this.#fault) throw this.#fault;
      if (this.#finishing) throw encoderFailed(NAME, `frame ${frame.index} came after the finish`);
      if (!frame.repeats || this.#framesIn === 0 || this.#request.timing === "constant") await this.#encode(frame);
      this.#framesIn++;
      // The sound of the frames that are there: what is further on waits with them.
      await this.#guarded("write", this.#writeSound(frameTime(this.#framesIn, this.#request.frameRate)));
    } finally {
      frame.close();
    }
  }

  async #encode(frame: Frame): Promise<void> {
    const start: number = this.#framesIn;
    const isKey: boolean = start === 0 || start - this.#lastKey >= this.#framesPerKey;
    const toEncode: FrameToEncode = {
      timestampUs: frame.timestampUs,
      durationUs: frame.durationUs,
      isKey,
      picture: this.#pictureOf(frame),
    };
    if (isKey) this.#lastKey = start;
    this.#starts.push(start);
    await this.#guarded("write", this.#realm!.run(`__framewrightEncoder.encode(${JSON.stringify(toEncode)})`));
  }

  async #writeSound(until: number): Promise<void> {
    await this.#sound?.writeUntil(until, this.#writer, () => this.#supervisor.beat());
  }

  /** A frame that cannot be encoded would be missing from the file: the fault stays. */
  #pictureOf(frame: Frame): FrameToEncode["picture"] {
    try {
      return pictureOf(frame, this.#framesIn === 0, this.#request);
    } catch (thrown) {
      throw (this.#fault ??= thrown as RenderError);
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
    await this.#realm!.run("__framewrightEncoder.finish()");
    await this.#muxing;
    const missing: number = this.#starts.length;
    if (missing > 0) throw new Error(`${missing} pictures never came out of the encoder`);
    await this.#closeOwnPage();
    await this.#writeHeld(this.#framesIn);
    this.#writer.endPictures();
    await this.#writeSound(Infinity);
    await this.#sound?.[Symbol.asyncDispose]();
    await this.#writer.finish();
  }

  /** The page that holds the frames is the capture's to close. */
  async #closeOwnPage(): Promise<void> {
    if (this.#page !== this.#context.page) await this.#page.close();
  }

  #receive(notice: EncoderNotice<Uint8Array>): void {
    if ("fault" in notice) {
      this.#fault ??= encoderFailed(NAME, notice.fault);
      return;
    }
    this.#muxing = this.#muxing.then(() => this.#mux(notice.chunk));
    this.#muxing.catch((thrown: unknown) => {
      this.#fault ??= isRenderError(thrown) ? thrown : encoderFailed(NAME, `writing the file failed: ${messageOf(thrown)}`, {}, thrown);
    });
  }

  async #mux({ data, isKey, description, codec }: EncodedChunk<Uint8Array>): Promise<void> {
    const { width, height } = this.#request.size;
    const start: number | undefined = this.#starts.shift();
    if (start === undefined) throw this.#page.refuse("an encoded picture", "more pictures came out of the encoder than went in");
    // The colour that the frames were made with, whatever the browser says of its encoder.
    if (codec !== undefined)
      this.#decoderConfig ??= {
        codec,
        codedWidth: width,
        codedHeight: height,
        colorSpace: BT709,
        ...(description === undefined ? {} : { description }),
      };
    await this.#writeHeld(start);
    this.#held = { data, isKey, start };
  }

  /** A picture lasts until the next one begins, or until the end. */
  async #writeHeld(until: number): Promise<void> {
    if (this.#held === null) return;
    await this.#writer.add({ ...this.#held, frames: until - this.#held.start }, this.#framesOut === 0 ? this.#decoderConfig : null);
    this.#held = null;
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
    // A page that is gone took the encoder with it, and one whose scripts never end keeps it until it is closed.
    if (this.#realm !== null)
      await within(CLOSE_MS, this.#realm.run("globalThis.__framewrightEncoder?.close()"), () => new Error("no answer")).catch(() => {});
    await this.#muxing.catch(() => {});
    await this.#writer.cancel();
    await this.#sound?.[Symbol.asyncDispose]();
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

/** @throws RenderError `encoder-failed` */
async function openSound({ audio }: EncodeRequest, { sound, browser }: EncoderContext): Promise<SoundEncoding | null> {
  if (audio === null) return null;
  if (sound === null) throw encoderFailed(NAME, `it was asked for ${audio.codec} and given no sound`);
  try {
    return await SoundEncoding.open(audio, sound, browser);
  } catch (thrown) {
    throw isRenderError(thrown) ? thrown : encoderFailed(NAME, `encoding the sound failed: ${messageOf(thrown)}`, {}, thrown);
  }
}

function fileOf({ output }: EncoderContext): FileSink {
  if (output.kind === "file") return output;
  throw encoderFailed(NAME, `it writes a file, and "${output.name}" is a folder`);
}

/** @throws RenderError `encoder-failed` where it is none that can be encoded */
function pictureOf(frame: Frame, isFirst: boolean, request: EncodeRequest): FrameToEncode["picture"] {
  const { index, pixels } = frame;
  if (pixels === null) {
    if (isFirst) throw encoderFailed(NAME, `frame ${index} repeats a frame that never came`);
    return null;
  }
  if (pixels.format === "page" && request.frameFormat === "page") return { handle: pixels.handle };
  const data: string = toBase64(frameData(NAME, frame, request));
  return { format: (pixels as HostPixels).format, data };
}

function keyFrameDistance({ numerator, denominator }: FrameRate): number {
  return Math.max(1, Math.round((numerator * KEY_FRAME_SECONDS) / denominator));
}
