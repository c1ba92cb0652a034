import type { EncodeRequest } from "../encoder.ts";
import type { ParsedJob } from "../job.ts";
import type { Video } from "../video.ts";

/** What an encoder is asked for. */
export function encodeRequest(
  { container, codec, alpha, quality, timing, hardware, loop }: ParsedJob,
  { size, frameRate }: Pick<Video, "size" | "frameRate">,
  frameFormat: EncodeRequest["frameFormat"],
  frameCount: number | null,
): EncodeRequest {
  return {
    size: size.value,
    frameRate: frameRate.value,
    frameCount,
    frameFormat,
    container,
    codec,
    alpha,
    quality,
    timing,
    hardware,
    loop,
    audio: null,
  };
}
