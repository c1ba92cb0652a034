import { measure } from "mitata";
import { launchBrowser } from "../src/browser/launch.ts";
import { ringFile } from "../src/browser/transport/ring-file.ts";
import { webSocket } from "../src/browser/transport/websocket.ts";
import { beginFrame } from "../src/capture/begin-frame.ts";
import { canvas } from "../src/capture/canvas.ts";
import { htmlInCanvas } from "../src/capture/html-in-canvas.ts";
import { screenshot } from "../src/capture/screenshot.ts";
import { defaultComposition, type Capture } from "../src/core/capture.ts";
import type { Frame, FrameFormat } from "../src/core/frame.ts";
import { openPageAddress } from "../src/node/file-server.ts";
import { canvas2d, canvasWebGl, cards, examples, still, text, type BenchPage } from "./pages.ts";

/** One way to take frames, on one page. Milliseconds a frame. */
export interface CaptureRow {
  readonly page: string;
  readonly capture: string;
  readonly format: FrameFormat;
  readonly transport: string;
  readonly msPerFrame: number;
  readonly p25: number;
  readonly p75: number;
  readonly frames: number;
  /** Frames that equalled the one before. */
  readonly repeats: number;
}

interface Way {
  readonly capture: Capture;
  readonly format: FrameFormat;
}

const FRAMES = 60;

const painted: Way = { capture: htmlInCanvas({ transports: [ringFile()] }), format: "I420" };
const read: Way = { capture: canvas({ transports: [ringFile()] }), format: "I420" };
const begun: readonly Way[] = (["JPEG", "PNG"] as const).map((format) => ({ capture: beginFrame({ format }), format }));
const shot: readonly Way[] = (["JPEG", "PNG"] as const).map((format) => ({ capture: screenshot({ format }), format }));
const pictures: readonly Way[] = [...begun, ...shot];
const ways: readonly Way[] = [
  painted,
  { ...painted, format: "RGBA" },
  { capture: htmlInCanvas({ transports: [webSocket()] }), format: "I420" },
  { capture: htmlInCanvas({ transports: [] }), format: "page" },
  ...pictures,
];

/**
 * Every way on the cards and the page that stands still; every kind of capture on pages that are one canvas and on the text;
 * the fastest and the reference on the others.
 */
const waysFor: readonly (readonly [BenchPage, readonly Way[]])[] = [
  [cards, ways],
  [still, ways],
  [text, [painted, ...pictures]],
  [canvas2d, [read, { ...read, format: "RGBA" }, painted, ...pictures]],
  [canvasWebGl, [read, { ...read, format: "RGBA" }, painted, ...pictures]],
  ...examples.map((page) => [page, [painted, shot[0]!]] as const),
];

export async function benchCaptures(onRow: (row: CaptureRow) => void): Promise<CaptureRow[]> {
  const rows: CaptureRow[] = [];
  for (const [page, chosen] of waysFor) {
    for (const way of chosen) {
      const row: CaptureRow = await benchCapture(page, way);
      rows.push(row);
      onRow(row);
    }
  }
  return rows;
}

/** How many times as fast as a screenshot each capture is, by page: pictures by those of their format, pixels by JPEG. */
export function fasterThanScreenshot(rows: readonly CaptureRow[]): Record<string, Record<string, number>> {
  const ratios: Record<string, Record<string, number>> = {};
  for (const { page, capture, format, transport, msPerFrame } of rows) {
    if (capture === "screenshot") continue;
    const like: FrameFormat = format === "PNG" ? "PNG" : "JPEG";
    const reference = rows.find((row) => row.page === page && row.capture === "screenshot" && row.format === like);
    if (!reference) continue;
    const name: string = [capture, format, ...(transport === "none" ? [] : [transport])].join(" ");
    (ratios[page] ??= {})[name] = Math.round((reference.msPerFrame / msPerFrame) * 100) / 100;
  }
  return ratios;
}

async function benchCapture(page: BenchPage, { capture, format }: Way): Promise<CaptureRow> {
  await using address = await openPageAddress(page.path);
  await using browser = await launchBrowser({ flags: capture.traits.browserFlags, treatAsSecure: new URL(address.url).origin });
  await using session = await capture.open(
    {
      url: address.url,
      size: { width: 1920, height: 1080 },
      frameRate: { numerator: 30, denominator: 1 },
      frameFormat: format,
      alpha: false,
      composition: defaultComposition,
      readinessTimeoutMs: 15_000,
    },
    { browser, signal: new AbortController().signal, warn: () => {}, attachMedia: null },
  );
  const frames: AsyncIterator<Frame> = session.read({ start: 0, end: 100_000 }, {})[Symbol.asyncIterator]();
  let [taken, repeats]: [number, number] = [0, 0];
  const next = async (): Promise<void> => {
    const { value } = await frames.next();
    const frame = value as Frame;
    taken++;
    if (frame.repeats) repeats++;
    frame.close();
  };
  const stats = await measure(next, {
    min_samples: FRAMES,
    max_samples: FRAMES,
    min_cpu_time: 0,
    warmup_samples: 5,
    batch_samples: 0,
    batch_threshold: 0,
  });
  await frames.return?.();
  const ms = (nanoseconds: number): number => Math.round(nanoseconds / 1e4) / 100;
  return {
    page: page.name,
    capture: capture.name,
    format,
    transport: session.transport ?? "none",
    // The mean, not the median: the page runs ahead, so that many frames are there already and others are waited for.
    msPerFrame: ms(stats.avg),
    p25: ms(stats.p25),
    p75: ms(stats.p75),
    frames: taken,
    repeats,
  };
}
