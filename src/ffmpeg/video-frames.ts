import { aborted, durationInvalid, jobInvalid, mediaUnreadable } from "../core/errors.ts";
import type { Frame, HostPixels, Size } from "../core/frame.ts";
import {
  frameCountOf,
  frameTime,
  frameTimestampUs,
  parseFrameRate,
  type FrameRange,
  type FrameRate,
  type FrameRateInput,
} from "../core/frame-rate.ts";
import type { FrameSource } from "../core/source.ts";
import { pictureStore, type PictureStore, type PictureStoreOptions } from "./picture-store.ts";
import { RawPictures } from "./raw-pictures.ts";
import { videoFileFacts, type VideoFileFacts } from "./video-file-facts.ts";
import { openVideoPictures, type VideoPictures } from "./video-pictures.ts";
import { openVideoSource, pictureNumberAt, secondsIn, type VideoSource } from "./video-source.ts";

export interface VideoFramesOptions {
  /** Frames a second that are given, whatever the file has: 30, 29.97, "30000/1001". */
  readonly frameRate: FrameRateInput;
  /** Second of the file at which the first frame is taken; 0 where it is not given. */
  readonly mediaStart?: number;
  /** Seconds of the file a second, from 0.1 to 5; 1 where it is not given. */
  readonly playbackRate?: number;
  /** Begins again at `mediaStart` where the file ends; `durationSeconds` says for how long. */
  readonly loop?: boolean;
  /**
   * How long the frames last, in seconds. Longer than the file, its last frame is held; where it is not given, they last to the end of
   * the file.
   */
  readonly durationSeconds?: number;
  /** `RGBA` where it is not given. PNG and JPEG are kept on disk for the next time, and JPEG holds no transparency. */
  readonly format?: "RGBA" | "PNG" | "JPEG";
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath?: string;
  /** Where PNG and JPEG are kept. */
  readonly cache?: PictureStoreOptions;
}

/** Frames of a video file. Whoever opened it closes it. */
export interface VideoFrames extends FrameSource, AsyncDisposable {
  readonly frameCount: number;
  readonly access: "random";
  /** Whether its pixels may be transparent. */
  readonly hasAlpha: boolean;
  read(range: FrameRange, signal?: AbortSignal): AsyncIterable<VideoFileFrame>;
}

/** A frame whose pixels are in the memory of this host. */
export interface VideoFileFrame extends Frame {
  readonly pixels: HostPixels | null;
}

const [SLOWEST, FASTEST] = [0.1, 5] as const;

/**
 * Opens a video file as frames at a constant rate, decoded by ffmpeg: at each frame's time the picture that the file shows then, in
 * the size that it is shown in, upright. A frame that shows the same picture as the one before says so.
 *
 * @example
 * ```ts
 * import { videoFrames } from "framewright/node";
 *
 * await using clip = await videoFrames("clip.mp4", { frameRate: 30, mediaStart: 2, durationSeconds: 5 });
 * for await (const frame of clip.read({ start: 0, end: clip.frameCount })) {
 *   console.log(frame.index, frame.repeats, frame.pixels?.data.byteLength);
 *   frame.close();
 * }
 * ```
 *
 * @throws RenderError `media-unreadable`, `ffmpeg-missing`, `frame-rate-invalid`, `duration-invalid`, `job-invalid`
 */
export async function videoFrames(path: string, options: VideoFramesOptions): Promise<VideoFrames> {
  const facts: VideoFileFacts = await videoFileFacts(path);
  const timing: Timing = timingOf(options, facts.durationSeconds);
  const closed = new AbortController();
  const store: PictureStore = pictureStore(options.cache);
  const source: VideoSource = await openVideoSource(path, options, store, closed.signal);
  const hasAlpha: boolean = (facts.hasAlpha || source.index.stream.hasAlpha) && options.format !== "JPEG";
  const open: OpenReader = await readerOf(path, options, { facts: { ...facts, hasAlpha }, source });
  const { frameCount, frameRate } = timing;
  return {
    frameCount,
    frameRate,
    size: facts.size,
    access: "random",
    hasAlpha,
    async *read(range, signal) {
      const any: AbortSignal = signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal]);
      yield* framesOf(range, timing, { source, size: facts.size, reader: open.reader(any), signal: any });
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new Error("the video was closed"));
      await open.close();
    },
  };
}

/** When a frame is shown, and what of the file it shows. */
interface Timing {
  readonly frameRate: FrameRate;
  readonly frameCount: number;
  /** Seconds of the file that a frame shows. */
  secondsOf(index: number): number;
}

/** @param fileSeconds How long the file is */
export function timingOf(options: VideoFramesOptions, fileSeconds: number): Timing {
  const { mediaStart = 0, playbackRate = 1, loop = false, durationSeconds } = options;
  const frameRate: FrameRate = parseFrameRate(options.frameRate);
  const issues: string[] = [
    ...(mediaStart >= 0 && mediaStart < fileSeconds ? [] : [`mediaStart: ${mediaStart} lies outside the file, which has ${fileSeconds} s`]),
    ...(playbackRate >= SLOWEST && playbackRate <= FASTEST ? [] : [`playbackRate: ${playbackRate} must be from ${SLOWEST} to ${FASTEST}`]),
    ...(loop && durationSeconds === undefined ? ["durationSeconds: give one, for a loop has no end"] : []),
  ];
  if (issues.length > 0) throw jobInvalid(issues);
  const lasting: number = durationSeconds ?? (fileSeconds - mediaStart) / playbackRate;
  if (!(lasting > 0) || !Number.isFinite(lasting)) throw durationInvalid(durationSeconds, "job");
  const loopUs: number = Math.round((fileSeconds - mediaStart) * 1_000_000);
  return {
    frameRate,
    frameCount: frameCountOf(lasting, frameRate),
    secondsOf(index) {
      // In whole microseconds, so that the end of a round is the beginning of the next, and no hair before it.
      const playedUs: number = Math.round(frameTime(index, frameRate) * playbackRate * 1_000_000);
      return mediaStart + (loop ? playedUs % loopUs : playedUs) / 1_000_000;
    },
  };
}

/** Gives pictures of the file by their number. */
interface PictureReader {
  read(number: number): Promise<HostPixels>;
  close(): Promise<void>;
}

interface OpenReader {
  reader(signal: AbortSignal): PictureReader;
  close(): Promise<void>;
}

interface OpenFile {
  readonly facts: VideoFileFacts;
  readonly source: VideoSource;
}

async function readerOf(path: string, options: VideoFramesOptions, { facts, source }: OpenFile): Promise<OpenReader> {
  const { format = "RGBA" } = options;
  const { index, name } = source;
  if (format === "RGBA") {
    return {
      reader(signal) {
        const raw = new RawPictures(source, facts.size, facts.hasAlpha, signal);
        return {
          async read(number) {
            const data: Uint8Array | null = await raw.picture(number);
            if (data !== null) return { format, data };
            throw mediaUnreadable(name, `ffmpeg decodes no picture of it at ${secondsIn(index, index.timesUs[number]!).toFixed(3)} s`);
          },
          close: () => raw.close(),
        };
      },
      close: () => Promise.resolve(),
    };
  }
  const type = format === "PNG" ? "image/png" : "image/jpeg";
  const pictures: VideoPictures = await openVideoPictures(path, { ...options, facts, type });
  return {
    reader: (signal) => ({
      async read(number) {
        const { data } = await pictures.at(secondsIn(index, index.timesUs[number]!), signal);
        return { format, data };
      },
      close: () => Promise.resolve(),
    }),
    close: async () => {
      await pictures[Symbol.asyncDispose]();
    },
  };
}

interface Reading {
  readonly source: VideoSource;
  readonly size: Size;
  readonly reader: PictureReader;
  readonly signal: AbortSignal;
}

async function* framesOf(
  { start, end }: FrameRange,
  timing: Timing,
  { source, size, reader, signal }: Reading,
): AsyncGenerator<VideoFileFrame> {
  const { frameRate, frameCount, secondsOf } = timing;
  try {
    let before: number | null = null;
    for (let index = start; index < Math.min(end, frameCount); index++) {
      if (signal.aborted) throw aborted(signal.reason);
      const number: number = pictureNumberAt(source, secondsOf(index));
      const repeats: boolean = number === before;
      const pixels: HostPixels | null = repeats ? null : await reader.read(number);
      before = number;
      const timestampUs: number = frameTimestampUs(index, frameRate);
      const durationUs: number = frameTimestampUs(index + 1, frameRate) - timestampUs;
      yield { index, timestampUs, durationUs, size, repeats, pixels, close: () => {} };
    }
  } finally {
    await reader.close();
  }
}
