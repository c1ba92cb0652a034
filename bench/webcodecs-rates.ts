import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "../src/core/browser.ts";
import type { EncodeRequest, Quality } from "../src/core/encoder.ts";
import type { Container, VideoCodec } from "../src/core/formats.ts";
import { rawFrameBytes } from "../src/core/frame.ts";
import { frameTimestampUs } from "../src/core/frame-rate.ts";
import { webcodecs } from "../src/encoders/webcodecs.ts";
import { launchBrowser } from "../src/node/index.ts";
import { render } from "../src/node/render.ts";
import { memorySink } from "../src/testing/index.ts";
import { runFfmpeg } from "../test/support/video-frames.ts";
import { canvas2d, cards, text, type BenchPage } from "./pages.ts";
import { ssimOf } from "./ssim.ts";

/** One page, encoded by the browser or by x264. */
export interface WebcodecsRow {
  readonly page: string;
  readonly encoder: string;
  readonly setting: string;
  readonly kilobytes: number;
  readonly ssim: number;
}

const SIZE = { width: 1920, height: 1080 } as const;
const FRAME_RATE = { numerator: 30, denominator: 1 } as const;
const FRAMES = 30;
/** As the videos are: ffmpeg would take BT.601 for RGB. */
const TO_I420 = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int,format=yuv420p";
const pages: readonly BenchPage[] = [cards, text, canvas2d];

const levels: readonly Quality[] = [{ level: "draft" }, { level: "standard" }, { level: "high" }];
const bitrates: readonly Quality[] = [4e6, 8e6, 12e6, 16e6].map((bitrate) => ({ level: "standard", bitrate }));
const quantizers: readonly Quality[] = [16, 28, 40, 48, 56, 63].map((crf) => ({ level: "standard", crf }));
const measured: readonly { container: Container; codec: VideoCodec; qualities: readonly Quality[] }[] = [
  { container: "mp4", codec: "h264", qualities: [...levels, ...bitrates] },
  { container: "webm", codec: "vp8", qualities: [...levels, ...bitrates] },
  { container: "webm", codec: "vp9", qualities: [...levels, ...quantizers] },
  { container: "webm", codec: "av1", qualities: [...levels, ...quantizers] },
];
/** What x264 makes of the same frames at the preset medium, to compare with. */
const x264Crfs: readonly number[] = [26, 18, 14];

/** What the browser's encoders make of the first second of each page. */
export async function benchWebcodecs(onRow: (row: WebcodecsRow) => void): Promise<WebcodecsRow[]> {
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-bench-"));
  const browser: Browser = await launchBrowser({ flags: [] });
  const rows: WebcodecsRow[] = [];
  const add = async (page: string, encoder: string, setting: string, encoded: string, lossless: string): Promise<void> => {
    const kilobytes: number = Math.round((await stat(encoded)).size / 1000);
    const row: WebcodecsRow = { page, encoder, setting, kilobytes, ssim: await ssimOf(encoded, lossless) };
    rows.push(row);
    onRow(row);
  };
  try {
    for (const { name, path } of pages) {
      const lossless: string = join(folder, `${name}.mkv`);
      await render({ page: path, output: lossless, codec: "ffv1", ...SIZE, frameRate: 30, duration: FRAMES / 30 });
      const x264: string = join(folder, "x264.mp4");
      for (const crf of x264Crfs) {
        await runFfmpeg(["-y", "-i", lossless, "-vf", TO_I420, "-c:v", "libx264", "-crf", `${crf}`, "-bf", "0", x264]);
        await add(name, "x264", `crf ${crf}`, x264, lossless);
      }
      const frames: Uint8Array = await runFfmpeg(["-i", lossless, "-vf", TO_I420, "-f", "rawvideo", "pipe:1"]);
      for (const { container, codec, qualities } of measured) {
        for (const quality of qualities) {
          const encoded: string = join(folder, `encoded.${container}`);
          await writeFile(encoded, await encode(browser, frames, container, codec, quality));
          await add(name, codec, settingOf(quality), encoded, lossless);
        }
      }
    }
    return rows;
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function encode(
  browser: Browser,
  frames: Uint8Array,
  container: Container,
  codec: VideoCodec,
  quality: Quality,
): Promise<Uint8Array> {
  const request: EncodeRequest = {
    ...{ container, codec, quality, size: SIZE, frameRate: FRAME_RATE, frameCount: FRAMES, frameFormat: "I420", alpha: false },
    ...{ timing: "constant", hardware: null, loop: 0, audio: null },
  };
  const output = memorySink();
  const { signal } = new AbortController();
  const session = await webcodecs().open(request, {
    output,
    signal,
    browser,
    page: null,
    sound: null,
    inactivityTimeoutMs: 60_000,
    warn: () => {},
  });
  const frameBytes: number = rawFrameBytes("I420", SIZE);
  for (let index = 0; index < FRAMES; index++) {
    const timestampUs: number = frameTimestampUs(index, FRAME_RATE);
    const durationUs: number = frameTimestampUs(index + 1, FRAME_RATE) - timestampUs;
    const data: Uint8Array = frames.subarray(index * frameBytes, (index + 1) * frameBytes);
    await session.write({ index, timestampUs, durationUs, size: SIZE, repeats: false, pixels: { format: "I420", data }, close: () => {} });
  }
  await session.finish();
  return output.bytes;
}

function settingOf({ level, crf, bitrate }: Quality): string {
  if (crf !== undefined) return `crf ${crf}`;
  return bitrate === undefined ? level : `${bitrate / 1e6} Mb/s`;
}
