import { remux } from "../container/remux.ts";
import { RESAMPLED_SHARE } from "../blocks.ts";
import type { Browser, BrowserSandbox } from "../browser.ts";
import type { Capture, CaptureSession, PageFacts } from "../capture.ts";
import type { EncodeRequest, EncodeResult, Encoder, EncoderSession } from "../encoder.ts";
import { aborted, captureStalled, isRenderError, messageOf, soundUnplanned, type RenderError } from "../errors.ts";
import type { RenderListener } from "../events.ts";
import type { FrameCacheStatistics } from "../frame-cache.ts";
import type { FrameRange } from "../frame-rate.ts";
import type { RenderParts } from "../host.ts";
import type { ParsedJob } from "../job.ts";
import type { Plan } from "../policy/plan.ts";
import type { RenderChecks, SoundResult } from "../result.ts";
import type { FileSink, OutputSink } from "../sink.ts";
import { writeSidecar } from "../sidecar.ts";
import type { AudioRequest, MixedSound } from "../sound.ts";
import type { FrameSource } from "../source.ts";
import type { Timeline } from "../timeline.ts";
import type { Video } from "../video.ts";
import type { Browsers } from "./browsers.ts";
import { CaptureCheck } from "./check-capture.ts";
import { checkOutput, type CheckedOutput } from "./check-output.ts";
import { named } from "./candidate.ts";
import type { MediaDirector } from "./media-director.ts";
import type { PageOpener } from "./page-opener.ts";
import { pageSource } from "./page-source.ts";
import { pump, type PumpOptions, type PumpResult } from "./pump.ts";
import type { SoundMaker } from "./sound-maker.ts";
import { pumpSegments, type JoinSegments, type SegmentWorker } from "./segments.ts";
import { Supervisor } from "./supervisor.ts";

/** What a plan is carried out with. */
export interface Stage {
  readonly job: ParsedJob;
  readonly parts: RenderParts;
  readonly browsers: Browsers;
  readonly opener: PageOpener;
  readonly page: PageFacts;
  readonly video: Video;
  readonly sink: OutputSink;
  /** Null where all media is left to the browser. */
  readonly media: MediaDirector | null;
  readonly soundMaker: SoundMaker;
  /** A file for one segment, which is discarded when the segments are joined. */
  openSegment(index: number): Promise<FileSink>;
  readonly timeline: Timeline;
  readonly signal: AbortSignal;
  readonly emit: RenderListener;
  warn(reason: string): void;
}

/** What came of it. */
export interface Outcome {
  readonly facts: CheckedOutput;
  readonly pumped: PumpResult;
  readonly encoded: EncodeResult;
  readonly transport: string | null;
  /** Of the browser that the page ran in. */
  readonly sandbox: BrowserSandbox;
  readonly checks: RenderChecks;
  readonly cache: FrameCacheStatistics | null;
  readonly sound: SoundResult | null;
  /** Milliseconds of the three steps. */
  readonly framesMs: number;
  readonly finishMs: number;
}

/** One worker: a page that is captured, and the browser that holds it. */
interface Worker {
  readonly browser: Browser;
  readonly session: CaptureSession;
}

/** The one failure that leaves the browser as it should be. */
export function isDistrust(thrown: unknown): thrown is RenderError {
  return isRenderError(thrown) && thrown.code === "capture-distrusted";
}

/** Failures of one worker that another may make good. */
const workerLosses: ReadonlySet<string> = new Set(["browser-closed", "capture-failed", "capture-stalled"]);

/**
 * Carries out one plan, from the first page to the checked output. A failure leaves what it wrote in the sink.
 *
 * @param reference An open reference, where there is one already; owned from here on
 */
export async function carryOut(plan: Plan, stage: Stage, reference: CaptureSession | null): Promise<Outcome> {
  return new PlanRun(plan, stage).run(reference);
}

class PlanRun {
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #capture: Capture;
  readonly #encoder: Encoder;
  #sound: MixedSound | null = null;
  #comparisons = 0;
  #largestDifference = 0;

  constructor(plan: Plan, stage: Stage) {
    this.#plan = plan;
    this.#stage = stage;
    this.#capture = named(stage.parts.captures, plan.capture);
    this.#encoder = named(stage.parts.encoders, plan.encoder);
  }

  /** Beside the capture the reference takes the pictures to compare with. */
  async run(reference: CaptureSession | null): Promise<Outcome> {
    const { browsers, page, video } = this.#stage;
    const { checkAt } = this.#plan;
    const shown: CaptureSession | null = reference ?? (this.#needsReference() ? await this.#openReference() : null);
    await this.#makeSound(shown);
    const check = new CaptureCheck(
      {
        capture: this.#capture.name,
        size: video.size.value,
        contrastShare: movesLayers(page) ? RESAMPLED_SHARE : 0,
        indices: checkAt,
        onChecked: (index, largest) => this.#onChecked(index, largest),
      },
      shown,
    );
    const workers: Worker[] = [];
    try {
      await this.#openWorkers(workers);
      await this.#checkFirst(check, workers[0]!.session);
      return await this.#encode(workers, check);
    } catch (thrown) {
      if (!isDistrust(thrown)) browsers.endSoon();
      throw thrown;
    } finally {
      await Promise.all([check.close(), ...workers.map(({ session }) => session.close())]);
    }
  }

  #needsReference(): boolean {
    return this.#plan.checkAt.length > 0 || this.#plan.sound !== null;
  }

  /** Before anything is captured, so that the encoder has both from its beginning. */
  async #makeSound(page: CaptureSession | null): Promise<void> {
    const { soundMaker, browsers } = this.#stage;
    if (this.#plan.sound === null || page === null) return;
    try {
      this.#sound = await Promise.race([soundMaker.make(this.#plan.sound, page, this.#stage.page.sound), page.page.lost]);
    } catch (thrown) {
      browsers.endSoon();
      await page.close();
      throw thrown;
    }
  }

  async #openReference(): Promise<CaptureSession> {
    const { parts, browsers, opener, page, video } = this.#stage;
    const { reference } = parts;
    const browser: Browser = await browsers.shared();
    return opener.open({ capture: reference, browser, url: page.url, frameFormat: reference.traits.gives[0]!, video, track: "render" });
  }

  /** The first worker must open; without one of the others the rest does the work. */
  async #openWorkers(workers: Worker[]): Promise<void> {
    const count: number = Math.max(this.#plan.workers, this.#plan.segments);
    const opened = await Promise.allSettled(Array.from({ length: count }, (_, at) => this.#openWorker(at)));
    for (const outcome of opened) if (outcome.status === "fulfilled") workers.push(outcome.value);
    const [first, ...others] = opened;
    this.#throwIfAborted();
    if (first!.status === "rejected") throw first!.reason;
    const failed = others.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined && this.#plan.segments > 1) throw failed.reason;
    if (failed !== undefined) this.#stage.warn(`${workers.length} of ${count} workers opened: ${messageOf(failed.reason)}`);
    this.#stage.emit({
      type: "capture-opened",
      capture: this.#capture.name,
      transport: workers[0]!.session.transport,
      workers: workers.length,
    });
  }

  async #openWorker(at: number): Promise<Worker> {
    const { browsers, opener, page, video } = this.#stage;
    const browser: Browser = await browsers.of(this.#capture, at);
    const { frameFormat } = this.#plan;
    return {
      browser,
      session: await opener.open({ capture: this.#capture, browser, url: page.url, frameFormat, video, track: workerTrack(at) }),
    };
  }

  /** Compares the first frame before anything is encoded. */
  async #checkFirst(check: CaptureCheck, session: CaptureSession): Promise<void> {
    const { job, signal, timeline, warn } = this.#stage;
    const { captureTimeoutMs } = job;
    const supervisor = new Supervisor(captureTimeoutMs, signal);
    await timeline.span("check", "render", () =>
      supervisor.run(check.first(session), () => captureStalled(check.indices[0] ?? 0, captureTimeoutMs)),
    );
    if (this.#capture.traits.needsCheck && this.#comparisons === 0)
      warn(`The capture "${this.#capture.name}" was not compared with a screenshot: the plan named no frame`);
    this.#throwIfAborted();
  }

  async #encode(workers: readonly Worker[], check: CaptureCheck): Promise<Outcome> {
    const { sink, video, timeline, emit } = this.#stage;
    const range: FrameRange = { start: 0, end: video.frameCount };
    const sources = workers.map(({ session }) => this.#source(session, check));
    const framesAt: number = timeline.elapsedMs();
    const { pumped, encoded, framesMs } =
      this.#plan.segments > 1 ? await this.#inSegments(workers, sources, check, range) : await this.#inOne(workers, sources, check, range);
    const file: string | null = await this.#writeSidecar();
    emit({ type: "checking" });
    const request: EncodeRequest = this.#request(range);
    const facts: CheckedOutput = await timeline.span("verify", "render", () =>
      checkOutput(sink, { ...request, frameCount: video.frameCount, pictures: encoded.framesOut }),
    );
    return {
      facts,
      pumped,
      encoded,
      cache: (await this.#stage.media?.statistics()) ?? null,
      sound: this.#sound && { ...this.#sound.facts, sampleCount: this.#sound.sampleCount, file },
      transport: workers[0]!.session.transport,
      sandbox: workers[0]!.browser.sandbox,
      checks: { comparisons: this.#comparisons, largestDifference: this.#largestDifference },
      framesMs,
      finishMs: timeline.elapsedMs() - framesAt - framesMs,
    };
  }

  /** All workers feed one encoder. */
  async #inOne(workers: readonly Worker[], sources: readonly FrameSource[], check: CaptureCheck, range: FrameRange): Promise<Encoded> {
    const { sink, timeline, emit } = this.#stage;
    const encoding: EncoderSession = await this.#openEncoder(range, sink, workers[0]!);
    try {
      const startedAt: number = timeline.elapsedMs();
      const pumping: Promise<PumpResult> = pump(sources, range, encoding, this.#pumpOptions(workers));
      // A page that dies while nothing is asked of it is heard all the same.
      const pumped: PumpResult = await (workers.length === 1 ? Promise.race([pumping, workers[0]!.session.page.lost]) : pumping);
      const framesMs: number = timeline.elapsedMs() - startedAt;
      await check.settled();
      await this.#refuseUnplannedSound(workers);
      emit({ type: "finishing" });
      return { pumped, encoded: await timeline.span("finish", "encoder", () => encoding.finish()), framesMs };
    } catch (thrown) {
      if (!isDistrust(thrown)) this.#stage.browsers.endSoon();
      await encoding.abort(thrown);
      throw thrown;
    }
  }

  /** A video in which something is missing that the page plays would be no success. */
  async #refuseUnplannedSound(workers: readonly Worker[]): Promise<void> {
    const { page, media, job, signal } = this.#stage;
    if (page.sound === "played" || media === null || !job.sound.enabled) return;
    const supervisor = new Supervisor(job.captureTimeoutMs, signal);
    for (const { session } of workers) {
      // One that was lost says nothing any more; its frames were made by others.
      const what: string | null = await supervisor
        .run(session.unplannedSound(), () => new Error("the page does not say what was heard"))
        .catch(() => null);
      if (what !== null) throw soundUnplanned(what);
    }
  }

  /** Each worker feeds an encoder of its own, whose files are joined. */
  async #inSegments(workers: readonly Worker[], sources: readonly FrameSource[], check: CaptureCheck, range: FrameRange): Promise<Encoded> {
    const { openSegment, timeline, job, video, sink } = this.#stage;
    const startedAt: number = timeline.elapsedMs();
    const files: FileSink[] = [];
    let framesMs = 0;
    let framesOut = 0;
    try {
      for (const at of workers.keys()) files.push(await openSegment(at));
      const segmentWorkers = workers.map((worker, at): SegmentWorker => ({
        source: sources[at]!,
        file: files[at]!,
        openEncoder: (part) => this.#openEncoder(part, files[at]!, worker),
      }));
      const join: JoinSegments = async (segments, signal) => {
        framesMs = timeline.elapsedMs() - startedAt;
        await check.settled();
        await this.#refuseUnplannedSound(workers);
        this.#stage.emit({ type: "finishing" });
        const parts = segments.map(({ file, range: { start, end } }) => ({ file, frameCount: end - start }));
        const { container, codec, timing } = job;
        framesOut = await timeline.span("join", "encoder", () =>
          remux(parts, sink as FileSink, { container, codec, timing, frameRate: video.frameRate.value, signal }),
        );
      };
      const { frames, repeats, segments } = await pumpSegments(segmentWorkers, range, join, this.#pumpOptions(workers));
      return {
        pumped: { frames, repeats, ...joinedUse(segments.map(({ pumped }) => pumped)) },
        encoded: { framesIn: frames, framesOut, byteLength: await sink.byteLength(), codec: job.codec },
        framesMs,
      };
    } finally {
      await Promise.all(files.map((file) => file.discard()));
    }
  }

  async #openEncoder(range: FrameRange, output: OutputSink, { session }: Worker): Promise<EncoderSession> {
    const { browsers, job, signal, timeline, warn } = this.#stage;
    this.#throwIfAborted();
    const browser: Browser = await browsers.shared();
    const page = this.#plan.frameFormat === "page" ? session.page : null;
    return timeline.span("open", "encoder", () =>
      this.#encoder.open(this.#request(range), {
        output,
        signal,
        browser,
        page,
        sound: this.#sound,
        inactivityTimeoutMs: job.inactivityTimeoutMs,
        warn,
      }),
    );
  }

  #request({ start, end }: FrameRange): EncodeRequest {
    const { job, video } = this.#stage;
    // The first segment holds the sound of all.
    const audio: AudioRequest | null = start === 0 ? this.#sound && (this.#plan.sound?.audio ?? null) : null;
    return { ...encodeRequest(job, video, this.#plan.frameFormat, end - start), audio };
  }

  /** Beside pictures that hold no sound. */
  async #writeSidecar(): Promise<string | null> {
    if (this.#sound === null || this.#plan.sound?.audio !== null) return null;
    return writeSidecar(this.#stage.sink, this.#sound);
  }

  #source(session: CaptureSession, check: CaptureCheck): FrameSource {
    const { video, page } = this.#stage;
    const { frameCount, frameRate, size } = video;
    return pageSource(session, { frameCount, frameRate: frameRate.value, size: size.value, access: page.access, check });
  }

  #pumpOptions(workers: readonly Worker[]): PumpOptions {
    const { job, video, signal, emit, timeline, warn } = this.#stage;
    const { frameCount } = video;
    return {
      signal,
      captureTimeoutMs: job.captureTimeoutMs,
      blockFrames: this.#plan.blockFrames,
      windowBytes: this.#plan.windowBytes,
      isWorkerLoss: (thrown) => isRenderError(thrown) && workerLosses.has(thrown.code),
      onWorkerLost: ({ worker, error, range }) => {
        warn(`Worker ${worker + 1} was lost, and others do ${framesWords(range)}: ${messageOf(error)}`);
        workers[worker]?.session.close().catch(() => {});
      },
      onFrame: ({ index, repeats }) => emit({ type: "frame-encoded", index, frameCount, repeats }),
      onSpan: ({ name, worker, index, startMs, durationMs }) =>
        timeline.add(name, worker === null ? "encoder" : workerTrack(worker), startMs, durationMs, index),
    };
  }

  #onChecked(index: number, largest: number): void {
    this.#comparisons++;
    this.#largestDifference = Math.max(this.#largestDifference, largest);
    this.#stage.emit({ type: "capture-checked", capture: this.#capture.name, index, largest });
  }

  #throwIfAborted(): void {
    const { signal } = this.#stage;
    if (signal.aborted) throw aborted(signal.reason);
  }
}

/** What the segments used, taken together: each has a window of its own. */
function joinedUse(pumped: readonly PumpResult[]): Pick<PumpResult, "window" | "workers" | "writingMs"> {
  const sum = (value: (one: PumpResult) => number): number => pumped.reduce((total, one) => total + value(one), 0);
  return {
    window: {
      budgetBytes: sum(({ window }) => window.budgetBytes),
      peakBytes: sum(({ window }) => window.peakBytes),
      peakFrames: sum(({ window }) => window.peakFrames),
    },
    workers: pumped.flatMap(({ workers }) => workers),
    writingMs: sum(({ writingMs }) => writingMs),
  };
}

type Encoded = Pick<Outcome, "pumped" | "encoded" | "framesMs">;

/** What an encoder is asked for. */
export function encodeRequest(
  { container, codec, alpha, quality, timing, hardware, loop }: ParsedJob,
  { size, frameRate }: Pick<Video, "size" | "frameRate">,
  frameFormat: EncodeRequest["frameFormat"],
  frameCount: number | null,
): EncodeRequest {
  return {
    size: size.value,
    frameRate: frameRate.value,
    frameCount,
    frameFormat,
    container,
    codec,
    alpha,
    quality,
    timing,
    hardware,
    loop,
    audio: null,
  };
}

function framesWords({ start, end }: FrameRange): string {
  return end > start ? `its frames ${start} to ${end - 1}` : "the rest";
}

function workerTrack(at: number): string {
  return `worker ${at + 1}`;
}

/** Whether the compositor may show layers of the page resampled: what moves by animations, or by scripts of its own. */
function movesLayers({ access, adapters }: PageFacts): boolean {
  return access === "sequential" || adapters.length > 0;
}
