import type { Browser } from "../browser.ts";
import type { Capture, CaptureSession } from "../capture.ts";
import { aborted, isRenderError, messageOf } from "../errors.ts";
import type { FrameRange } from "../frame-rate.ts";
import type { Plan } from "../policy/plan.ts";
import type { WorkerLoss } from "./pump.ts";
import type { Stage } from "./stage.ts";
import { Supervisor } from "./supervisor.ts";

/** One worker: a page that is captured, and the browser that holds it. */
export interface Worker {
  readonly browser: Browser;
  readonly session: CaptureSession;
}

/** Failures of one worker that another may make good. */
const losses: ReadonlySet<string> = new Set(["browser-closed", "capture-failed", "capture-stalled"]);

/** The workers of one plan. Whoever made this closes them, also where they did not all open. */
export class Workers {
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #capture: Capture;
  readonly #opened: Worker[] = [];

  constructor(plan: Plan, stage: Stage, capture: Capture) {
    this.#plan = plan;
    this.#stage = stage;
    this.#capture = capture;
  }

  get all(): readonly Worker[] {
    return this.#opened;
  }

  get first(): Worker {
    return this.#opened[0]!;
  }

  /**
   * The first worker must open; without one of the others the rest does the work, unless each has a segment of its own.
   *
   * @throws RenderError `aborted`, and what the opening of a worker throws that is needed
   */
  async open(): Promise<void> {
    const { workers, segments } = this.#plan;
    const { signal, warn, emit } = this.#stage;
    const count: number = Math.max(workers, segments);
    const opened = await Promise.allSettled(Array.from({ length: count }, (_, at) => this.#openOne(at)));
    for (const outcome of opened) if (outcome.status === "fulfilled") this.#opened.push(outcome.value);
    const [first, ...others] = opened;
    if (signal.aborted) throw aborted(signal.reason);
    if (first!.status === "rejected") throw first!.reason;
    const failed = others.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined && segments > 1) throw failed.reason;
    if (failed !== undefined) warn(`${this.#opened.length} of ${count} workers opened: ${messageOf(failed.reason)}`);
    emit({
      type: "capture-opened",
      capture: this.#capture.name,
      transport: this.first.session.transport,
      workers: this.#opened.length,
    });
  }

  /** Whether what one of them failed with leaves the others able to go on. */
  isLoss(thrown: unknown): boolean {
    return isRenderError(thrown) && losses.has(thrown.code);
  }

  /** Goes on without one. */
  lose({ worker, error, range }: WorkerLoss): void {
    this.#stage.warn(`Worker ${worker + 1} was lost, and others do ${framesWords(range)}: ${messageOf(error)}`);
    this.#opened[worker]?.session.close().catch(() => {});
  }

  /**
   * What was heard while pictures were made, though the page had said nothing of it before; null where nothing was. In words.
   *
   * @throws RenderError `page-failed`, `aborted`
   */
  async unplannedSound(): Promise<string | null> {
    const supervisor = new Supervisor(this.#stage.job.captureTimeoutMs, this.#stage.signal);
    for (const { session } of this.#opened) {
      const what: string | null = await supervisor
        .run(session.unplannedSound(), () => new Error("the page does not say what was heard"))
        .catch((thrown: unknown) => {
          // One that was lost says nothing any more; its frames were made by others.
          if (isRenderError(thrown) && !this.isLoss(thrown)) throw thrown;
          return null;
        });
      if (what !== null) return what;
    }
    return null;
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map(({ session }) => session.close()));
  }

  async #openOne(at: number): Promise<Worker> {
    const { browsers, opener, page, video } = this.#stage;
    const browser: Browser = await browsers.of(this.#capture, at);
    const { frameFormat } = this.#plan;
    return {
      browser,
      session: await opener.open({ capture: this.#capture, browser, url: page.url, frameFormat, video, track: workerTrack(at) }),
    };
  }
}

/** Where the work of a worker is shown in a trace. */
export function workerTrack(at: number): string {
  return `worker ${at + 1}`;
}

function framesWords({ start, end }: FrameRange): string {
  return end > start ? `its frames ${start} to ${end - 1}` : "the rest";
}
