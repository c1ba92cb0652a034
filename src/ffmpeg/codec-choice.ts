import type { EncodeRequest } from "../core/encoder.ts";

/** The encoder of ffmpeg that makes a codec, and what it is told. */
export interface CodecChoice {
  /** Its name in ffmpeg, such as "libx264". */
  readonly encoder: string;
  /** The pixel format that it gets. */
  readonly pixelFormat: string;
  /** Its options. */
  readonly options: readonly string[];
  /** What must stand before the inputs, for hardware. */
  readonly device?: readonly string[];
  /** Filters that bring the pixels to hardware. */
  readonly upload?: readonly string[];
}

/** What cannot be had, and what to do about it. */
export interface CodecLack {
  readonly lacks: string;
}

export function isLack(choice: CodecChoice | CodecLack): choice is CodecLack {
  return "lacks" in choice;
}

/** Key frames at most so far apart; where nobody says, encoders know best. */
export function keyFrameArguments({ quality: { gop } }: Pick<EncodeRequest, "quality">): readonly string[] {
  return gop === undefined ? [] : ["-g", `${gop}`];
}
