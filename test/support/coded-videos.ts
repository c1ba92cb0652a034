import { makeBarCodeVideo } from "./bar-code-videos.ts";

/** A video file whose frames show their own numbers as bar codes. */
export interface CodedVideo {
  /** Ends in the extension of its container. */
  readonly path: string;
  /** Frames a second as ffmpeg writes it, such as "24000/1001". */
  readonly rate: string;
  readonly frames: number;
  /** ffmpeg's output arguments: the codec and what it needs. */
  readonly codec: readonly string[];
  /** Of a variable rate: each frame's number of ticks of `rate` since the beginning, rising from 0. */
  readonly ticks?: readonly number[];
  /** More for the output, such as an edit list or a rotation. */
  readonly more?: readonly string[];
}

/** Each as small and quick as bar codes allow. */
export const codedCodecs: Readonly<Record<"h264" | "hevc" | "vp8" | "vp9" | "av1" | "prores", readonly string[]>> = {
  h264: ["-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-bf", "3", "-g", "48", "-pix_fmt", "yuv420p"],
  hevc: [
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-crf",
    "16",
    "-x265-params",
    "log-level=error",
    "-pix_fmt",
    "yuv420p",
    "-tag:v",
    "hvc1",
  ],
  vp8: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M", "-pix_fmt", "yuv420p"],
  vp9: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "20", "-b:v", "0", "-pix_fmt", "yuv420p"],
  av1: ["-c:v", "libsvtav1", "-preset", "12", "-crf", "25", "-pix_fmt", "yuv420p"],
  prores: ["-c:v", "prores_ks", "-profile:v", "3", "-pix_fmt", "yuv422p10le"],
};

/** Writes one by the ffmpeg of the machine. */
export async function makeCodedVideo({ path, rate, frames, codec, ticks, more = [] }: CodedVideo): Promise<void> {
  if (ticks === undefined) return makeBarCodeVideo(path, { frameCount: frames, frameRate: rate, encoder: [...codec, ...more] });
  const [numerator, denominator = "1"] = rate.split("/");
  // Frames come at the constant rate; the filter gives each the time that it is to have.
  const times: string = ticks.map((tick, at) => `eq(N,${at})*${tick}`).join("+");
  const filter = `settb=${denominator}/${numerator},setpts='${times}'`;
  return makeBarCodeVideo(path, { frameCount: frames, frameRate: rate, filter, encoder: ["-fps_mode", "vfr", ...codec, ...more] });
}
