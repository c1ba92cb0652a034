import { RESAMPLED_SHARE } from "../blocks.ts";
import type { BrowserSandbox } from "../browser.ts";
import type { Capture, CaptureSession, PageFacts } from "../capture.ts";
import type { Encoder } from "../encoder.ts";
import { aborted, captureStalled } from "../errors.ts";
import type { FrameCacheStatistics } from "../frame-cache.ts";
import type { Plan } from "../policy/plan.ts";
import type { RenderChecks, SoundResult } from "../result.ts";
import { writeSidecar } from "../sidecar.ts";
import type { MixedSound } from "../sound.ts";
import { named } from "./candidate.ts";
import { CaptureCheck, isDistrust } from "./check-capture.ts";
import { checkOutput, type CheckedOutput } from "./check-output.ts";
import { Encoding, type Encoded } from "./encoding.ts";
import type { Stage } from "./stage.ts";
import { Supervisor } from "./supervisor.ts";
import { Workers } from "./workers.ts";

/** What came of it. */
export interface Outcome extends Encoded {
  readonly facts: CheckedOutput;
  readonly transport: string | null;
  /** Of the browser that the page ran in. */
  readonly sandbox: BrowserSandbox;
  readonly checks: RenderChecks;
  readonly cache: FrameCacheStatistics | null;
  readonly sound: SoundResult | null;
  /** Milliseconds after the last frame. */
  readonly finishMs: number;
}

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

  constructor(plan: Plan, stage: Stage) {
    this.#plan = plan;
    this.#stage = stage;
    this.#capture = named(stage.parts.captures, plan.capture);
    this.#encoder = named(stage.parts.encoders, plan.encoder);
  }

  /** Beside the capture the reference takes the pictures to compare with. */
  async run(reference: CaptureSession | null): Promise<Outcome> {
    const { browsers, page, video, emit, job, signal } = this.#stage;
    const { checkAt } = this.#plan;
    const capture: string = this.#capture.name;
    const shown: CaptureSession | null = reference ?? (this.#needsReference() ? await this.#openReference() : null);
    await this.#makeSound(shown);
    const check = new CaptureCheck(
      {
        capture,
        size: video.size.value,
        contrastShare: movesLayers(page) ? RESAMPLED_SHARE : 0,
        indices: checkAt,
        captureTimeoutMs: job.captureTimeoutMs,
        signal,
        onChecked: (index, largest) => emit({ type: "capture-checked", capture, index, largest }),
      },
      shown,
    );
    const workers = new Workers(this.#plan, this.#stage, this.#capture);
    try {
      await workers.open();
      await this.#checkFirst(check, workers.first.session);
      return await this.#encode(workers, check);
    } catch (thrown) {
      if (!isDistrust(thrown)) browsers.endSoon();
      throw thrown;
    } finally {
      await Promise.all([check.close(), workers.close()]);
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
    const { browsers, opener, page, video } = this.#stage;
    return opener.openReference(await browsers.shared(), page.url, video);
  }

  /** Compares the first frame before anything is encoded. */
  async #checkFirst(check: CaptureCheck, session: CaptureSession): Promise<void> {
    const { job, signal, timeline, warn } = this.#stage;
    const { captureTimeoutMs } = job;
    const supervisor = new Supervisor(captureTimeoutMs, signal);
    await timeline.span("check", "render", () =>
      supervisor.run(check.first(session), () => captureStalled(check.indices[0] ?? 0, captureTimeoutMs)),
    );
    if (this.#capture.traits.needsCheck && check.checks.comparisons === 0)
      warn(`The capture "${this.#capture.name}" was not compared with a screenshot: the plan named no frame`);
    this.#throwIfAborted();
  }

  async #encode(workers: Workers, check: CaptureCheck): Promise<Outcome> {
    const { sink, video, timeline, emit, media } = this.#stage;
    const encoding = new Encoding(this.#plan, this.#stage, this.#encoder, this.#sound);
    const framesAt: number = timeline.elapsedMs();
    const delivered: Encoded = await encoding.run(workers, check);
    const file: string | null = await this.#writeSidecar();
    emit({ type: "checking" });
    const expected = { ...encoding.request(encoding.range), frameCount: video.frameCount, pictures: delivered.encoded.framesOut };
    const facts: CheckedOutput = await timeline.span("verify", "render", () => checkOutput(sink, expected));
    const { session, browser } = workers.first;
    return {
      ...delivered,
      facts,
      cache: (await media?.statistics()) ?? null,
      sound: this.#sound && { ...this.#sound.facts, sampleCount: this.#sound.sampleCount, file },
      transport: session.transport,
      sandbox: browser.sandbox,
      checks: check.checks,
      finishMs: timeline.elapsedMs() - framesAt - delivered.framesMs,
    };
  }

  /** Beside pictures that hold no sound. */
  async #writeSidecar(): Promise<string | null> {
    if (this.#sound === null || this.#plan.sound?.audio !== null) return null;
    return writeSidecar(this.#stage.sink, this.#sound);
  }

  #throwIfAborted(): void {
    const { signal } = this.#stage;
    if (signal.aborted) throw aborted(signal.reason);
  }
}

/** Whether the compositor may show layers of the page resampled: what moves by animations, or by scripts of its own. */
function movesLayers({ access, adapters }: PageFacts): boolean {
  return access === "sequential" || adapters.length > 0;
}
