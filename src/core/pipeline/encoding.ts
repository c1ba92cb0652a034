import { remux } from "../container/remux.ts";
import type { Browser } from "../browser.ts";
import type { EncodeRequest, EncodeResult, Encoder, EncoderSession } from "../encoder.ts";
import { aborted, encoderNotStarted, soundUnplanned } from "../errors.ts";
import type { FrameRange } from "../frame-rate.ts";
import type { Plan } from "../policy/plan.ts";
import type { FileSink, OutputSink } from "../sink.ts";
import type { AudioRequest, MixedSound } from "../sound.ts";
import type { FrameSource } from "../source.ts";
import { isDistrust, type CaptureCheck } from "./check-capture.ts";
import { encodeRequest } from "./encode-request.ts";
import { pageSource } from "./page-source.ts";
import { pump, type PumpOptions, type PumpResult } from "./pump.ts";
import { pumpSegments, type JoinSegments, type SegmentWorker } from "./segments.ts";
import type { Stage } from "./stage.ts";
import { withForcedEnd } from "./forced-end.ts";
import { within } from "./watchdog.ts";
import { workerTrack, type Worker, type Workers } from "./workers.ts";

/** What went through the encoders of a plan. */
export interface Encoded {
  readonly pumped: PumpResult;
  readonly encoded: EncodeResult;
  /** Milliseconds until the last frame was taken. */
  readonly framesMs: number;
}

/** Brings the frames of a plan from its workers into the output: by one encoder, or by one for each segment. */
export class Encoding {
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #encoder: Encoder;
  readonly #sound: MixedSound | null;

  constructor(plan: Plan, stage: Stage, encoder: Encoder, sound: MixedSound | null) {
    this.#plan = plan;
    this.#stage = stage;
    this.#encoder = encoder;
    this.#sound = sound;
  }

  /** @throws RenderError `sound-unplanned`, and what pump, check and encoder throw */
  async run(workers: Workers, check: CaptureCheck): Promise<Encoded> {
    const sources = workers.all.map((worker) => this.#source(worker, check));
    return this.#plan.segments > 1 ? this.#inSegments(workers, sources, check) : this.#inOne(workers, sources, check);
  }

  /** What the encoder of these frames is asked for. */
  request({ start, end }: FrameRange): EncodeRequest {
    const { job, video } = this.#stage;
    // The first segment holds the sound of all.
    const audio: AudioRequest | null = start === 0 ? this.#sound && (this.#plan.sound?.audio ?? null) : null;
    return { ...encodeRequest(job, video, this.#plan.frameFormat, end - start), audio };
  }

  /** All frames of the video. */
  get range(): FrameRange {
    return { start: 0, end: this.#stage.video.frameCount };
  }

  /** All workers feed one encoder. */
  async #inOne(workers: Workers, sources: readonly FrameSource[], check: CaptureCheck): Promise<Encoded> {
    const { sink, timeline, browsers } = this.#stage;
    const { first } = workers;
    const encoding: EncoderSession = await this.#openEncoder(this.range, sink, first);
    try {
      const startedAt: number = timeline.elapsedMs();
      const pumping: Promise<PumpResult> = pump(sources, this.range, encoding, this.#pumpOptions(workers));
      // A page that dies while nothing is asked of it is heard all the same.
      const pumped: PumpResult = await (sources.length === 1 ? Promise.race([pumping, first.session.page.lost]) : pumping);
      const framesMs: number = timeline.elapsedMs() - startedAt;
      await this.#allDelivered(workers, check);
      return { pumped, encoded: await timeline.span("finish", "encoder", () => encoding.finish()), framesMs };
    } catch (thrown) {
      if (!isDistrust(thrown)) browsers.endSoon();
      await encoding.abort(thrown);
      throw thrown;
    }
  }

  /** Each worker feeds an encoder of its own, whose files are joined. */
  async #inSegments(workers: Workers, sources: readonly FrameSource[], check: CaptureCheck): Promise<Encoded> {
    const { openSegment, timeline, job, video, sink } = this.#stage;
    const startedAt: number = timeline.elapsedMs();
    const files: FileSink[] = [];
    let framesMs = 0;
    let framesOut = 0;
    try {
      for (const at of sources.keys()) files.push(await openSegment(at));
      const segmentWorkers = workers.all.map((worker, at): SegmentWorker => ({
        source: sources[at]!,
        file: files[at]!,
        openEncoder: (part) => this.#openEncoder(part, files[at]!, worker),
      }));
      const join: JoinSegments = async (segments, signal) => {
        framesMs = timeline.elapsedMs() - startedAt;
        await this.#allDelivered(workers, check);
        const parts = segments.map(({ file, range: { start, end } }) => ({ file, frameCount: end - start }));
        const { container, codec, timing } = job;
        framesOut = await timeline.span("join", "encoder", () =>
          remux(parts, sink as FileSink, { container, codec, timing, frameRate: video.frameRate.value, signal }),
        );
      };
      const { frames, repeats, segments } = await pumpSegments(segmentWorkers, this.range, join, this.#pumpOptions(workers));
      return {
        pumped: { frames, repeats, ...joinedUse(segments.map(({ pumped }) => pumped)) },
        encoded: { framesIn: frames, framesOut, byteLength: await sink.byteLength(), codec: job.codec },
        framesMs,
      };
    } finally {
      await Promise.all(files.map((file) => file.discard()));
    }
  }

  /** Nothing is finished that was seen to be wrong. */
  async #allDelivered(workers: Workers, check: CaptureCheck): Promise<void> {
    await check.settled();
    await this.#refuseUnplannedSound(workers);
    this.#stage.emit({ type: "finishing" });
  }

  /** A video in which something is missing that the page plays would be no success. */
  async #refuseUnplannedSound(workers: Workers): Promise<void> {
    const { page, media, job } = this.#stage;
    if (page.sound === "played" || media === null || !job.sound.enabled) return;
    const what: string | null = await workers.unplannedSound();
    if (what !== null) throw soundUnplanned(what);
  }

  async #openEncoder(range: FrameRange, output: OutputSink, { session }: Worker): Promise<EncoderSession> {
    const { browsers, job, signal, timeline, warn } = this.#stage;
    if (signal.aborted) throw aborted(signal.reason);
    const browser: Browser = await browsers.shared();
    const page = this.#plan.frameFormat === "page" ? session.page : null;
    const { inactivityTimeoutMs } = job;
    return timeline.span("open", "encoder", async () => {
      const opening: Promise<EncoderSession> = this.#encoder.open(this.request(range), {
        ...{ output, signal, browser, page, sound: this.#sound, inactivityTimeoutMs, warn },
      });
      try {
        // A stop closes the browsers, and what was started must have ended before the render answers: no race with the signal.
        const silent = (): Error => encoderNotStarted(this.#encoder.name, `it was not open within ${inactivityTimeoutMs} ms`);
        return withForcedEnd(await within(inactivityTimeoutMs, opening, silent), browsers);
      } catch (thrown) {
        // One that opens after all has nobody else who would end it.
        opening.then((session) => session.abort(thrown)).catch(() => {});
        throw thrown;
      }
    });
  }

  #source({ session }: Worker, check: CaptureCheck): FrameSource {
    const { video, page } = this.#stage;
    const { frameCount, frameRate, size } = video;
    return pageSource(session, { frameCount, frameRate: frameRate.value, size: size.value, access: page.access, check });
  }

  #pumpOptions(workers: Workers): PumpOptions {
    const { job, video, signal, emit, timeline } = this.#stage;
    const { frameCount } = video;
    return {
      signal,
      captureTimeoutMs: job.captureTimeoutMs,
      blockFrames: this.#plan.blockFrames,
      windowBytes: this.#plan.windowBytes,
      isWorkerLoss: (thrown) => workers.isLoss(thrown),
      onWorkerLost: (loss) => workers.lose(loss),
      onFrame: ({ index, repeats }) => emit({ type: "frame-encoded", index, frameCount, repeats }),
      onSpan: ({ name, worker, index, startMs, durationMs }) =>
        timeline.add(name, worker === null ? "encoder" : workerTrack(worker), startMs, durationMs, index),
    };
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
