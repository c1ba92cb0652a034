import { compareBlocks, type BlockAverages, type BlockDifference } from "../blocks.ts";
import type { CaptureSession } from "../capture.ts";
import { captureDistrusted } from "../errors.ts";
import type { Size } from "../frame.ts";

/** What the reference capture saw, by frame. */
export type ReferenceSamples = ReadonlyMap<number, BlockAverages>;

export interface CaptureCheck {
  /** Name of the capture under check. */
  readonly capture: string;
  readonly size: Size;
  readonly indices: readonly number[];
  onChecked(index: number, largest: number): void;
}

/**
 * Seeks both captures to the same frames and compares what they see, before anything is encoded.
 *
 * @throws RenderError `capture-distrusted`
 */
export async function checkBeforeStart(check: CaptureCheck, session: CaptureSession, reference: CaptureSession): Promise<ReferenceSamples> {
  const samples = new Map<number, BlockAverages>();
  for (const index of check.indices) {
    const [seen, expected] = await Promise.all([session.sample(index), reference.sample(index)]);
    samples.set(index, expected);
    assertAlike(check, index, seen, expected);
  }
  return samples;
}

/** @throws RenderError `capture-distrusted`, with the box that differs */
export function assertAlike(check: CaptureCheck, index: number, seen: BlockAverages, expected: BlockAverages): void {
  const { largest, box }: BlockDifference = compareBlocks(seen, expected, check.size);
  check.onChecked(index, largest);
  if (box === null) return;
  const where: string = `${box.width}×${box.height} pixels at ${box.x},${box.y}`;
  throw captureDistrusted(check.capture, `frame ${index} differs from a screenshot by ${largest} of 255 in ${where}`, {
    index,
    largest,
    box,
  });
}
