import type { Capture, CaptureSession } from "../core/capture.ts";
import type { FrameFormat } from "../core/frame.ts";
import type { CaptureCost, ContentClass } from "../core/policy/costs.ts";
import type { Amounts } from "./amounts.ts";
import { FrameReader, openCapture, type PagePlace } from "./page-frames.ts";
import { rounded } from "./rounded.ts";
import { countUse, startedMemoryBytes } from "./usage-meter.ts";

/** What a worker is taken to need where the system does not tell: about what Linux says of the pages of the benches. */
const ASSUMED_MEMORY_BYTES = 450_000_000;

export interface CaptureToMeasure {
  readonly capture: Capture;
  readonly frameFormat: FrameFormat;
  readonly content: ContentClass;
}

/**
 * Captures the page frame by frame, as fast as it goes.
 *
 * @param others Processes that ran before the browser did
 * @throws RenderError `aborted`, and what the capture throws
 */
export async function measureCapture(
  { capture, frameFormat, content }: CaptureToMeasure,
  place: PagePlace,
  { warmUpFrames, captureMs, leastFrames, mostFrames }: Amounts,
  others: ReadonlySet<number>,
): Promise<CaptureCost> {
  await using session: CaptureSession = await openCapture(capture, frameFormat, place);
  await using reader = new FrameReader(session, place.signal);
  for (let index = 0; index < warmUpFrames; index++) (await reader.next()).close();
  const enough = await countUse();
  const startMs: number = performance.now();
  let frames = 0;
  while (frames < leastFrames || (frames < mostFrames && performance.now() - startMs < captureMs)) {
    (await reader.next()).close();
    frames++;
  }
  const { wallMs, cpuMs } = await enough();
  const megapixels: number = (frames * place.size.width * place.size.height) / 1e6;
  return {
    ...{ capture: capture.name, frameFormat, content },
    msPerMegapixel: rounded(wallMs / megapixels),
    cpuMsPerMegapixel: rounded(cpuMs / megapixels),
    memoryBytes: rounded((await startedMemoryBytes(others)) ?? ASSUMED_MEMORY_BYTES),
  };
}
