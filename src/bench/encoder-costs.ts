import { join } from "node:path";
import type { Browser } from "../core/browser.ts";
import type { Capture, CaptureSession } from "../core/capture.ts";
import type { EncodeRequest, Encoder, EncoderSession, QualityLevel } from "../core/encoder.ts";
import { formats, frameFormatsFor, type Container, type VideoCodec } from "../core/formats.ts";
import type { Frame, FrameFormat } from "../core/frame.ts";
import type { RenderHost } from "../core/host.ts";
import { keepsColor } from "../core/job-format.ts";
import type { EncoderCost } from "../core/policy/costs.ts";
import type { Amounts } from "./amounts.ts";
import { keptFrame, type KeptFrames } from "./kept-frames.ts";
import { BENCH_RATE, FrameReader, openCapture, type PagePlace } from "./page-frames.ts";
import { rounded } from "./rounded.ts";
import { countUse, whenIdle } from "./usage-meter.ts";

const SILENCE_MS = 60_000;
const levels: readonly QualityLevel[] = ["draft", "standard", "high", "lossless"];

export interface EncoderToMeasure {
  readonly encoder: Encoder;
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly level: QualityLevel;
  readonly frameFormat: FrameFormat;
}

/** What frames an encoder is given: those in memory, or those that stay in the page that is captured meanwhile. */
export type EncoderInput =
  | { readonly from: "memory"; readonly frames: KeptFrames }
  | { readonly from: "page"; readonly capture: Capture; readonly captureCpuMsPerMegapixel: number };

export interface EncoderPlace {
  readonly page: PagePlace;
  readonly browser: Browser;
  readonly host: Pick<RenderHost, "openSink">;
  /** An empty folder for what is written. */
  readonly folder: string;
}

/**
 * What is worth measuring of an encoder: H.264 at each level in the format that comes first, and at the standard one in the others;
 * of all other codecs the standard level. `available`: the formats that captures give here.
 */
export function casesOf(encoder: Encoder, available: readonly FrameFormat[]): EncoderToMeasure[] {
  return codecsOf(encoder).flatMap(({ codec, container }) =>
    levels
      .filter((level) => codec === "h264" || level === "standard")
      .flatMap((level) => {
        const harmless: readonly FrameFormat[] = frameFormatsFor(false, keepsColor({ codec, quality: { level } }));
        const fit = encoder.traits.accepts.filter((format) => harmless.includes(format) && available.includes(format));
        const taken: readonly FrameFormat[] = codec === "h264" && level === "standard" ? fit : fit.slice(0, 1);
        return taken.map((frameFormat): EncoderToMeasure => ({ encoder, container, codec, level, frameFormat }));
      }),
  );
}

/** Each codec once, in the first of the containers that it is written into. */
function codecsOf({ traits }: Encoder): { codec: VideoCodec; container: Container }[] {
  const found = new Map<VideoCodec, Container>();
  for (const container of Object.keys(formats) as Container[])
    for (const codec of traits.writes[container] ?? []) if (!found.has(codec)) found.set(codec, container);
  return [...found].map(([codec, container]) => ({ codec, container }));
}

/** What the encoder is asked for. */
export function requestOf({ container, codec, level, frameFormat }: EncoderToMeasure, { size }: Pick<Amounts, "size">): EncodeRequest {
  return {
    ...{ size, frameRate: BENCH_RATE, frameCount: null, frameFormat, container, codec },
    ...{ alpha: false, quality: { level }, timing: "constant", hardware: null, loop: 0, audio: null },
  };
}

/**
 * Encodes twice, the second time more frames: the difference is what frames cost, and no start is in it.
 *
 * @throws RenderError what the encoder and the capture throw
 */
export async function measureEncoder(
  toMeasure: EncoderToMeasure,
  input: EncoderInput,
  place: EncoderPlace,
  amounts: Amounts,
): Promise<EncoderCost> {
  const { encoder, codec, level, frameFormat } = toMeasure;
  const { pilotFrames, encodeCpuMs, encodedFrames } = amounts;
  const encode = (frameCount: number): Promise<number> =>
    encodeOnce(encoder, { ...requestOf(toMeasure, amounts), frameCount }, input, place);
  const pilotMs: number = await encode(pilotFrames);
  const affordable: number = Math.floor((encodeCpuMs * pilotFrames) / Math.max(1, pilotMs));
  const frames: number = Math.min(encodedFrames, Math.max(affordable, 3 * pilotFrames));
  const longerMs: number = await encode(frames);
  const megapixels: number = (amounts.size.width * amounts.size.height) / 1e6;
  // Threads of VP8 spin while they wait, so that fewer frames may take more: the start is then counted with them.
  const msPerFrame: number = longerMs > pilotMs ? (longerMs - pilotMs) / (frames - pilotFrames) : longerMs / frames;
  const cpuMsPerMegapixel: number = msPerFrame / megapixels;
  return { encoder: encoder.name, codec, level, frameFormat, cpuMsPerMegapixel: rounded(cpuMsPerMegapixel) };
}

/** Gives the processor time in milliseconds. */
async function encodeOnce(encoder: Encoder, request: EncodeRequest, input: EncoderInput, place: EncoderPlace): Promise<number> {
  const { page, browser, host, folder } = place;
  const { kind, extension } = formats[request.container];
  const sink = await host.openSink(join(folder, kind === "sequence" ? "pictures" : `video${extension}`), request.container);
  try {
    await using session: CaptureSession | null = input.from === "page" ? await openCapture(input.capture, "page", page) : null;
    await using reader = session && new FrameReader(session, page.signal);
    await using encoding: EncoderSession = await encoder.open(request, {
      ...{ output: sink, signal: page.signal, browser, page: session?.page ?? null, sound: null },
      ...{ inactivityTimeoutMs: SILENCE_MS, warn: () => {} },
    });
    await whenIdle();
    const enough = await countUse();
    for (let index = 0; index < request.frameCount!; index++) await encoding.write(await frameAt(index, input, reader));
    await encoding.finish();
    return (await enough()).cpuMs - captureMs(input, request);
  } finally {
    await sink.discard();
  }
}

function frameAt(index: number, input: EncoderInput, reader: FrameReader | null): Promise<Frame> {
  return input.from === "memory" ? Promise.resolve(keptFrame(input.frames, index)) : reader!.next();
}

/** What capturing the frames cost, where they were captured meanwhile. */
function captureMs(input: EncoderInput, { size, frameCount }: EncodeRequest): number {
  if (input.from === "memory") return 0;
  return (input.captureCpuMsPerMegapixel * frameCount! * size.width * size.height) / 1e6;
}
