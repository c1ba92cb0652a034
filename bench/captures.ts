import { measure } from "mitata";
import { launchBrowser } from "../src/browser/launch.ts";
import { ringFile } from "../src/browser/transport/ring-file.ts";
import { webSocket } from "../src/browser/transport/websocket.ts";
import { htmlInCanvas } from "../src/capture/html-in-canvas.ts";
import { screenshot } from "../src/capture/screenshot.ts";
import type { Capture } from "../src/core/capture.ts";
import type { Frame, FrameFormat } from "../src/core/frame.ts";
import { openPageAddress } from "../src/node/file-server.ts";
import { cards, examples, still, text, type BenchPage } from "./pages.ts";

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

const ways: readonly Way[] = [
  { capture: htmlInCanvas({ transports: [ringFile()] }), format: "I420" },
  { capture: htmlInCanvas({ transports: [ringFile()] }), format: "RGBA" },
  { capture: htmlInCanvas({ transports: [webSocket()] }), format: "I420" },
  { capture: htmlInCanvas({ transports: [] }), format: "page" },
  { capture: screenshot({ format: "JPEG" }), format: "JPEG" },
  { capture: screenshot({ format: "PNG" }), format: "PNG" },
];

/** Every way on the cards and the page that stands still; the fastest and the reference on the others. */
export async function benchCaptures(onRow: (row: CaptureRow) => void): Promise<CaptureRow[]> {
  const rows: CaptureRow[] = [];
  for (const page of [cards, still, text, ...examples]) {
    const chosen: readonly Way[] = page === cards || page === still ? ways : [ways[0]!, ways[4]!];
    for (const way of chosen) {
      const row: CaptureRow = await benchCapture(page, way);
      rows.push(row);
      onRow(row);
    }
  }
  return rows;
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
      readinessTimeoutMs: 15_000,
    },
    { browser, signal: new AbortController().signal, warn: () => {} },
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
