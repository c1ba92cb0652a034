import { openOwnDocument } from "../browser/own-page.ts";
import { pageAnswers } from "../browser/boundary.ts";
import type { EncodedSound, SoundEncoderSettings } from "../browser/messages.ts";
import { fromBase64, toBase64 } from "../core/base64.ts";
import type { Browser, BrowserPage } from "../core/browser.ts";
import type { ContainerWriter } from "../core/container/container-writer.ts";
import type { SoundPacket, SoundTrack } from "../core/container/sound-packets.ts";
import { pcm24 } from "../core/pcm.ts";
import { CHANNELS, SAMPLE_RATE, type AudioCodec, type AudioRequest, type MixedSound } from "../core/sound.ts";

const OWN_PAGE_SIZE = { width: 32, height: 32 } as const;
/** Samples that go to the encoder at a time: one second. */
const PIECE = SAMPLE_RATE;
/** Silence behind the last sample: encoders hold some samples back, which come out with what follows. */
const TAIL_SAMPLES = 4096;
/** What ffmpeg's encoder of AAC puts before the first sample; the package that carries it says nothing of it. */
const AAC_PRIMING = 1024;

/** Encodes pieces of sound, in order. */
interface PieceEncoder extends AsyncDisposable {
  encode(samples: Float32Array): Promise<readonly EncodedPiece[]>;
  finish(): Promise<readonly EncodedPiece[]>;
}

type EncodedPiece = EncodedSound<Uint8Array<ArrayBuffer>>;

/** Null where this browser encodes so; what it lacks otherwise, in words. */
export async function soundLack({ codec, bitrate }: AudioRequest, browser: Browser): Promise<string | null> {
  if (codec === "pcm") return null;
  if (codec === "flac") return "it encodes no flac; use opus, aac or pcm, or --encoder ffmpeg-pipe";
  await using page = await encoderPage(codec, browser);
  const isSupported: boolean = await page.evaluate(
    `__framewrightSoundEncoder.isSupported(${JSON.stringify(settingsOf(bitrate ?? 0))})`,
    pageAnswers.flag,
  );
  return isSupported ? null : `${browser.product} encodes no ${codec}`;
}

/** The mix on its way into a container, a little ahead of the pictures: what is further on is neither read nor encoded. */
export class SoundEncoding implements AsyncDisposable {
  readonly track: SoundTrack;
  readonly #sound: MixedSound;
  readonly #config: AudioDecoderConfig;
  readonly #encoder: PieceEncoder;
  /** Encoded, and not yet in the container. */
  #waiting: SoundPacket[] = [];
  #nextStart: number;
  #samplesRead: number;
  #isFirst = true;
  #isFinished: boolean;

  private constructor(sound: MixedSound, codec: AudioCodec, encoder: PieceEncoder, first: FirstPieces) {
    const { description, samplesRead, pieces } = first;
    const primingSamples: number = primingOf(codec, description);
    this.#sound = sound;
    this.#encoder = encoder;
    this.#nextStart = -primingSamples;
    this.#samplesRead = samplesRead;
    this.#isFinished = samplesRead >= sound.sampleCount;
    this.#config = {
      codec: codecStrings[codec],
      sampleRate: SAMPLE_RATE,
      numberOfChannels: CHANNELS,
      ...(description === undefined ? {} : { description }),
    };
    this.#take(pieces);
    const { sampleCount } = sound;
    const packetSamples: number = this.#waiting[0]?.samples ?? PIECE;
    const packetLimit: number = Math.ceil((sampleCount + primingSamples) / packetSamples) + 1;
    this.track = { codec, primingSamples, sampleCount, packetLimit };
  }

  /** Starts the encoder and encodes the first piece, which says what the container is to be told. */
  static async open({ codec, bitrate }: AudioRequest, sound: MixedSound, browser: Browser): Promise<SoundEncoding> {
    if (codec === "flac") throw new TypeError("No browser encodes FLAC");
    const encoder: PieceEncoder = codec === "pcm" ? pcmEncoder : await openPageEncoder(codec, bitrate ?? 0, browser);
    try {
      return new SoundEncoding(sound, codec, encoder, await firstPieces(sound, encoder));
    } catch (thrown) {
      await encoder[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Writes all that is heard before a time, in seconds. */
  async writeUntil(seconds: number, writer: ContainerWriter, onPiece: () => void): Promise<void> {
    for (;;) {
      while (this.#waiting.length > 0 && this.#waiting[0]!.start / SAMPLE_RATE < seconds) await this.#writeNext(writer);
      if (this.#waiting.length > 0 || this.#isFinished) return;
      await this.#encodeNext();
      onPiece();
    }
  }

  async #writeNext(writer: ContainerWriter): Promise<void> {
    await writer.addSound(this.#waiting.shift()!, this.#isFirst ? this.#config : null);
    this.#isFirst = false;
  }

  async #encodeNext(): Promise<void> {
    const end: number = Math.min(this.#samplesRead + PIECE, this.#sound.sampleCount);
    const samples: Float32Array = await readWhole(this.#sound, this.#samplesRead, end);
    this.#samplesRead = end;
    this.#isFinished = end === this.#sound.sampleCount;
    this.#take(await this.#encoder.encode(samples));
    if (this.#isFinished) this.#take(await lastPieces(this.#encoder));
  }

  #take(pieces: readonly EncodedPiece[]): void {
    for (const { data, samples } of pieces) {
      this.#waiting.push({ data, start: this.#nextStart, samples });
      this.#nextStart += samples;
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#encoder[Symbol.asyncDispose]();
  }
}

interface FirstPieces {
  readonly pieces: readonly EncodedPiece[];
  readonly samplesRead: number;
  readonly description: Uint8Array<ArrayBuffer> | undefined;
}

/** Until the encoder says what it is to be decoded with: it does so with the first that comes out. */
async function firstPieces(sound: MixedSound, encoder: PieceEncoder): Promise<FirstPieces> {
  const pieces: EncodedPiece[] = [];
  let samplesRead = 0;
  while (pieces.length === 0 && samplesRead < sound.sampleCount) {
    const end: number = Math.min(samplesRead + PIECE, sound.sampleCount);
    pieces.push(...(await encoder.encode(await readWhole(sound, samplesRead, end))));
    samplesRead = end;
  }
  if (samplesRead === sound.sampleCount) pieces.push(...(await lastPieces(encoder)));
  return { pieces, samplesRead, description: pieces[0]?.description };
}

async function lastPieces(encoder: PieceEncoder): Promise<readonly EncodedPiece[]> {
  return [...(await encoder.encode(new Float32Array(TAIL_SAMPLES * CHANNELS))), ...(await encoder.finish())];
}

async function readWhole(sound: MixedSound, start: number, end: number): Promise<Float32Array> {
  const samples: Float32Array = await sound.read(start, end);
  if (samples.length === (end - start) * CHANNELS) return samples;
  throw new Error(`the mix gave ${samples.length / CHANNELS} samples instead of those from ${start} to ${end}`);
}

const codecStrings: Readonly<Record<AudioCodec, string>> = { aac: "mp4a.40.2", opus: "opus", flac: "flac", pcm: "pcm-s24" };

/** Of Opus the header says it, at its byte 10 (RFC 7845, section 5.1). */
function primingOf(codec: AudioCodec, description: Uint8Array<ArrayBuffer> | undefined): number {
  if (codec === "aac") return AAC_PRIMING;
  if (codec !== "opus") return 0;
  if (description === undefined) throw new Error("the browser encoded Opus and said nothing of its delay");
  return new DataView(description.buffer, description.byteOffset, description.byteLength).getUint16(10, true);
}

/** Needs no browser. */
const pcmEncoder: PieceEncoder = {
  encode: async (samples) => [{ data: pcm24(samples), samples: samples.length / CHANNELS }],
  finish: async () => [],
  async [Symbol.asyncDispose]() {},
};

/** In a page of its own: encoding beside pictures would take their time. */
async function openPageEncoder(codec: PageCodec, bitrate: number, browser: Browser): Promise<PieceEncoder> {
  const page: BrowserPage = await encoderPage(codec, browser);
  const called = (call: string): Promise<readonly EncodedPiece[]> =>
    page.evaluate(`__framewrightSoundEncoder.${call}`, pageAnswers.encodedSounds);
  try {
    await page.run(`__framewrightSoundEncoder.open(${JSON.stringify(settingsOf(bitrate))})`);
  } catch (thrown) {
    await page.close();
    throw thrown;
  }
  return {
    encode: (samples) => called(`encode("${toBase64(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))}")`),
    finish: () => called("finish()"),
    [Symbol.asyncDispose]: () => page.close(),
  };
}

type PageCodec = Extract<AudioCodec, "aac" | "opus">;

async function encoderPage(codec: PageCodec, browser: Browser): Promise<BrowserPage> {
  const page: BrowserPage = await browser.newPage(OWN_PAGE_SIZE);
  try {
    await openOwnDocument(page);
    await page.run(await scriptOf(codec));
    return page;
  } catch (thrown) {
    await page.close();
    throw thrown;
  }
}

/** Loaded where it is needed: the encoder of AAC is a megabyte. */
async function scriptOf(codec: PageCodec): Promise<string> {
  if (codec === "opus") return (await import("../browser/generated/opus-encoder-script.ts")).opusEncoderScript;
  const { aacEncoderGzip } = await import("../browser/generated/aac-encoder-gzip.ts");
  const packed = new Blob([fromBase64(aacEncoderGzip)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).text();
}

function settingsOf(bitrate: number): SoundEncoderSettings {
  return { sampleRate: SAMPLE_RATE, channels: CHANNELS, bitrate };
}
