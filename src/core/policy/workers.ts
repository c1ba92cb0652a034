import type { HostFacts } from "../host.ts";
import type { CaptureCost, EncoderCost } from "./costs.ts";
import type { VideoLoad } from "./video-load.ts";

/** What decides how many workers a job gets. */
export interface WorkerFacts {
  readonly host: Pick<HostFacts, "cores" | "memoryBytes">;
  /** Null where nobody measured it. */
  readonly capture: CaptureCost | null;
  /** Null where nobody measured it: it is then taken to cost the processors what the capture does. */
  readonly encoder: EncoderCost | null;
  readonly videos: Pick<VideoLoad, "ms" | "cpuMs" | "workerBytes">;
  readonly megapixels: number;
  readonly frameCount: number;
}

/** How many, and why. */
export interface WorkerChoice {
  readonly workers: number;
  readonly reason: string;
}

/** Threads that one encoder keeps busy, at most: more cores do not make it faster. Taken, not measured: the benches have two cores. */
const ENCODER_THREADS = 8;
/** Of the memory that the process may use, the share that workers may take; the system, the encoder, and the frames that wait need theirs. */
const MEMORY_SHARE = 0.5;
/** Starting one more browser and opening the page in it, in milliseconds. */
const WORKER_START_MS = 1_500;
/** A worker must save several times what its start costs, for the start takes processors from those that work already. */
const WORTH_STARTS = 4;
/**
 * A last worker that would be busy for less than this of its time is left out. It could bring no more than that, while costs differ
 * by as much from page to page, and two threads of one core do less than two cores: where one worker keeps all processors busy, a
 * second was measured to make the render slower.
 */
const LEAST_USE = 0.5;
/** The size at which the memory of workers is measured. */
const MEASURED_PIXELS: number = 1920 * 1080;
/** RGBA pictures that a worker holds: four slots, the canvas, its frame, a copy here and one in the page. */
const PICTURES_HELD = 8;

/**
 * Frames a second that the processors allow, if there are workers enough: the capture and the encoding of a frame share them.
 *
 * @param encoders How many encode at the same time
 */
function framesPerSecondAtMost(
  { host, capture, encoder, videos, megapixels }: Omit<WorkerFacts, "capture" | "frameCount"> & { readonly capture: CaptureCost },
  encoders: number,
): number {
  const captureMs: number = capture.cpuMsPerMegapixel * megapixels + videos.cpuMs;
  const encodeMs: number = (encoder ?? capture).cpuMsPerMegapixel * megapixels;
  const byProcessors: number = (host.cores * 1000) / (captureMs + encodeMs);
  const byEncoders: number = (Math.min(host.cores, ENCODER_THREADS * encoders) * 1000) / encodeMs;
  return Math.min(byProcessors, byEncoders);
}

/** Frames a second with a number of workers and encoders; null where nobody measured the capture. */
export function framesPerSecondWith(workers: number, encoders: number, { capture, ...facts }: WorkerFacts): number | null {
  if (capture === null) return null;
  const byWorkers: number = (workers * 1000) / (capture.msPerMegapixel * facts.megapixels + facts.videos.ms);
  return Math.min(byWorkers, framesPerSecondAtMost({ capture, ...facts }, encoders));
}

/** As many workers as the processors can feed, the memory can hold, and the video is long enough for. */
export function chooseWorkers({ capture, ...facts }: WorkerFacts): WorkerChoice {
  if (capture === null) return { workers: 1, reason: "1 worker: nobody measured what this capture costs" };
  const { host, videos, megapixels, frameCount } = facts;
  const captureMs: number = capture.msPerMegapixel * megapixels + videos.ms;
  const most: number = framesPerSecondAtMost({ capture, ...facts }, 1);
  const memoryBytes: number = memoryOfWorker(capture, megapixels) + videos.workerBytes;
  const limits: readonly (readonly [number, string])[] = [
    [
      (most * captureMs) / 1000 + 1 - LEAST_USE,
      `${host.cores} ${host.cores === 1 ? "core gives" : "cores give"} at most ${round(most)} frames/s, encoding included, and one worker captures ${round(1000 / captureMs)}`,
    ],
    [
      (host.memoryBytes * MEMORY_SHARE) / memoryBytes,
      `each takes ${round(memoryBytes / 1e6)} MB of memory, and half of ${round(host.memoryBytes / 1e6)} MB is for them`,
    ],
    [
      (frameCount * captureMs) / (WORKER_START_MS * WORTH_STARTS),
      `one captures the whole video in ${round(Math.max(0.1, (frameCount * captureMs) / 1000))} s, and one more takes ${WORKER_START_MS / 1000} s to start`,
    ],
  ];
  const [least, why] = limits.reduce((lowest, limit) => (limit[0] < lowest[0] ? limit : lowest));
  const workers: number = Math.max(1, Math.floor(least));
  return { workers, reason: `${workers} ${workers === 1 ? "worker" : "workers"}: ${why}` };
}

/** Smaller pictures save a worker little of it, larger ones take more. */
function memoryOfWorker({ memoryBytes }: CaptureCost, megapixels: number): number {
  return memoryBytes + Math.max(0, megapixels * 1e6 - MEASURED_PIXELS) * 4 * PICTURES_HELD;
}

function round(value: number): number {
  return value < 10 ? Math.round(value * 10) / 10 : Math.round(value);
}
