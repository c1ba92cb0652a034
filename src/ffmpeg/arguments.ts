import type { EncodeRequest } from "../core/encoder.ts";
import { encoderFailed } from "../core/errors.ts";
import type { Container } from "../core/formats.ts";
import { formatFrameRate, type FrameRate } from "../core/frame-rate.ts";
import { fileArgument, numberedFileArgument, sizeArgument } from "./argument.ts";
import { constantRateArguments, type FfmpegBuild } from "./build.ts";
import { checkedRequest } from "./checked-request.ts";
import { isLack, type CodecChoice, type CodecLack } from "./codec-choice.ts";
import { colorFilters, colorTags, i420InputTags } from "./color.ts";
import { hardwareCodec } from "./hardware-codecs.ts";
import { softwareCodec } from "./software-codecs.ts";
import { soundInput, soundOutput } from "./sound-choice.ts";

/** Where the frames are, all in `request.frameFormat`. */
export type FfmpegInput =
  /** They come through the standard input. */
  | { readonly from: "pipe" }
  /** One file a frame, numbered without gaps from 0. `pattern` is a name that ffmpeg reads, such as "%06d.png". */
  | { readonly from: "folder"; readonly folder: string; readonly pattern: string };

/** Where the pictures go. */
export type FfmpegOutput =
  | { readonly to: "file"; readonly path: string }
  | { readonly to: "folder"; readonly folder: string; readonly pattern: string }
  /** They are encoded and thrown away. */
  | { readonly to: "nowhere" };

export interface FfmpegArgumentsOptions {
  /** Name of our encoder, for messages. */
  readonly encoder: string;
  readonly input: FfmpegInput;
  readonly output: FfmpegOutput;
  /** Path of the mix, where the request has `audio`. */
  readonly sound: string | null;
  readonly build: Pick<FfmpegBuild, "release" | "encoders">;
  /** Output arguments of the caller's own, over ours. */
  readonly extra: readonly string[];
}

/** The encoder of ffmpeg that a request is for, whether or not the build has it. */
export function codecChoice(request: EncodeRequest, build: Pick<FfmpegBuild, "release" | "encoders">): CodecChoice | CodecLack {
  checkedRequest(request);
  return request.hardware === null ? softwareCodec(request, build) : hardwareCodec(request.hardware, request);
}

/**
 * ffmpeg's arguments for a request, every value of which is checked. With variable timing the file holds the changed frames at a constant rate and gets its
 * times afterwards.
 *
 * @throws RenderError `encoder-failed` for what ffmpeg cannot do
 */
export function ffmpegArguments(request: EncodeRequest, options: FfmpegArgumentsOptions): string[] {
  const { encoder, input, output, sound, build, extra } = options;
  const { audio, container } = request;
  const choice: CodecChoice | CodecLack = codecChoice(request, build);
  if (isLack(choice)) throw encoderFailed(encoder, choice.lacks);
  return [
    ...["-hide_banner", "-loglevel", "error", "-nostats", "-progress", "pipe:1", "-y"],
    ...(choice.device ?? []),
    ...inputsOf(request, input, encoder),
    ...(sound === null ? [] : soundInput(request, sound, build)),
    ...filterArguments(request, choice),
    ...(sound === null || audio === null ? [] : ["-map", "1:a:0", ...soundOutput(container, audio, build)]),
    ...["-c:v", container === "apng" ? "apng" : choice.encoder, ...choice.options],
    ...(choice.upload === undefined && request.codec !== "gif" ? ["-pix_fmt", choice.pixelFormat] : []),
    ...["-r", formatFrameRate(request.frameRate), ...constantRateArguments(build)],
    ...colorTags(choice.pixelFormat),
    ...extra,
    ...outputArguments(request, output),
  ];
}

/** The palette of a GIF comes from all of the frames: they are read twice, for kept in memory they would fill it. */
function inputsOf(request: EncodeRequest, input: FfmpegInput, encoder: string): readonly string[] {
  const once: readonly string[] = inputArguments(request, input);
  if (request.codec !== "gif") return once;
  if (input.from === "pipe") throw encoderFailed(encoder, "a GIF's palette needs all frames before the first is written; put them on disk");
  return [...once, ...once];
}

function inputArguments({ frameFormat, size, frameRate }: EncodeRequest, input: FfmpegInput): readonly string[] {
  const rate: readonly string[] = ["-framerate", formatFrameRate(frameRate)];
  const file: readonly string[] = input.from === "pipe" ? ["-i", "pipe:0"] : ["-start_number", "0", "-i", numberedFileArgument(input)];
  const raw = (pixelFormat: string): string[] => [
    ...(input.from === "pipe" ? ["-f", "rawvideo"] : ["-f", "image2", "-c:v", "rawvideo"]),
    ...["-pixel_format", pixelFormat, "-video_size", sizeArgument(size, "x"), ...rate, ...file],
  ];
  const pictures = (codec: string): string[] => ["-f", input.from === "pipe" ? "image2pipe" : "image2", "-c:v", codec, ...rate, ...file];
  switch (frameFormat) {
    case "I420":
      return [...i420InputTags, ...raw("yuv420p")];
    case "RGBA":
      return raw("rgba");
    case "PNG":
      return pictures("png");
    case "JPEG":
      return pictures("mjpeg");
    case "page":
      throw new TypeError("Frames that stay in the page reach no ffmpeg");
  }
}

/** ffmpeg reports no progress before its first output, which here needs all frames: a line for each frame that it reads says it instead. */
const SIGN_OF_LIFE = "metadata=mode=add:key=read:value=1,metadata=mode=print:file=-:direct=1";

function filterArguments(request: EncodeRequest, choice: CodecChoice): readonly string[] {
  const filters: string = [...colorFilters(request, choice.pixelFormat), ...(choice.upload ?? [])].join(",");
  if (request.codec !== "gif") return ["-map", "0:v:0", "-vf", filters];
  const transparency: string = request.alpha ? "reserve_transparent=1" : "reserve_transparent=0";
  return [
    "-filter_complex",
    `[0:v]${filters},${SIGN_OF_LIFE},palettegen=${transparency}[palette];[1:v]${filters}[frames];[frames][palette]paletteuse=alpha_threshold=128[out]`,
    "-map",
    "[out]",
  ];
}

const muxers: Readonly<Record<Container, string>> = {
  mp4: "mp4",
  webm: "webm",
  mov: "mov",
  mkv: "matroska",
  gif: "gif",
  webp: "webp",
  apng: "apng",
  "png-sequence": "image2",
  "jpeg-sequence": "image2",
  "webp-sequence": "image2",
};

/** The name of ffmpeg for what writes a container. */
export function muxerOf(container: Container): string {
  return muxers[container];
}

function outputArguments(request: EncodeRequest, output: FfmpegOutput): readonly string[] {
  if (output.to === "nowhere") return ["-f", "null", "-"];
  const format: readonly string[] = ["-f", muxerOf(request.container)];
  if (output.to === "folder") return ["-start_number", "0", ...format, numberedFileArgument(output)];
  return [...containerArguments(request), ...format, fileArgument(output.path)];
}

function containerArguments({ container, frameRate, timing, loop }: EncodeRequest): readonly string[] {
  switch (container) {
    case "mp4":
    case "mov":
      // A file that is written again for its times needs no index in front.
      return [...["-video_track_timescale", `${timescaleOf(frameRate)}`], ...(timing === "constant" ? ["-movflags", "+faststart"] : [])];
    case "gif":
      // It counts repeats after the first time, and -1 is none.
      return ["-loop", `${loop === 0 ? 0 : loop === 1 ? -1 : loop - 1}`];
    case "webp":
      return ["-loop", `${loop}`];
    case "apng":
      return ["-plays", `${loop}`];
    default:
      return [];
  }
}

/** Ticks a second, so that every frame lasts a whole number of them: files of one rate have one timescale, and join without drift. */
export function timescaleOf({ numerator }: FrameRate): number {
  let timescale: number = numerator;
  while (timescale < 10_000) timescale *= 2;
  return timescale;
}
