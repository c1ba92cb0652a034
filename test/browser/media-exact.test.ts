import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { render } from "../../src/node/render.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { codedCodecs, makeCodedVideo } from "../support/coded-videos.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames } from "../support/video-frames.ts";

/** Frames of the output, at this rate. */
const FRAMES = 60;
const RATE = 30;
const COLUMNS = 5;
/** WebM says times in whole milliseconds: who asks less than one before a frame begins may be shown it or the one before. */
const ROUNDED_SECONDS = 0.001;
const EXACT_SECONDS = 0.000002;

interface Source {
  readonly file: string;
  readonly codec: keyof typeof codedCodecs;
  readonly rate: string;
  readonly frames: number;
  readonly ticks?: readonly number[];
}

const variable: readonly number[] = Array.from({ length: 90 }, (_, index) => index * 4 + (index % 3));

const sources = {
  h264: { file: "film 23.976.mp4", codec: "h264", rate: "24000/1001", frames: 96 },
  h264pal: { file: "pal.mp4", codec: "h264", rate: "25", frames: 100 },
  h264ntsc: { file: "ntsc.mp4", codec: "h264", rate: "30000/1001", frames: 120 },
  h264at50: { file: "fünfzig.mp4", codec: "h264", rate: "50", frames: 200 },
  h264at60: { file: "sixty 100%.mp4", codec: "h264", rate: "60", frames: 240 },
  h264variable: { file: "变化.mp4", codec: "h264", rate: "120", frames: 90, ticks: variable },
  vp8: { file: "eight.webm", codec: "vp8", rate: "25", frames: 100 },
  vp9: { file: "nine.webm", codec: "vp9", rate: "30", frames: 120 },
  vp9film: { file: "nine-film.webm", codec: "vp9", rate: "24000/1001", frames: 96 },
  av1: { file: "one.webm", codec: "av1", rate: "50", frames: 200 },
  hevc: { file: "hevc 🎬.mp4", codec: "hevc", rate: "30", frames: 120 },
  hevcvariable: { file: "hevc-variable.mp4", codec: "hevc", rate: "120", frames: 90, ticks: variable },
  prores: { file: "prores.mov", codec: "prores", rate: "24000/1001", frames: 60 },
} as const satisfies Record<string, Source>;

/** How one element of the page plays. */
interface Played {
  readonly source: keyof typeof sources;
  readonly mediaStart?: number;
  readonly rate?: number;
  /** Second of the video at which it begins. */
  readonly start?: number;
  readonly loop?: true;
}

const inPage: readonly Played[] = [
  { source: "h264" },
  { source: "h264", mediaStart: 0.75, rate: 0.5 },
  { source: "h264", rate: 2, start: 0.5 },
  { source: "h264pal" },
  { source: "h264pal", rate: 5, mediaStart: 1 },
  { source: "h264ntsc" },
  { source: "h264at50", rate: 0.1 },
  { source: "h264at50", mediaStart: 3.2, loop: true },
  { source: "h264at60" },
  { source: "h264at60", rate: 0.5, mediaStart: 0.4 },
  { source: "h264variable" },
  { source: "h264variable", rate: 2, mediaStart: 0.3 },
  { source: "vp8" },
  { source: "vp8", rate: 2, loop: true, mediaStart: 2 },
  { source: "vp9" },
  { source: "vp9film", rate: 0.5 },
  { source: "vp9film" },
  { source: "av1" },
  { source: "av1", rate: 2, mediaStart: 0.3 },
];
const byProcess: readonly Played[] = [
  { source: "hevc" },
  { source: "hevc", rate: 0.5, mediaStart: 1 },
  { source: "hevcvariable" },
  { source: "prores" },
  { source: "prores", rate: 2, mediaStart: 0.5 },
  { source: "prores", loop: true, mediaStart: 1.5 },
];

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
  for (const { file, codec, ...facts } of Object.values(sources) as readonly Source[])
    await makeCodedVideo({ ...facts, path: folder.path(file), codec: codedCodecs[codec] });
});
afterAll(() => folder[Symbol.asyncDispose]());

it.each([
  ["webcodecs", inPage],
  ["base64", [...inPage, ...byProcess]],
  ["url", [...inPage, ...byProcess]],
] as const)("%s: in every frame each video shows the right one of its own", async (injector, played) => {
  const size = { width: barCodeSize.width * COLUMNS, height: barCodeSize.height * Math.ceil(played.length / COLUMNS) };
  const page: string = folder.path(`${injector}.html`);
  await writeFile(page, pageOf(played));
  const output: string = folder.path(`${injector}.mp4`);
  const result = await render({
    ...{ page, output, ...size, frameRate: RATE, duration: FRAMES / RATE },
    ...{ media: { injector }, quality: { level: "high", preset: "ultrafast" } },
  });
  expect(result.plan.videos.map((video) => video.injector)).toEqual(result.plan.videos.map(() => injector));
  expect(result.warnings).toEqual([]);
  const frames: Uint8Array[] = await decodeFrames(output, size, "gray");
  const wrong: string[] = [];
  for (const [index, frame] of frames.entries()) {
    for (const [at, one] of played.entries()) {
      const shown: number | null = readBarCode(cell(frame, size.width, at));
      const right: readonly number[] = framesOf(one, index / RATE);
      if (shown === null || !right.includes(shown)) wrong.push(`frame ${index}: ${JSON.stringify(one)} shows ${shown} instead of ${right}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(frames.length).toBe(FRAMES);
});

function pageOf(played: readonly Played[]): string {
  const videos: string[] = played.map(({ source, mediaStart = 0, rate = 1, start = 0, loop = false }) => {
    const { file } = sources[source];
    const times = `data-start="${start}" data-media-start="${mediaStart}" data-playback-rate="${rate}" data-duration="60"`;
    return `<video muted ${loop ? "loop" : ""} ${times} src="${encodeURIComponent(file)}"></video>`;
  });
  return `<!doctype html><meta charset="utf-8"><style>body { margin: 0; display: grid; grid-template-columns: repeat(${COLUMNS}, ${barCodeSize.width}px) }
    video { width: ${barCodeSize.width}px; height: ${barCodeSize.height}px; display: block }</style>${videos.join("\n")}`;
}

/** When each frame of a source begins. */
function timesOf({ rate, frames, ticks }: Source): number[] {
  const [numerator, denominator] = [...rate.split("/"), "1"].map(Number) as [number, number];
  return Array.from({ length: frames }, (_, index) => ((ticks?.[index] ?? index) * denominator) / numerator);
}

/** The frame that is to be shown; two of them where the file itself does not say it more precisely. */
function framesOf({ source, mediaStart = 0, rate = 1, start = 0, loop }: Played, seconds: number): number[] {
  const times: number[] = timesOf(sources[source]);
  const length: number = times.at(-1)! + (times.at(-1)! - times.at(-2)!);
  const passed: number = Math.max(0, seconds - start) * rate;
  const wanted: number = loop ? mediaStart + (passed % (length - mediaStart)) : mediaStart + passed;
  const tolerance: number = sources[source].file.endsWith(".webm") ? ROUNDED_SECONDS : EXACT_SECONDS;
  const shownAt = (time: number): number =>
    Math.max(
      0,
      times.findLastIndex((begins) => begins <= time),
    );
  return [...new Set([shownAt(wanted - tolerance), shownAt(wanted + tolerance)])];
}

function cell(frame: Uint8Array, width: number, at: number): Uint8Array {
  const [left, top] = [(at % COLUMNS) * barCodeSize.width, Math.floor(at / COLUMNS) * barCodeSize.height];
  const gray = new Uint8Array(barCodeSize.width * barCodeSize.height);
  for (let row = 0; row < barCodeSize.height; row++) {
    const from: number = (top + row) * width + left;
    gray.set(frame.subarray(from, from + barCodeSize.width), row * barCodeSize.width);
  }
  return gray;
}
