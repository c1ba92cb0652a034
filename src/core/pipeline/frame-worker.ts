import { captureStalled } from "../errors.ts";
import { rawFrameBytes, type Frame } from "../frame.ts";
import type { FrameRange } from "../frame-rate.ts";
import type { FrameSource } from "../source.ts";
import type { OrderedWindow } from "./ordered-window.ts";
import { Supervisor } from "./supervisor.ts";

/** What one worker did. JSON; times in milliseconds. */
export interface WorkerUse {
  readonly frames: number;
  /** Blocks that it began. */
  readonly blocks: number;
  /** Spent waiting for its source. */
  readonly capturingMs: number;
  /** Spent waiting for room in the window. */
  readonly waitingMs: number;
  /** It died, and others did the rest. */
  readonly lost: boolean;
}

/** One stretch of the work, for a trace. Times as `performance.now()` counts. */
export interface PumpSpan {
  /** `window`: a captured frame waited for room. */
  readonly name: "capture" | "window" | "write";
  /** Null for what is done for all workers. */
  readonly worker: number | null;
  /** Of the frame. */
  readonly index: number;
  readonly startMs: number;
  readonly durationMs: number;
}

/** A frame on its way from a worker to the encoder. */
export interface CapturedFrame {
  readonly frame: Frame;
  /** It is the first that its source gave of a block. */
  readonly beginsBlock: boolean;
}

export interface FrameWorkerOptions {
  readonly window: OrderedWindow<CapturedFrame>;
  /** All frames, of which a block is a part. */
  readonly range: FrameRange;
  readonly signal: AbortSignal;
  readonly captureTimeoutMs: number;
  /** The worker has begun to wait for room. */
  onWait(): void;
  onSpan?(span: Omit<PumpSpan, "worker">): void;
}

/** One source that puts the frames of its blocks into the window that all share. */
export class FrameWorker {
  isLost = false;
  readonly #source: FrameSource;
  readonly #options: FrameWorkerOptions;
  readonly #supervisor: Supervisor;
  /** Index of the frame that it delivers next. */
  #position = 0;
  #frames = 0;
  #blocks = 0;
  #capturingMs = 0;
  #waitingMs = 0;

  constructor(source: FrameSource, options: FrameWorkerOptions) {
    this.#source = source;
    this.#options = options;
    this.#supervisor = new Supervisor(options.captureTimeoutMs, options.signal);
  }

  /** Index of the first frame of its block that it has not delivered. */
  get position(): number {
    return this.#position;
  }

  get use(): WorkerUse {
    const [frames, blocks, capturingMs, waitingMs] = [this.#frames, this.#blocks, this.#capturingMs, this.#waitingMs];
    return { frames, blocks, capturingMs, waitingMs, lost: this.isLost };
  }

  /**
   * Delivers a block, frame by frame. Gives the index of the first frame that another has to deliver: the block's end, unless
   * the window turned a frame away.
   *
   * @throws RenderError `capture-stalled`, `aborted`, and what the source throws
   */
  async capture(block: FrameRange): Promise<number> {
    this.#position = block.start;
    this.#blocks++;
    const frames: AsyncIterator<Frame> = this.#source.read(block, this.#options.signal)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const frame: Frame | null = await this.#next(frames);
        if (frame === null) return this.#endedAt(block);
        const beginsBlock: boolean = this.#position === block.start;
        this.#assertExpected(frame, block);
        if (!(await this.#deliver({ frame, beginsBlock }))) {
          frame.close();
          await this.#limited(leave(frames));
          return this.#position;
        }
        this.#position++;
        this.#frames++;
      }
    } catch (thrown) {
      // Not awaited: a source that hangs must not hold the failure back. Its owner closes what is under it.
      leave(frames).catch(() => {});
      throw thrown;
    }
  }

  async #next(frames: AsyncIterator<Frame>): Promise<Frame | null> {
    const startMs: number = performance.now();
    const arrival: Promise<IteratorResult<Frame>> = frames.next();
    try {
      const { done, value } = await this.#limited(arrival);
      const durationMs: number = performance.now() - startMs;
      this.#capturingMs += durationMs;
      if (done === true) return null;
      this.#options.onSpan?.({ name: "capture", index: this.#position, startMs, durationMs });
      return value;
    } catch (thrown) {
      // Nobody waits any longer for a frame that comes after all.
      arrival.then(
        ({ done, value }) => done !== true && value.close(),
        () => {},
      );
      throw thrown;
    }
  }

  /** False where the window does not take it. */
  async #deliver(captured: CapturedFrame): Promise<boolean> {
    const { window, onWait, onSpan } = this.#options;
    const [index, bytes] = [this.#position, bytesOf(captured.frame)];
    const hadRoom: boolean = window.hasRoom(index, bytes);
    const delivery: Promise<boolean> = window.put(index, captured, bytes);
    if (hadRoom) return delivery;
    const startMs: number = performance.now();
    onWait();
    const isIn: boolean = await delivery;
    const durationMs: number = performance.now() - startMs;
    this.#waitingMs += durationMs;
    onSpan?.({ name: "window", index, startMs, durationMs });
    return isIn;
  }

  /** With the limit on a source's silence. */
  #limited<Value>(work: Promise<Value>): Promise<Value> {
    const [index, limitMs] = [this.#position, this.#options.captureTimeoutMs];
    return this.#supervisor.run(work, () => captureStalled(index, limitMs));
  }

  /** Only the end of the whole may come early: where it is known by reading to it. */
  #endedAt(block: FrameRange): number {
    if (this.#position < block.end) {
      const { range, window } = this.#options;
      if (block.end < range.end)
        throw new TypeError(`A source ended before frame ${this.#position} of the range ${written(block)}; it must give every frame`);
      window.endAt(this.#position);
    }
    return block.end;
  }

  #assertExpected(frame: Frame, block: FrameRange): void {
    const isLate: boolean = block.start > this.#options.range.start && this.#position === block.start;
    let fault: string | null = null;
    if (this.#position >= block.end) fault = `another frame, ${frame.index}`;
    else if (frame.index !== this.#position) fault = `frame ${frame.index} instead of ${this.#position}`;
    else if (isLate && frame.pixels === null) fault = "the first frame without pixels";
    if (fault === null) return;
    frame.close();
    throw new TypeError(`A source gave ${fault}, of the range ${written(block)}; it must give each once, in order, the first with pixels`);
  }
}

/** Bytes of the host's memory that a frame takes; one that stays in the page takes as many there. */
function bytesOf({ pixels, size }: Frame): number {
  if (pixels === null) return 0;
  return pixels.format === "page" ? rawFrameBytes("I420", size) : pixels.data.byteLength;
}

async function leave(frames: AsyncIterator<Frame>): Promise<void> {
  await frames.return?.();
}

function written({ start, end }: FrameRange): string {
  return `[${start}, ${end})`;
}
