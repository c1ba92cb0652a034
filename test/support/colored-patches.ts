import { readFile } from "node:fs/promises";
import type { Frame, FrameFormat, Size } from "../../src/core/frame.ts";
import { html, serveLoopback } from "./loopback.ts";
import type { PlainBrowser } from "./plain-browser.ts";
import { runFfmpeg } from "./video-frames.ts";

/** Red, green, blue and straight alpha. */
export type Color = readonly [number, number, number, number];

/** Six patches of 32 pixels, of colours that show a wrong matrix, a wrong range and multiplied alpha. */
export const patchesSize: Size = { width: 96, height: 64 };
const SIDE = 32;

const opaque: readonly Color[] = [
  [255, 0, 0, 255],
  [0, 255, 0, 255],
  [0, 0, 255, 255],
  [255, 255, 255, 255],
  [120, 60, 200, 255],
  [40, 40, 40, 255],
];
const seeThrough: readonly Color[] = [
  [255, 0, 0, 255],
  [0, 255, 0, 128],
  [0, 0, 255, 0],
  [255, 255, 255, 128],
  [120, 60, 200, 255],
  [40, 40, 40, 128],
];

/** The colours of a frame's patches, row by row: each frame shifts them by one, so that no frame looks like the next. */
export function patchColors(index: number, alpha: boolean): Color[] {
  const colors: readonly Color[] = alpha ? seeThrough : opaque;
  return colors.map((_, at) => colors[(at + index) % colors.length]!);
}

export function drawPatches(index: number, alpha: boolean, size: Size = patchesSize): Uint8Array {
  const colors: Color[] = patchColors(index, alpha);
  const data = new Uint8Array(size.width * size.height * 4);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const patch: number = Math.min(1, Math.floor(y / SIDE)) * 3 + Math.min(2, Math.floor(x / SIDE));
      data.set(colors[patch]!, (y * size.width + x) * 4);
    }
  }
  return data;
}

/** A frame with the patches in a format of the product, or one that repeats the frame before. */
export function patchFrame(index: number, pixels: { format: Exclude<FrameFormat, "page">; data: Uint8Array } | null): Frame {
  return { index, timestampUs: 0, durationUs: 0, size: patchesSize, repeats: pixels === null, pixels, close: () => {} };
}

/** The frame as PNG, JPEG or I420, made by ffmpeg as a browser would make them. */
export async function convertPatches(rgba: Uint8Array, format: "PNG" | "JPEG" | "I420"): Promise<Uint8Array> {
  const exact = "flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int";
  const args: Readonly<Record<typeof format, readonly string[]>> = {
    PNG: ["-f", "image2pipe", "-c:v", "png"],
    JPEG: [
      "-vf",
      `scale=out_color_matrix=bt601:out_range=pc:${exact},format=yuvj420p`,
      "-f",
      "image2pipe",
      "-c:v",
      "mjpeg",
      "-q:v",
      "1",
      "-qmin",
      "1",
    ],
    I420: ["-vf", `scale=out_color_matrix=bt709:out_range=tv:${exact},format=yuv420p`, "-f", "rawvideo"],
  };
  return runFfmpeg([...rawInput(patchesSize), ...args[format], "pipe:1"], [rgba]);
}

function rawInput({ width, height }: Size): string[] {
  return ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", `${width}x${height}`, "-i", "pipe:0"];
}

/** How far the middles of the patches are from what they shall be, at most, in each frame; colours that are not seen do not count. */
export function largestErrors(frames: readonly Uint8Array[], indexes: readonly number[], alpha: boolean): number[] {
  return frames.map((rgba, at) => {
    const colors: Color[] = patchColors(indexes[at]!, alpha);
    const errors: number[] = colors.flatMap((wanted, patch) => {
      const got: Color = middleOf(rgba, patch);
      const channels: readonly number[] = wanted[3] === 0 ? [3] : [0, 1, 2, 3];
      return channels.map((channel) => Math.abs(got[channel]! - wanted[channel]!));
    });
    return Math.max(...errors);
  });
}

/** The mean of the 8×8 pixels in the middle of a patch. */
function middleOf(rgba: Uint8Array, patch: number): Color {
  const [left, top]: [number, number] = [(patch % 3) * SIDE + 12, Math.floor(patch / 3) * SIDE + 12];
  const sums: [number, number, number, number] = [0, 0, 0, 0];
  for (let y = top; y < top + 8; y++)
    for (let x = left; x < left + 8; x++)
      for (const channel of [0, 1, 2, 3] as const) sums[channel] += rgba[(y * patchesSize.width + x) * 4 + channel]!;
  return [sums[0] / 64, sums[1] / 64, sums[2] / 64, sums[3] / 64];
}

/** What a file's pictures are stored as: it decides the way back to RGB. */
export type StoredColor = "bt709" | "jpeg" | "rgb";

/** Every picture of a file, or of a folder by its pattern, as RGBA. */
export async function decodePatches(
  file: string,
  color: StoredColor,
  decoder: readonly string[] = [],
  size: Size = patchesSize,
): Promise<Uint8Array[]> {
  const exact = "flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int";
  const toRgb: Readonly<Record<StoredColor, string>> = {
    bt709: `scale=in_color_matrix=bt709:in_range=tv:${exact},`,
    jpeg: `scale=in_color_matrix=bt601:in_range=pc:${exact},`,
    rgb: "",
  };
  const raw: Uint8Array = await runFfmpeg([
    ...[...decoder, "-i", file, "-map", "0:v:0", "-vf", `${toRgb[color]}format=rgba`],
    ...["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
  ]);
  const frameBytes: number = size.width * size.height * 4;
  return Array.from({ length: raw.length / frameBytes }, (_, at) => raw.subarray(at * frameBytes, (at + 1) * frameBytes));
}

/** A moving picture as Chromium decodes it. */
export interface DecodedAnimation {
  readonly pictures: readonly Uint8Array[];
  readonly durationsMs: readonly number[];
  /** Repeats after the first time; null for ever. */
  readonly repeats: number | null;
}

export async function decodeAnimation(browser: PlainBrowser, file: string, type: string): Promise<DecodedAnimation> {
  const bytes: Buffer = await readFile(file);
  await using server = await serveLoopback({ "/": html(""), "/picture": (response) => response.end(bytes) });
  const { frames, repeats } = await browser.evaluate<{ frames: { rgba: string; durationMs: number }[]; repeats: number | null }>(
    `http://127.0.0.1:${server.port}/`,
    `(async () => {
      const data = await (await fetch("/picture")).arrayBuffer();
      const decoder = new ImageDecoder({ data, type: ${JSON.stringify(type)}, premultiplyAlpha: "none" });
      await decoder.tracks.ready;
      await decoder.completed;
      const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
      const frames = [];
      for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
        const { image } = await decoder.decode({ frameIndex });
        const rgba = new Uint8Array(image.allocationSize({ format: "RGBA" }));
        await image.copyTo(rgba, { format: "RGBA" });
        frames.push({ rgba: btoa(Array.from(rgba, (byte) => String.fromCharCode(byte)).join("")), durationMs: image.duration / 1000 });
        image.close();
      }
      return { frames, repeats: repetitionCount === Infinity ? null : repetitionCount };
    })()`,
  );
  return {
    pictures: frames.map(({ rgba }) => Uint8Array.from(Buffer.from(rgba, "base64"))),
    durationsMs: frames.map(({ durationMs }) => durationMs),
    repeats,
  };
}
