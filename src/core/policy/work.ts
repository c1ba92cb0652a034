import { rawFrameBytes, type FrameFormat } from "../frame.ts";
import type { Plan, PolicyInput } from "./plan.ts";
import { chooseWorkers, type WorkerChoice, type WorkerFacts } from "./workers.ts";

/** Frames that a worker takes at a time, at most: cursors stay close, and so the window small. */
const LARGEST_BLOCK = 16;
/** Frames that wait, at most, where one page feeds one encoder: they even out what takes longer, and more would only take memory. */
const FRAMES_AHEAD = 8;
/** Blocks of each worker that wait, at most: while one is written the next is captured. */
const BLOCKS_AHEAD = 2;
/** Of the memory that the process may use, the share that waiting frames may take, and the most they may in bytes. */
const WINDOW_SHARE = 1 / 8;
const LARGEST_WINDOW = 512 * 1024 * 1024;

/** Into how many parts the video is cut, and why. */
export interface Segments {
  readonly segments: number;
  /** Null where one was asked for, and there is one. */
  readonly reason: string | null;
}

export function segmentsFor({ job, page, frameCount }: PolicyInput): Segments {
  const asked: number = job.segments;
  if (asked === 1) return { segments: 1, reason: null };
  if (page.access === "sequential")
    return { segments: 1, reason: `1 segment: the page is stateful, so that it is captured in one go; the job asks for ${asked}` };
  const segments: number = Math.min(asked, frameCount);
  return { segments, reason: `${counted(segments, "segment")}: the job asks for ${shortOf(asked, segments, frameCount)}` };
}

export function workersFor({ job, page }: PolicyInput, segments: number, format: FrameFormat, facts: WorkerFacts): WorkerChoice {
  const asked: number | null = job.workers;
  const inVain: string = asked !== null && asked > 1 ? `; the job asks for ${asked}` : "";
  if (page.access === "sequential")
    return { workers: 1, reason: `1 worker: one reader takes the frames in order, for the page is stateful${inVain}` };
  if (segments > 1) return { workers: segments, reason: `${counted(segments, "worker")}: one for each segment` };
  if (format === "page") return { workers: 1, reason: `1 worker: the frames stay in the page that encodes them${inVain}` };
  if (asked === null) return chooseWorkers(facts);
  const workers: number = Math.min(asked, facts.frameCount);
  return { workers, reason: `${counted(workers, "worker")}: the job asks for ${shortOf(asked, workers, facts.frameCount)}` };
}

/** How many frames a worker takes at a time, and how many bytes of them may wait. */
export function windowFor(
  { host, size, frameCount }: PolicyInput,
  format: FrameFormat,
  workers: number,
  segments: number,
): Pick<Plan, "blockFrames" | "windowBytes"> {
  const frameBytes: number = rawFrameBytes(format === "I420" ? "I420" : "RGBA", size);
  const room: number = Math.min(LARGEST_WINDOW, Math.floor(host.memoryBytes * WINDOW_SHARE));
  // The frame that is waited for is let in always: a window that does not hold one would say less than is used.
  const holding = (frames: number): number => Math.max(frameBytes, Math.min(room, frames * frameBytes));
  const share: number = Math.ceil(frameCount / workers);
  if (workers === 1 || segments > 1) return { windowBytes: holding(FRAMES_AHEAD * workers), blockFrames: share };
  const fit: number = Math.floor(room / (BLOCKS_AHEAD * workers * frameBytes));
  const blockFrames: number = Math.min(LARGEST_BLOCK, share, Math.max(1, fit));
  return { windowBytes: holding(BLOCKS_AHEAD * workers * blockFrames), blockFrames };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function shortOf(asked: number, given: number, frameCount: number): string {
  return given === asked ? "them" : `${asked}, and the video has ${counted(frameCount, "frame")}`;
}
