import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import type { Size } from "../../src/core/frame.ts";
import { machineFfmpeg } from "./ffmpeg-builds.ts";

/** Formats in which a file's frames are read back, each without padding: planes Y, U, V for `yuv420p`. */
export type DecodedFormat = "gray" | "yuv420p" | "rgb24";

const BITS_PER_PIXEL: Readonly<Record<DecodedFormat, number>> = { gray: 8, yuv420p: 12, rgb24: 24 };

/** The colour that a decoder takes a file's frames for. */
export interface ColorTags {
  readonly matrix: string;
  readonly primaries: string;
  readonly transfer: string;
  /** `tv` is limited. */
  readonly range: string;
}

/** Every frame of a video as it is stored: none is repeated or left out to keep a rate. */
export async function decodeFrames(file: string, size: Size, format: DecodedFormat): Promise<Uint8Array[]> {
  const filter: string[] = format === "rgb24" ? ["-vf", rgbFilter(await colorTags(file))] : [];
  const raw: Uint8Array = await runFfmpeg([
    ...["-i", file, "-map", "0:v:0", ...filter],
    ...["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", format, "pipe:1"],
  ]);
  return split(raw, (size.width * size.height * BITS_PER_PIXEL[format]) / 8);
}

/** PNG pictures of one size as rgb24, with their very values. */
export async function decodePictures(pictures: readonly Uint8Array[], size: Size): Promise<Uint8Array[]> {
  const raw: Uint8Array = await runFfmpeg(
    ["-f", "image2pipe", "-c:v", "png", "-i", "pipe:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
    pictures,
  );
  return split(raw, size.width * size.height * 3);
}

/** What ffmpeg's decoder says of the first frame: by ffmpeg itself, for not every host that has it has ffprobe. */
export async function colorTags(file: string): Promise<ColorTags> {
  const { executablePath } = await machineFfmpeg();
  const { stderr } = await promisify(execFile)(executablePath, [
    ...["-hide_banner", "-i", file, "-map", "0:v:0", "-frames:v", "1"],
    ...["-vf", "showinfo", "-f", "null", "-"],
  ]);
  const tag = (name: string): string => new RegExp(`\\b${name}:(\\S+)`).exec(stderr)?.[1] ?? "none";
  return { matrix: tag("color_space"), primaries: tag("color_primaries"), transfer: tag("color_trc"), range: tag("color_range") };
}

/** The way back from the tags to RGB, with the flags that spend time on rounding well. */
function rgbFilter({ matrix, range }: ColorTags): string {
  const flags = "flags=accurate_rnd+full_chroma_int+full_chroma_inp";
  return `scale=in_color_matrix=${matrix}:in_range=${range}:out_range=pc:${flags}`;
}

/** Runs ffmpeg and gives its standard output. */
export async function runFfmpeg(args: readonly string[], input: readonly Uint8Array[] = []): Promise<Uint8Array> {
  const { executablePath } = await machineFfmpeg();
  const child = spawn(executablePath, ["-hide_banner", "-loglevel", "error", ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const [output, complaints]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (piece: Buffer) => output.push(piece));
  child.stderr.on("data", (piece: Buffer) => complaints.push(piece));
  // Its end says more than a broken pipe.
  child.stdin.on("error", () => {});
  child.stdin.end(Buffer.concat(input));
  const code: number | null = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`ffmpeg ${args.join(" ")} ended with ${code}: ${Buffer.concat(complaints).toString()}`);
  return Buffer.concat(output);
}

function split(bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  if (bytes.length % pieceBytes !== 0) throw new Error(`${bytes.length} bytes are no whole number of frames of ${pieceBytes} bytes`);
  return Array.from({ length: bytes.length / pieceBytes }, (_, at) => bytes.subarray(at * pieceBytes, (at + 1) * pieceBytes));
}
