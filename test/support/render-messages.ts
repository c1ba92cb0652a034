import type { RenderEvent } from "../../src/core/events.ts";
import type { Plan } from "../../src/core/policy/plan.ts";
import type { RenderResult } from "../../src/core/result.ts";
import type { Video } from "../../src/core/video.ts";
import type { RenderMessage, RenderTask } from "../../src/node/isolation/protocol.ts";

/** One valid message of each kind that a render process may send, with no field empty or null. */

const video: Video = {
  size: { value: { width: 320, height: 180 }, by: "job" },
  frameRate: { value: { numerator: 30000, denominator: 1001 }, by: "meta" },
  durationSeconds: { value: 1.5, by: "contract" },
  frameCount: 45,
};

const plan: Plan = {
  ...{ capture: "screenshot", encoder: "ffmpeg-pipe", frameFormat: "PNG", access: "random" },
  ...{ workers: 2, blockFrames: 8, windowBytes: 1_000_000, segments: 1, cacheBytes: 4_096, checkAt: [0, 44] },
  streaming: {
    ...{ streams: true, rule: "default", reason: "nothing closes the gate" },
    inputs: {
      ...{ enabled: true, maxDurationSeconds: 60, durationSeconds: 1.5, container: "mp4" },
      ...{ didNotStart: false, encoder: "ffmpeg-pipe", encoderStreams: true },
    },
  },
  videos: [{ source: "film.mp4", injector: "webcodecs", reason: "the page decodes it" }],
  sound: { mixer: "ffmpeg-mix", audio: { codec: "aac", bitrate: 192_000 } },
  estimate: { framesPerSecond: 24.5, basis: "measured on this host" },
  reasons: ["it is the first"],
  rejected: [{ part: "canvas", role: "capture", kind: "not-applicable", reasons: ["the page is not one canvas"] }],
};

const result: RenderResult = {
  ...{ output: "video.mp4", video, seed: 1, plan, frames: 45, repeats: 3, encoded: 45, transport: "ring-file" },
  facts: {
    ...{ container: "mp4", frameCount: 45, durationSeconds: 1.5, size: { width: 320, height: 180 }, codec: "h264" },
    ...{ alpha: false, loop: 0, byteLength: 9_000, checked: ["content", "size"] },
    colorSpace: { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false },
    audio: { codec: "aac", sampleRate: 48_000, channels: 2, durationSeconds: 1.5 },
  },
  window: { budgetBytes: 1_000_000, peakBytes: 500_000, peakFrames: 3 },
  workers: [{ frames: 45, blocks: 6, capturingMs: 1.5, waitingMs: 0.5, lost: false }],
  cache: { budgetBytes: 4_096, entries: 1, bytes: 9, peakBytes: 9, hits: 3, misses: 1, evictions: 0, rejections: 0 },
  sound: { mixer: "ffmpeg-mix", clips: 1, recordings: 0, loudness: -14.2, peak: 0.9, sampleCount: 72_000, file: "video.wav" },
  sandbox: { enabled: false, reason: "it runs as root" },
  checks: { comparisons: 2, largestDifference: 0.4 },
  fallbacks: [{ part: "html-in-canvas", code: "capture-distrusted", reason: "it differs" }],
  warnings: ["a picture did not load"],
  timings: {
    ...{ startMs: 1.5, framesMs: 2.5, finishMs: 3.5, totalMs: 7.5 },
    phases: {
      ...{ launchMs: 1, openMs: 1, probeMs: 1, soundMs: 1, checkMs: 1 },
      ...{ captureMs: 1, windowMs: 1, writeMs: 1, finishMs: 1, verifyMs: 1 },
    },
  },
};

const events: readonly RenderEvent[] = [
  { type: "page-ready", url: "http://127.0.0.1/page.html", video },
  { type: "plan-ready", plan },
  { type: "capture-checked", capture: "screenshot", index: 3, largest: 0.5 },
  { type: "streaming-decided", ...plan.streaming },
  {
    ...{ type: "part-given-up", part: "canvas", code: "capture-failed", reason: "it threw", index: 4 },
    box: { x: 1, y: 2, width: 3, height: 4 },
  },
  { type: "capture-opened", capture: "screenshot", transport: "ring-file", workers: 2 },
  { type: "frame-encoded", index: 4, frameCount: 45, repeats: false },
  { type: "finishing" },
  { type: "checking" },
  { type: "warning", reason: "a picture did not load" },
];

export const renderMessages: readonly RenderMessage[] = [
  { type: "alive" },
  { type: "checked" },
  { type: "result", result },
  { type: "span", span: { name: "capture", track: "worker 1", startMs: 1.5, durationMs: 2.5, index: 4 } },
  { type: "error", code: "page-failed", message: "The page threw", details: { url: "http://127.0.0.1/", exceptions: ["no"] } },
  { type: "fault", message: "x is not a function" },
  ...events.map((event): RenderMessage => ({ type: "event", event })),
];

export const renderTask: RenderTask = {
  job: { page: "page.html", output: "video.mp4" },
  options: {},
  folders: { profiles: "profiles", temporary: "temporary" },
  memoryBytes: 2 ** 30,
  reportsEvents: true,
  reportsSpans: true,
};
