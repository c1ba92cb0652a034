import type { Box } from "../../src/core/blocks.ts";
import type { CaptureSession } from "../../src/core/capture.ts";
import type { HostPixels, Size } from "../../src/core/frame.ts";
import type { FrameRange } from "../../src/core/frame-rate.ts";
import { runFfmpeg } from "./video-frames.ts";

/** One frame's red, green, blue and alpha, the colours not multiplied with the alpha. */
export interface StraightPicture {
  readonly repeats: boolean;
  pixelAt(x: number, y: number): readonly number[];
  /** Rows from the top. */
  pixelsIn(box: Box): number[][];
  /** The largest difference of one channel in a box, 0 to 255; of colours by how much is to be seen of them. */
  largestDifference(other: StraightPicture, box: Box): number;
}

/** Reads frames of RGBA or PNG; one that repeats the one before has its pixels. */
export async function readPictures(session: CaptureSession, range: FrameRange, size: Size): Promise<StraightPicture[]> {
  const pictures: StraightPicture[] = [];
  let rgba = new Uint8Array();
  for await (const frame of session.read(range, {})) {
    if (frame.pixels !== null) rgba = await decoded(frame.pixels as HostPixels);
    if (rgba.length !== size.width * size.height * 4) throw new Error(`Frame ${frame.index} has ${rgba.length} bytes`);
    pictures.push(straightPicture(rgba, size, frame.repeats));
    frame.close();
  }
  return pictures;
}

/** How far a colour may be off that was kept in 8 bits multiplied with its alpha on the way. */
export function tolerance(alpha: number): number {
  if (alpha === 0) return 0;
  return alpha >= 128 ? 1 : Math.ceil(255 / alpha);
}

async function decoded({ format, data }: HostPixels): Promise<Uint8Array<ArrayBuffer>> {
  if (format === "RGBA") return Uint8Array.from(data);
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"];
  return Uint8Array.from(await runFfmpeg(["-f", "image2pipe", "-c:v", "png", "-i", "pipe:0", ...raw], [data]));
}

function straightPicture(rgba: Uint8Array, { width }: Size, repeats: boolean): StraightPicture {
  const pixelAt = (x: number, y: number): number[] => [...rgba.subarray((y * width + x) * 4, (y * width + x + 1) * 4)];
  const pixelsIn = (box: Box): number[][] =>
    Array.from({ length: box.width * box.height }, (_, at) => pixelAt(box.x + (at % box.width), box.y + Math.floor(at / box.width)));
  return {
    repeats,
    pixelAt,
    pixelsIn,
    largestDifference(other, box) {
      const theirs: number[][] = other.pixelsIn(box);
      return Math.max(
        ...pixelsIn(box).map((pixel, at) =>
          Math.max(...seen(pixel).map((channel, which) => Math.abs(channel - seen(theirs[at]!)[which]!))),
        ),
      );
    },
  };
}

function seen([red, green, blue, alpha]: readonly number[]): number[] {
  const share: number = alpha! / 255;
  return [red! * share, green! * share, blue! * share, alpha!];
}
