/** The smallest and the largest value that a number may have, both included. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
}

export type RangeName =
  | "side"
  | "area"
  | "frameRate"
  | "frameRatePart"
  | "seconds"
  | "signedSeconds"
  | "playbackRate"
  | "gain"
  | "sampleRate"
  | "channels"
  | "clips"
  | "gainPoints"
  | "recordings"
  | "soundPieces"
  | "recordedSamples"
  | "bitrate"
  | "soundBitrate"
  | "gop"
  | "loop"
  | "fileSeconds"
  | "decodedSeconds"
  | "threads"
  | "timeoutMs";

/**
 * Ranges of all numbers that a page, a media file or a job decides. Whatever reads such a number checks it against these before it
 * allocates memory, writes a file or starts a process by it.
 */
export const ranges: Readonly<Record<RangeName, NumberRange>> = {
  /** Width or height of a picture, in pixels. */
  side: { least: 1, most: 16_384 },
  /** Width times height: 8,192 × 8,192, 256 MiB in RGBA. */
  area: { least: 1, most: 67_108_864 },
  /** Frames a second. */
  frameRate: { least: 0.001, most: 1000 },
  /** Each part of a frame rate as a fraction: ffmpeg and MP4 count in 32 bits. */
  frameRatePart: { least: 1, most: 2_147_483_647 },
  /** A time in a video or in a file, in seconds: 115 days. */
  seconds: { least: 0, most: 10_000_000 },
  /** A time that may lie before the beginning of the video, in seconds. */
  signedSeconds: { least: -10_000_000, most: 10_000_000 },
  /** Seconds of a file that pass in one of the video. */
  playbackRate: { least: 0.1, most: 5 },
  /** A level; 1 is that of the file. */
  gain: { least: 0, most: 1000 },
  /** Samples a second, as browsers take them. */
  sampleRate: { least: 3_000, most: 768_000 },
  /** Channels of a recording, as browsers take them. */
  channels: { least: 1, most: 32 },
  /** Stretches of files that are heard in one video. */
  clips: { least: 0, most: 10_000 },
  /** Points of all levels of one score together. */
  gainPoints: { least: 0, most: 2_000_000 },
  /** Stretches of sound that a page makes itself. */
  recordings: { least: 0, most: 10_000 },
  /** Pieces in which a page gives them, of five seconds each at most. */
  soundPieces: { least: 0, most: 100_000 },
  /** Samples of all channels of all recordings together: 4 GB of floats. */
  recordedSamples: { least: 0, most: 1_000_000_000 },
  /** Bits a second of pictures. */
  bitrate: { least: 1_000, most: 2_000_000_000 },
  /** Bits a second of sound. */
  soundBitrate: { least: 6_000, most: 512_000 },
  /** Frames from one key frame to the next. */
  gop: { least: 1, most: 100_000 },
  /** How often a moving picture plays; 0 is for ever. */
  loop: { least: 0, most: 65_535 },
  /** A time stamp of a file, in seconds: files may begin anywhere. */
  fileSeconds: { least: -10_000_000_000, most: 10_000_000_000 },
  /** Seconds of a file that are decoded for one video: the longest at the highest rate. */
  decodedSeconds: { least: 0, most: 100_000_000 },
  /** Threads of a decoder; 0 leaves it to the decoder. */
  threads: { least: 0, most: 64 },
  /** A timeout in milliseconds: timers count in 31 bits, and fire at once above that. */
  timeoutMs: { least: 1, most: 2_147_483_647 },
};

/** Whether a value is a finite number within a range. */
export function isWithinRange(value: unknown, { least, most }: NumberRange): value is number {
  return typeof value === "number" && value >= least && value <= most;
}

/** Whether a value is an integer within a range. */
export function isIntegerWithin(value: unknown, range: NumberRange): value is number {
  return isWithinRange(value, range) && Number.isInteger(value);
}

/** The range in words, such as "0.1 to 5". */
export function describeRange({ least, most }: NumberRange): string {
  return `${least} to ${most}`;
}
