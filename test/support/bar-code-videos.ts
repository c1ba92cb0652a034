import { barCodePicture } from "./bar-code-frames.ts";
import { barCodeSize, readBarCode } from "./bar-code.ts";
import { runFfmpeg } from "./video-frames.ts";

export interface BarCodeVideo {
  readonly frameCount: number;
  /** As ffmpeg writes it. */
  readonly frameRate: string;
  /** Encoder and its options. */
  readonly encoder: readonly string[];
  /** What happens to the pictures before they are encoded. */
  readonly filter?: string;
}

/** Makes a video file whose frames show their own number. */
export async function makeBarCodeVideo(file: string, { frameCount, frameRate, encoder, filter }: BarCodeVideo): Promise<void> {
  const { width, height } = barCodeSize;
  const frames: Uint8Array[] = Array.from({ length: frameCount }, (_, index) => barCodePicture(index));
  const input = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${width}x${height}`, "-framerate", frameRate, "-i", "pipe:0"];
  await runFfmpeg([...input, ...(filter === undefined ? [] : ["-vf", filter]), ...encoder, "-y", `file:${file}`], frames);
}

/** The numbers that encoded pictures of one type show; null where one shows none. */
export async function numbersShown(
  pictures: readonly { readonly data: Uint8Array }[],
  type: "image/jpeg" | "image/png",
): Promise<(number | null)[]> {
  const codec: string = type === "image/jpeg" ? "mjpeg" : "png";
  const raw: Uint8Array = await runFfmpeg(
    [
      ...["-f", "image2pipe", "-c:v", codec, "-i", "pipe:0", "-fps_mode", "passthrough"],
      ...["-vf", `scale=${barCodeSize.width}:${barCodeSize.height}`, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"],
    ],
    pictures.map(({ data }) => data),
  );
  const bytes: number = barCodeSize.width * barCodeSize.height;
  return pictures.map((_, at) => readBarCode(raw.subarray(at * bytes, (at + 1) * bytes)));
}

/** The number that pixels in RGBA show. */
export function numberInRgba(rgba: Uint8Array): number | null {
  return readBarCode(Uint8Array.from({ length: rgba.length / 4 }, (_, at) => rgba[at * 4 + 1]!));
}
