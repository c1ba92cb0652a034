import { compareBlocks, type BlockAverages, type BlockDifference } from "../blocks.ts";
import type { CaptureSession } from "../capture.ts";
import { captureDistrusted, isRenderError, referenceStalled, type RenderError } from "../errors.ts";
import type { Size } from "../frame.ts";
import type { RenderChecks } from "../result.ts";
import { Supervisor } from "./supervisor.ts";

export interface CaptureCheckOptions {
  /** Name of the capture under check. */
  readonly capture: string;
  readonly size: Size;
  /** How much of the contrast around a block may be added to the limit. */
  readonly contrastShare: number;
  /** Frames to compare, rising. */
  readonly indices: readonly number[];
  /** Longest wait for one frame of the reference, in milliseconds. */
  readonly captureTimeoutMs: number;
  readonly signal: AbortSignal;
  onChecked(index: number, largest: number): void;
}

/**
 * Holds a capture against the reference: its first frame before anything is encoded, and then, from the very pixels that are
 * delivered, each frame that was named. The reference takes its pictures beside the run, one after the other.
 */
export class CaptureCheck {
  readonly indices: readonly number[];
  readonly #options: CaptureCheckOptions;
  readonly #reference: CaptureSession | null;
  readonly #expected = new Map<number, Promise<BlockAverages>>();
  readonly #underWay = new Set<Promise<void>>();
  #comparisons = 0;
  #largestDifference = 0;
  /** The first comparison that failed. */
  #failure: unknown = null;

  /** @param reference Owned from here on; null where no frame is named */
  constructor(options: CaptureCheckOptions, reference: CaptureSession | null) {
    this.indices = options.indices;
    this.#options = options;
    this.#reference = reference;
    const { captureTimeoutMs, signal } = options;
    const supervisor = new Supervisor(captureTimeoutMs, signal);
    let last: Promise<unknown> = Promise.resolve();
    for (const index of options.indices) {
      // A page may loop in the reference alone: nothing else would end the wait for it.
      const sample: Promise<BlockAverages> = last.then(() =>
        supervisor.run(reference!.sample(index), () => referenceStalled(index, captureTimeoutMs)),
      );
      // Heard where it is compared; a run that ends before needs not hear it.
      sample.catch(() => {});
      this.#expected.set(index, sample);
      last = sample;
    }
    // An open page that moves would take the processor's time.
    last.then(
      () => this.close(),
      () => this.close(),
    );
  }

  /**
   * Seeks both captures to the first frame and compares what they see.
   *
   * @throws RenderError `capture-distrusted`, and what either throws
   */
  async first(session: CaptureSession): Promise<void> {
    const [index] = this.indices;
    if (index === undefined) return;
    const [seen, expected] = await Promise.all([session.sample(index), this.#expected.get(index)!]);
    this.#compare(index, seen, expected);
  }

  /** Takes what the capture delivered of a frame that was named. */
  delivered(index: number, seen: BlockAverages): void {
    const expected = this.#expected.get(index);
    if (!expected) return;
    const compared: Promise<void> = expected
      .then((averages) => this.#compare(index, seen, averages))
      .catch((thrown: unknown) => {
        this.#failure ??= thrown;
      })
      .finally(() => this.#underWay.delete(compared));
    this.#underWay.add(compared);
  }

  /** @throws what a comparison failed with by now */
  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Waits for the comparisons of all that was delivered. @throws as `throwIfFailed` does */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
    this.throwIfFailed();
  }

  /** What was compared by now. */
  get checks(): RenderChecks {
    return { comparisons: this.#comparisons, largestDifference: this.#largestDifference };
  }

  async close(): Promise<void> {
    await this.#reference?.close();
  }

  /** @throws RenderError `capture-distrusted`, with the box that differs */
  #compare(index: number, seen: BlockAverages, expected: BlockAverages): void {
    const { capture, size, contrastShare } = this.#options;
    const { largest, box }: BlockDifference = compareBlocks(seen, expected, size, contrastShare);
    this.#comparisons++;
    this.#largestDifference = Math.max(this.#largestDifference, largest);
    this.#options.onChecked(index, largest);
    if (box === null) return;
    const where: string = `${box.width}×${box.height} pixels at ${box.x},${box.y}`;
    throw captureDistrusted(capture, `frame ${index} differs from a screenshot by ${largest} of 255 in ${where}`, { index, largest, box });
  }
}

/** The one failure that leaves the browser as it should be. */
export function isDistrust(thrown: unknown): thrown is RenderError {
  return isRenderError(thrown) && thrown.code === "capture-distrusted";
}
