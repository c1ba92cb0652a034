import type { EncodeRequest, EncodeResult, Encoder, EncoderContext, EncoderSession } from "../core/encoder.ts";
import { aborted, encoderFailed, encoderStalled, isRenderError, messageOf, type RenderError } from "../core/errors.ts";
import type { Frame } from "../core/frame.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import type { FolderSink } from "../core/sink.ts";
import type { Support } from "../core/support.ts";
import { ffmpegBuild } from "../ffmpeg/build.ts";
import { findFfmpeg } from "../ffmpeg/find.ts";
import { ffmpegSupport } from "../ffmpeg/support.ts";
import { ffmpegPictures } from "../ffmpeg/pictures.ts";
import { frameData } from "./frame-data.ts";
import { ownPictures } from "./own-pictures.ts";
import type { PictureWriter } from "../ffmpeg/picture-writer.ts";
import { encodePng } from "./png-picture.ts";

export interface PngSequenceOptions {
  /** Path of ffmpeg, for JPEG and WebP; found where it is not given. */
  readonly executablePath?: string;
}

const NAME = "png-sequence";

/** Writes each frame as a picture of its own: PNG without ffmpeg, JPEG and WebP with it. */
export function pngSequence({ executablePath }: PngSequenceOptions = {}): Encoder {
  return {
    contract: 1,
    name: NAME,
    traits: {
      accepts: ["RGBA", "PNG", "I420", "JPEG"],
      writes: { "png-sequence": ["png"], "jpeg-sequence": ["jpeg"], "webp-sequence": ["webp"] },
      alphaCodecs: ["png", "webp"],
      writesAudio: {},
      runsIn: "process",
      takes: "files",
      variableTiming: false,
      joinable: [],
    },
    async probe(request, { signal }): Promise<Support> {
      if (request.timing === "variable")
        return { ok: false, reasons: ["pictures in a folder have no durations; leave timing variable out, or write a video"] };
      if (ownEncoding(request) !== null) return { ok: true };
      return ffmpegSupport(request, { encoder: NAME, executablePath, extra: [], ...(signal ? { signal } : {}) });
    },
    async open(request, context) {
      const { output, signal } = context;
      if (signal.aborted) throw aborted(signal.reason);
      if (output.kind !== "folder")
        throw encoderFailed(NAME, `it writes folders of pictures, and "${output.name}" is a file; give a pattern such as frames/%06d.png`);
      const own = ownEncoding(request);
      const writer: PictureWriter =
        own === null
          ? await ffmpegPictures(NAME, request, output, await ffmpegBuild(await findFfmpeg(executablePath)), context)
          : ownPictures(output, own);
      return new PictureSession(request, context, output, writer);
    },
  };
}

/** How this process makes the pictures; null where ffmpeg has to. */
function ownEncoding({ codec, frameFormat, size }: EncodeRequest): ((data: Uint8Array) => Promise<Uint8Array>) | null {
  const isThereAlready: boolean = (codec === "png" && frameFormat === "PNG") || (codec === "jpeg" && frameFormat === "JPEG");
  if (isThereAlready) return async (data) => data.slice();
  return codec === "png" && frameFormat === "RGBA" ? (data) => encodePng(data, size) : null;
}

class PictureSession implements EncoderSession {
  readonly #request: EncodeRequest;
  readonly #context: EncoderContext;
  readonly #sink: FolderSink;
  readonly #writer: PictureWriter;
  readonly #supervisor: Supervisor;
  #framesIn = 0;
  /** The first fault wins, and every later call hears of it. */
  #fault: RenderError | null = null;
  #finishing: Promise<EncodeResult> | null = null;
  #aborting: Promise<void> | null = null;

  constructor(request: EncodeRequest, context: EncoderContext, sink: FolderSink, writer: PictureWriter) {
    this.#request = request;
    this.#context = context;
    this.#sink = sink;
    this.#writer = writer;
    this.#supervisor = new Supervisor(context.inactivityTimeoutMs, context.signal);
  }

  async write(frame: Frame): Promise<void> {
    try {
      if (this.#fault) throw this.#fault;
      if (this.#finishing !== null) throw encoderFailed(NAME, `frame ${frame.index} came after the end`);
      await this.#guarded("write", () => this.#take(frame));
      this.#framesIn++;
    } finally {
      frame.close();
    }
  }

  #take(frame: Frame): Promise<void> {
    if (frame.pixels !== null && !(frame.repeats && this.#framesIn > 0))
      return this.#writer.add(this.#framesIn, frameData(NAME, frame, this.#request));
    if (this.#framesIn === 0) throw encoderFailed(NAME, `frame ${frame.index} repeats a frame that never came`);
    return this.#writer.repeat(this.#framesIn);
  }

  finish(): Promise<EncodeResult> {
    return (this.#finishing ??= this.#finish());
  }

  async #finish(): Promise<EncodeResult> {
    if (this.#fault) throw this.#fault;
    await this.#guarded("finish", () => this.#writer.finish());
    const { codec } = this.#request;
    return { framesIn: this.#framesIn, framesOut: this.#framesIn, byteLength: await this.#sink.byteLength(), codec };
  }

  async #guarded(phase: "write" | "finish", work: () => Promise<void>): Promise<void> {
    const { inactivityTimeoutMs } = this.#context;
    try {
      // A function that throws at once must be heard as well.
      const working: Promise<void> = (async () => work())();
      await this.#supervisor.run(working, () => encoderStalled(NAME, phase, inactivityTimeoutMs));
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
    await this.#writer.abort();
    // What still writes into the folder must have ended before it is dropped.
    await this.#finishing?.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }
}
