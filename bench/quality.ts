import { spawn } from "node:child_process";
import { mkdir, mkdtemp, open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EncodeRequest } from "../src/core/encoder.ts";
import type { Container, VideoCodec } from "../src/core/formats.ts";
import { ffmpegArguments } from "../src/ffmpeg/arguments.ts";
import { ffmpegBuild, type FfmpegBuild } from "../src/ffmpeg/build.ts";
import { findFfmpeg } from "../src/ffmpeg/find.ts";
import { render } from "../src/node/render.ts";
import { canvas2d, cards, examples, text, type BenchPage } from "./pages.ts";

/** One encode of one page. */
export interface QualityRow {
  readonly encoder: string;
  readonly speed: string;
  readonly rate: number;
  readonly page: string;
  /** User and system time of ffmpeg, all threads together. */
  readonly cpuSeconds: number;
  readonly byteLength: number;
  /** Of all planes, against the frames without loss. */
  readonly ssim: number;
}

/** One setting over all pages. */
export interface QualitySum {
  readonly encoder: string;
  readonly speed: string;
  readonly rate: number;
  readonly cpuSeconds: number;
  readonly byteLength: number;
  /** By page. */
  readonly ssim: Readonly<Record<string, number>>;
}

const SIZE = { width: 1920, height: 1080 } as const;
const FRAME_RATE = { numerator: 30, denominator: 1 } as const;
/** Two seconds of each page. */
const FRAMES = 60;
const pages: readonly BenchPage[] = [cards, text, canvas2d, examples[0]!];

/** An encoder, and the settings to try. */
interface Grid {
  readonly encoder: string;
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly speeds: readonly string[];
  readonly rates: readonly number[];
  /** Pictures of their own all cost the same: a few are enough. */
  readonly frames?: number;
  options(speed: string, rate: number): readonly string[];
}

const preset = (speed: string, rate: number): readonly string[] => ["-preset", speed, "-crf", `${rate}`];
/** Past 5, `-cpu-used` means something in real time alone. */
const cpuUsed = (speed: string, rate: number): readonly string[] => [
  ...["-deadline", Number(speed) > 5 ? "realtime" : "good", "-cpu-used", speed, "-crf", `${rate}`],
];

export const grids: readonly Grid[] = [
  {
    encoder: "libx264",
    container: "mp4",
    codec: "h264",
    speeds: ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"],
    rates: [14, 16, 18, 20, 23, 28, 32],
    options: preset,
  },
  {
    encoder: "libx265",
    container: "mp4",
    codec: "hevc",
    speeds: ["ultrafast", "superfast", "veryfast"],
    rates: [14, 16, 17, 20, 21, 24, 28],
    options: preset,
  },
  {
    encoder: "libsvtav1",
    container: "mp4",
    codec: "av1",
    speeds: ["12", "10", "8", "6"],
    rates: [10, 16, 22, 26, 30, 42],
    options: preset,
  },
  { encoder: "libvpx-vp9", container: "webm", codec: "vp9", speeds: ["8", "5"], rates: [8, 14, 20, 28, 40], options: cpuUsed },
  { encoder: "libvpx", container: "webm", codec: "vp8", speeds: ["5"], rates: [4, 8, 12, 20, 32, 40], options: cpuUsed },
  {
    encoder: "mjpeg",
    container: "jpeg-sequence",
    codec: "jpeg",
    speeds: [""],
    rates: [1, 2, 3, 4, 6, 9],
    frames: 10,
    options: (_, rate) => ["-q:v", `${rate}`],
  },
  {
    encoder: "libwebp",
    container: "webp-sequence",
    codec: "webp",
    speeds: ["1", "4"],
    rates: [60, 75, 85, 92, 97],
    frames: 10,
    options: (speed, rate) => ["-quality", `${rate}`, "-compression_level", speed],
  },
];

/** Frames of the benches' pages without loss, and every setting of every encoder on them. */
export async function benchQuality(onRow: (row: QualityRow) => void): Promise<QualityRow[]> {
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-bench-"));
  try {
    const build: FfmpegBuild = await ffmpegBuild(await findFfmpeg());
    for (const page of pages) await captureFrames(page, folder, build);
    return await measureQuality(folder, grids, onRow);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each page as FFV1, and from that as raw I420: reading it costs an encoder nothing. */
async function captureFrames(page: BenchPage, folder: string, build: FfmpegBuild): Promise<void> {
  const captured: string = join(folder, `${page.name}.mkv`);
  await render({ page: page.path, output: captured, codec: "ffv1", ...SIZE, frameRate: 30, duration: FRAMES / 30 });
  const toI420 = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int,format=yuv420p";
  await run(build, ["-y", "-i", captured, "-vf", toI420, "-f", "rawvideo", framesOf(folder, page.name)], null);
  await rm(captured);
}

function framesOf(folder: string, page: string): string {
  return join(folder, `${page}.yuv`);
}

/** Encodes the raw frames of a folder with every setting. */
export async function measureQuality(folder: string, measured: readonly Grid[], onRow: (row: QualityRow) => void): Promise<QualityRow[]> {
  const build: FfmpegBuild = await ffmpegBuild(await findFfmpeg());
  const rows: QualityRow[] = [];
  for (const grid of measured) {
    for (const speed of grid.speeds) {
      for (const rate of grid.rates) {
        for (const { name } of pages) {
          const row: QualityRow = await measureEncode(grid, speed, rate, name, folder, build);
          rows.push(row);
          onRow(row);
        }
      }
    }
  }
  return rows;
}

async function measureEncode(
  grid: Grid,
  speed: string,
  rate: number,
  page: string,
  folder: string,
  build: FfmpegBuild,
): Promise<QualityRow> {
  const { encoder, container, codec, frames = FRAMES } = grid;
  const request: EncodeRequest = {
    ...{ size: SIZE, frameRate: FRAME_RATE, frameCount: frames, frameFormat: "I420", container, codec, alpha: false },
    ...{ quality: { level: "standard" }, timing: "constant", hardware: null, loop: 0, audio: null },
  };
  const isSequence: boolean = container.endsWith("-sequence");
  const output: string = join(folder, `encoded-${container}`);
  if (isSequence) await mkdir(output, { recursive: true });
  const extension: string = codec === "jpeg" ? "jpg" : codec;
  const args: readonly string[] = ffmpegArguments(request, {
    ...{ encoder: "bench", input: { from: "pipe" }, sound: null, build },
    output: isSequence ? { to: "folder", folder: output, pattern: `%03d.${extension}` } : { to: "file", path: output },
    extra: ["-frames:v", `${frames}`, ...grid.options(speed, rate)],
  });
  const reference: string = framesOf(folder, page);
  const cpuSeconds: number = cpuSecondsIn(await run(build, [...args, "-benchmark", "-loglevel", "info"], reference));
  const byteLength: number = await bytesOf(output);
  const ssim: number = await ssimOf(isSequence ? join(output, `%03d.${extension}`) : output, reference, frames, build);
  await rm(output, { recursive: true });
  return { encoder, speed, rate, page, cpuSeconds, byteLength, ssim };
}

async function ssimOf(encoded: string, reference: string, frames: number, build: FfmpegBuild): Promise<number> {
  const raw: readonly string[] = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${SIZE.width}x${SIZE.height}`, "-framerate", "30"];
  // Pictures of JPEG and WebP are BT.601; what is BT.709 already goes through as it is.
  const isPicture: boolean = encoded.includes("%");
  const toReference: string = isPicture
    ? "scale=in_color_matrix=bt601:out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd,"
    : "";
  // Frames are paired by their times, and WebM rounds those to milliseconds: each would meet its neighbour.
  const numbered = "settb=1/30,setpts=N";
  const said: string = await run(
    build,
    [
      ...["-framerate", "30", "-i", encoded, ...raw, "-i", reference, "-frames:v", `${frames}`],
      ...[
        "-filter_complex",
        `[0:v]${toReference}format=yuv420p,${numbered}[encoded];[1:v]${numbered}[raw];[encoded][raw]ssim=shortest=1`,
        "-f",
        "null",
        "-",
      ],
    ].slice(isPicture ? 0 : 2),
    null,
  );
  return Number(/SSIM .*All:([\d.]+)/.exec(said)?.[1]);
}

/** Runs ffmpeg with a file as its standard input; gives what it said. */
async function run(build: FfmpegBuild, args: readonly string[], input: string | null): Promise<string> {
  const file: FileHandle | null = input === null ? null : await open(input);
  try {
    const child = spawn(build.executablePath, args, { stdio: [file?.fd ?? "ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (words: string) => (said += words));
    const code: number | null = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0) throw new Error(`ffmpeg ${args.join(" ")} ended with ${code}: ${said.slice(-1000)}`);
    return said;
  } finally {
    await file?.close();
  }
}

function cpuSecondsIn(said: string): number {
  const found: RegExpExecArray | null = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(said);
  return Math.round((Number(found?.[1]) + Number(found?.[2])) * 100) / 100;
}

async function bytesOf(path: string): Promise<number> {
  const facts = await stat(path);
  if (!facts.isDirectory()) return facts.size;
  const sizes: readonly number[] = await Promise.all((await readdir(path)).map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Rows of one setting, added up. */
export function sumsOf(rows: readonly QualityRow[]): QualitySum[] {
  const settings = new Map<string, QualityRow[]>();
  for (const row of rows) {
    const key = `${row.encoder} ${row.speed} ${row.rate}`;
    settings.set(key, [...(settings.get(key) ?? []), row]);
  }
  return [...settings.values()].map(sumOf);
}

function sumOf(rows: readonly QualityRow[]): QualitySum {
  const { encoder, speed, rate } = rows[0]!;
  return {
    encoder,
    speed,
    rate,
    cpuSeconds: Math.round(rows.reduce((sum, row) => sum + row.cpuSeconds, 0) * 100) / 100,
    byteLength: rows.reduce((sum, row) => sum + row.byteLength, 0),
    ssim: Object.fromEntries(rows.map(({ page, ssim }) => [page, ssim])),
  };
}
