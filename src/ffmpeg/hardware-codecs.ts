import type { EncodeRequest, Hardware, Quality } from "../core/encoder.ts";
import type { VideoCodec } from "../core/formats.ts";
import { keyFrameArguments, type CodecChoice, type CodecLack } from "./codec-choice.ts";
import { hardwareRate, videotoolboxQuality, type LossyLevel } from "./quality.ts";
import { hevcTag, rateFactor } from "./software-codecs.ts";

type Request = Pick<EncodeRequest, "codec" | "container" | "quality">;

/** What each kind makes, by its name in ffmpeg. */
const made: Readonly<Record<Hardware, readonly VideoCodec[]>> = {
  nvenc: ["h264", "hevc", "av1"],
  qsv: ["h264", "hevc", "av1"],
  vaapi: ["h264", "hevc", "av1"],
  videotoolbox: ["h264", "hevc"],
};

/** Where Linux puts the first GPU that renders. */
const VAAPI_DEVICE = "/dev/dri/renderD128";

/** The encoder in hardware for a request, and its options. */
export function hardwareCodec(hardware: Hardware, request: Request): CodecChoice | CodecLack {
  const { codec, quality, container } = request;
  if (!made[hardware].includes(codec)) return { lacks: `${hardware} makes no ${codec}; use ${made[hardware].join(", ")}` };
  if (quality.level === "lossless" && quality.crf === undefined && quality.bitrate === undefined)
    return { lacks: `${hardware} is used for lossy video alone; leave quality.level lossless to software` };
  const common: readonly string[] = [...["-bf", "0", ...keyFrameArguments(request)], ...(codec === "hevc" ? hevcTag(container) : [])];
  const encoder = `${codec}_${hardware}`;
  switch (hardware) {
    case "nvenc":
      return {
        encoder,
        pixelFormat: quality.pixelFormat ?? "yuv420p",
        options: [...["-preset", "p5", "-rc", "vbr"], ...rateArguments("-cq", quality, ["-b:v", "0"]), ...common],
      };
    case "qsv":
      return { encoder, pixelFormat: "nv12", options: [...["-preset", "medium"], ...rateArguments("-global_quality", quality), ...common] };
    case "vaapi":
      return {
        encoder,
        pixelFormat: "nv12",
        device: ["-vaapi_device", VAAPI_DEVICE],
        upload: ["hwupload"],
        options: [...(quality.bitrate === undefined ? ["-rc_mode", "CQP"] : []), ...rateArguments("-global_quality", quality), ...common],
      };
    case "videotoolbox":
      return { encoder, pixelFormat: "nv12", options: [...videotoolboxRate(quality), ...common] };
  }
}

function rateArguments(option: string, { level, crf, bitrate }: Quality, besides: readonly string[] = []): readonly string[] {
  return bitrate === undefined ? [option, rateFactor(crf ?? hardwareRate[lossyLevel(level)]), ...besides] : ["-b:v", bitrate.toFixed(0)];
}

/** It counts upwards: CRF 0 is 100, and two steps of CRF are about three of it. */
function videotoolboxRate({ level, crf, bitrate }: Quality): readonly string[] {
  if (bitrate !== undefined) return ["-b:v", bitrate.toFixed(0)];
  const quality: number = crf === undefined ? videotoolboxQuality[lossyLevel(level)] : Math.max(1, Math.round(100 - crf * 1.5));
  return ["-q:v", `${quality}`];
}

function lossyLevel(level: Quality["level"]): LossyLevel {
  return level === "lossless" ? "high" : level;
}
