import type { FrameFormat } from "./frame.ts";

/** What the output is: a video file, a moving picture, or a folder of numbered pictures. */
export type Container = "mp4" | "webm" | "mov" | "mkv" | "gif" | "webp" | "apng" | "png-sequence" | "jpeg-sequence" | "webp-sequence";

export type VideoCodec =
  | "h264"
  | "hevc"
  | "av1"
  | "vp9"
  | "vp8"
  | "prores-4444"
  | "prores-422"
  | "ffv1"
  /** Moving pictures and folders have one codec each. */
  | "gif"
  | "webp"
  | "png"
  | "jpeg";

/** What a container is and holds. */
export interface FormatFacts {
  /** `video`: a file with timestamps; `animation`: a picture that moves and loops; `sequence`: a folder of pictures. */
  readonly kind: "video" | "animation" | "sequence";
  /** Extension of the file, or of the pictures in the folder, with the dot. */
  readonly extension: string;
  /** The first is taken unless the job names one. */
  readonly codecs: readonly VideoCodec[];
}

export const formats: Readonly<Record<Container, FormatFacts>> = {
  mp4: { kind: "video", extension: ".mp4", codecs: ["h264", "hevc", "av1"] },
  webm: { kind: "video", extension: ".webm", codecs: ["vp9", "av1", "vp8"] },
  mov: { kind: "video", extension: ".mov", codecs: ["prores-4444", "prores-422", "h264"] },
  mkv: { kind: "video", extension: ".mkv", codecs: ["h264", "ffv1"] },
  gif: { kind: "animation", extension: ".gif", codecs: ["gif"] },
  webp: { kind: "animation", extension: ".webp", codecs: ["webp"] },
  apng: { kind: "animation", extension: ".apng", codecs: ["png"] },
  "png-sequence": { kind: "sequence", extension: ".png", codecs: ["png"] },
  "jpeg-sequence": { kind: "sequence", extension: ".jpg", codecs: ["jpeg"] },
  "webp-sequence": { kind: "sequence", extension: ".webp", codecs: ["webp"] },
};

/** How a codec holds pictures, and what a job may say of it. */
export interface CodecFacts {
  readonly hasAlpha: boolean;
  /** `4:2:0` and `4:2:2` halve colour, so that sides must be even; `4:4:4` and `rgb` keep every pixel's own. */
  readonly color: "4:2:0" | "4:2:2" | "4:4:4" | "rgb";
  /** The largest constant rate factor; null where the codec knows none. The least is 0. */
  readonly largestCrf: number | null;
  /** Whether the speed presets of x264 mean something to it. */
  readonly hasPresets: boolean;
  readonly hasBitrate: boolean;
  /** The first is taken unless the job says another. */
  readonly pixelFormats: readonly string[];
}

const of420 = ["yuv420p", "yuv444p"] as const;
const intra = { largestCrf: null, hasPresets: false, hasBitrate: false } as const;

export const codecs: Readonly<Record<VideoCodec, CodecFacts>> = {
  h264: video({ largestCrf: 51, hasPresets: true, pixelFormats: ["yuv420p", "yuv422p", "yuv444p"] }),
  hevc: video({ largestCrf: 51, hasPresets: true, pixelFormats: ["yuv420p", "yuv420p10le", "yuv444p"] }),
  av1: video({ largestCrf: 63, pixelFormats: ["yuv420p", "yuv420p10le"] }),
  vp9: video({ largestCrf: 63, hasAlpha: true, pixelFormats: [...of420] }),
  vp8: video({ largestCrf: 63, pixelFormats: ["yuv420p"] }),
  "prores-4444": { ...intra, hasAlpha: true, color: "4:4:4", pixelFormats: ["yuv444p10le"] },
  "prores-422": { ...intra, hasAlpha: false, color: "4:2:2", pixelFormats: ["yuv422p10le"] },
  ffv1: { ...intra, hasAlpha: true, color: "rgb", pixelFormats: ["bgr0"] },
  gif: { ...intra, hasAlpha: true, color: "rgb", pixelFormats: ["pal8"] },
  webp: { ...intra, hasAlpha: true, color: "rgb", pixelFormats: ["rgba"] },
  png: { ...intra, hasAlpha: true, color: "rgb", pixelFormats: ["rgba"] },
  jpeg: { ...intra, hasAlpha: false, color: "4:2:0", pixelFormats: ["yuvj420p", "yuvj444p"] },
};

function video(facts: Pick<CodecFacts, "pixelFormats" | "largestCrf"> & Partial<CodecFacts>): CodecFacts {
  return { hasAlpha: false, color: "4:2:0", hasPresets: false, hasBitrate: true, ...facts };
}

/** Whether colour is kept for every second pixel alone, so that both sides must be even. */
export function needsEvenSides(codec: VideoCodec, pixelFormat: string | undefined): boolean {
  if (codec === "jpeg") return false;
  return pixelFormat === undefined ? codecs[codec].color.startsWith("4:2") : /42[02]/.test(pixelFormat);
}

/** Formats that frames may come in without losing what the output keeps, best first. `keepsColor`: it keeps every pixel's own. */
export function frameFormatsFor(alpha: boolean, keepsColor: boolean): readonly FrameFormat[] {
  return alpha || keepsColor ? ["RGBA", "PNG"] : ["page", "I420", "RGBA", "PNG", "JPEG"];
}

/** Containers whose files end so; the extension is compared without regard to case. */
export function containerOf(output: string): Container | null {
  const name: string = output.toLowerCase();
  const isPattern: boolean = /%0?\d*d/.test(name);
  for (const [container, { kind, extension }] of Object.entries(formats)) {
    if (!name.endsWith(extension)) continue;
    // A number in the name makes a folder of pictures of it; without one only ".webp" is a moving picture.
    if ((kind === "sequence") === isPattern) return container as Container;
  }
  return isPattern && name.endsWith(".jpeg") ? "jpeg-sequence" : null;
}
