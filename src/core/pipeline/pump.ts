import type { EncoderSession } from "../encoder.ts";
import { aborted } from "../errors.ts";
import type { FrameRange } from "../frame-rate.ts";
import type { FrameSource } from "../source.ts";
import { FrameBlocks, type FrameBlock } from "./frame-blocks.ts";
import { FrameWorker, type CapturedFrame, type PumpSpan, type WorkerUse } from "./frame-worker.ts";
import { LastPicture } from "./last-picture.ts";
import { OrderedWindow, type WindowUse } from "./ordered-window.ts";

export type { PumpSpan, WindowUse, WorkerUse };

export interface PumpOptions {
  readonly signal: AbortSignal;
  /** Longest wait for one frame of a source, in milliseconds; the wait for room in the window does not count. */
  readonly captureTimeoutMs: number;
  /** Frames that a worker captures in one go, where there are several. */
  readonly blockFrames: number;
  /**
   * Bytes of pixels that wait for the encoder, over all workers, with those that it is being given; the frame that it waits for
   * may go above. Each worker holds one more frame while it waits for room, and the pump the one that was written last.
   */
  readonly windowBytes: number;
  /** Whether what a source threw, or its silence (`capture-stalled`), is the death of that worker alone: others go on without it. */
  isWorkerLoss?(thrown: unknown): boolean;
  /** A worker died; another captures the rest of its block. */
  onWorkerLost?(loss: WorkerLoss): void;
  /** Called after the encoder took a frame. */
  onFrame?(frame: { readonly index: number; readonly repeats: boolean }): void;
  onSpan?(span: PumpSpan): void;
}

export interface WorkerLoss {
  /** Its place among the sources. */
  readonly worker: number;
  readonly error: unknown;
  /** What it has not delivered of its block; it may be empty. */
  readonly range: FrameRange;
}

/** What went through. JSON. */
export interface PumpResult {
  readonly frames: number;
  readonly repeats: number;
  readonly window: WindowUse;
  /** In the order of the sources. */
  readonly workers: readonly WorkerUse[];
  /** Milliseconds in which the encoder was being given a frame. */
  readonly writingMs: number;
}

/**
 * Joins sources to an encoder: each source is a worker that captures small blocks of the range as it gets free, a window puts
 * the frames in order, and one write at a time is in flight. Workers wait for room in the window alone, never for each other.
 * A single source, or one that can only be read forwards, reads the whole range in one go.
 *
 * Frames that were captured but never written are closed here. The call ends with the first failure, without waiting for
 * sources that hang and for the write that is in flight. A worker that dies gives its block back once; a second death in the
 * same block, and that of the last worker, is a failure.
 *
 * @throws RenderError `capture-stalled`, `aborted`, and whatever a source or the encoder throws
 */
export async function pump(
  sources: readonly FrameSource[],
  range: FrameRange,
  encoder: EncoderSession,
  options: PumpOptions,
): Promise<PumpResult> {
  if (sources.length === 0) throw new TypeError("The pump was given no source; give it at least one");
  if (!(options.blockFrames >= 1)) throw new RangeError(`blockFrames is ${options.blockFrames}; it must be at least 1`);
  if (!(options.windowBytes >= 0)) throw new RangeError(`windowBytes is ${options.windowBytes}; it must be at least 0`);
  if (options.signal.aborted) throw aborted(options.signal.reason);
  return new Pumping(sources, range, encoder, options).run();
}

/** One run of the pump. */
class Pumping {
  readonly #encoder: EncoderSession;
  readonly #options: PumpOptions;
  readonly #blocks: FrameBlocks;
  readonly #window: OrderedWindow<CapturedFrame>;
  readonly #workers: readonly FrameWorker[];
  /** Null with a single source, which knows itself what repeats. */
  readonly #lastPicture: LastPicture | null;
  /** Stops the sources, also where one of them or the encoder has failed. */
  readonly #stop = new AbortController();
  #frames = 0;
  #repeats = 0;
  #writingMs = 0;

  constructor(sources: readonly FrameSource[], range: FrameRange, encoder: EncoderSession, options: PumpOptions) {
    const isShared: boolean = sources.length > 1 && sources.every(({ access }) => access === "random");
    this.#encoder = encoder;
    this.#options = options;
    this.#blocks = new FrameBlocks(range, isShared ? options.blockFrames : Infinity);
    this.#window = new OrderedWindow(range, options.windowBytes);
    this.#lastPicture = sources.length > 1 ? new LastPicture() : null;
    this.#workers = sources.map((source, worker) => {
      const { captureTimeoutMs, onSpan } = options;
      const tracing = onSpan && { onSpan: (span: Omit<PumpSpan, "worker">): void => options.onSpan?.({ ...span, worker }) };
      const shared = { window: this.#window, range, signal: this.#stop.signal, captureTimeoutMs, onWait: () => this.#relieve() };
      return new FrameWorker(source, { ...shared, ...tracing });
    });
  }

  async run(): Promise<PumpResult> {
    const { signal } = this.#options;
    let onAbort: () => void = () => {};
    const interrupted: Promise<never> = new Promise((_, reject) => {
      onAbort = () => {
        reject(aborted(signal.reason));
        this.#end();
      };
    });
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      // The first failure is the answer, also while a write is pending: a source and an encoder may hang in one page.
      await Promise.race([Promise.all([this.#drain(), ...this.#workers.map((_, worker) => this.#work(worker))]), interrupted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#end();
    }
    return {
      frames: this.#frames,
      repeats: this.#repeats,
      window: this.#window.use,
      workers: this.#workers.map(({ use }) => use),
      writingMs: this.#writingMs,
    };
  }

  /** Writes the frames in their order. */
  async #drain(): Promise<void> {
    for (;;) {
      await this.#window.ready();
      const captured: CapturedFrame | null = this.#window.take();
      if (captured === null) return;
      const { frame, beginsBlock } = captured;
      const { index } = frame;
      const shown = this.#lastPicture?.pass(frame, beginsBlock) ?? frame;
      const { repeats } = shown;
      const startMs: number = performance.now();
      await this.#encoder.write(shown);
      if (this.#stop.signal.aborted) return;
      const durationMs: number = performance.now() - startMs;
      this.#writingMs += durationMs;
      this.#options.onSpan?.({ name: "write", worker: null, index, startMs, durationMs });
      this.#frames++;
      if (repeats) this.#repeats++;
      this.#options.onFrame?.({ index, repeats });
      this.#window.advance();
      this.#relieve();
    }
  }

  /** Lets one worker capture block after block, until none is left or it dies. */
  async #work(number: number): Promise<void> {
    const worker: FrameWorker = this.#workers[number]!;
    for (let block = await this.#blocks.next(); block !== null; block = await this.#blocks.next()) {
      try {
        this.#blocks.handIn({ ...block, start: await worker.capture(block) });
      } catch (thrown) {
        this.#lose(number, block, thrown);
        return;
      }
    }
  }

  /** @throws what was thrown, where nobody can go on without the worker */
  #lose(number: number, block: FrameBlock, thrown: unknown): void {
    const worker: FrameWorker = this.#workers[number]!;
    if (this.#stop.signal.aborted || block.wasLost || this.#options.isWorkerLoss?.(thrown) !== true) throw thrown;
    worker.isLost = true;
    if (this.#workers.every(({ isLost }) => isLost)) throw thrown;
    const range: FrameRange = { start: worker.position, end: block.end };
    this.#options.onWorkerLost?.({ worker: number, error: thrown, range });
    this.#blocks.handIn({ ...range, wasLost: true });
    this.#relieve();
  }

  /**
   * All who could capture the frame that the window waits for may themselves wait, with later frames, for room: then one of
   * them leaves its block to do so, the one whose frame is needed last.
   */
  #relieve(): void {
    if (this.#blocks.isUnclaimed(this.#window.cursor)) this.#window.turnAwayLatest();
  }

  /** Whatever still runs finds everything closed; a frame that comes later is closed by the worker that waited for it. */
  #end(): void {
    this.#stop.abort();
    this.#blocks.close();
    for (const { frame } of this.#window.close()) frame.close();
    this.#lastPicture?.close();
  }
}
