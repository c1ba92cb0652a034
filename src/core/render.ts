import { RESAMPLED_SHARE } from "./blocks.ts";
import type { Browser } from "./browser.ts";
import type { Capture, CaptureContext, CaptureSession, CaptureTraits, PageFacts } from "./capture.ts";
import type { EncodeRequest, Encoder, EncoderSession } from "./encoder.ts";
import { aborted, captureStalled, isRenderError, pageNotReady, warningRaised, type RenderError } from "./errors.ts";
import { protectedListener, type RenderEvent, type RenderListener } from "./events.ts";
import type { Size } from "./frame.ts";
import type { PageAddress, RenderHost, RenderParts } from "./host.ts";
import { isFromNetwork } from "./network.ts";
import { parseJob, type ParsedJob, type RenderJob } from "./job.ts";
import { Browsers } from "./pipeline/browsers.ts";
import { passedOver, tried, untried } from "./pipeline/candidate.ts";
import { CaptureCheck } from "./pipeline/check-capture.ts";
import { checkOutput, type OutputFacts } from "./pipeline/check-output.ts";
import { pageSource } from "./pipeline/page-source.ts";
import { Planner } from "./pipeline/planner.ts";
import { pump, type PumpResult } from "./pipeline/pump.ts";
import { Supervisor } from "./pipeline/supervisor.ts";
import { within } from "./pipeline/watchdog.ts";
import { defaultPolicy, type Candidate, type Plan, type PlanFailure, type PolicyInput } from "./policy/plan.ts";
import { reasonFor } from "./policy/remedy.ts";
import type { RenderResult } from "./result.ts";
import type { OutputSink } from "./sink.ts";
import type { Support } from "./support.ts";
import { videoAsked, videoOf, type Video } from "./video.ts";

export interface RenderOptions {
  /** Stops the render at any stage; the call then rejects with `aborted` once everything is ended. */
  readonly signal?: AbortSignal;
  readonly onEvent?: RenderListener;
}

/** Renders one page into one checked file: probe, plan, open, pump, finish, check, publish. */
export async function renderWith(job: RenderJob, parts: RenderParts, host: RenderHost, options: RenderOptions = {}): Promise<RenderResult> {
  const stop = new AbortController();
  const { signal } = options;
  const onAbort = (): void => {
    stop.abort(signal?.reason);
  };
  if (signal?.aborted === true) throw aborted(signal.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await new Rendering(parseJob(job), parts, host, stop, options.onEvent).run();
  } catch (thrown) {
    if (isRenderError(stop.signal.reason) && stop.signal.reason.code === "warning-raised") throw stop.signal.reason;
    throw stop.signal.aborted && !isAborted(thrown) ? aborted(stop.signal.reason) : thrown;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** What a plan is carried out on. */
interface Stage {
  readonly browsers: Browsers;
  readonly page: PageFacts;
  readonly frameCount: number;
  /** An open reference, where there is one already. */
  readonly reference: CaptureSession | null;
  readonly sink: OutputSink;
  /** Captures that were given up before. */
  readonly fallbacks: readonly PlanFailure[];
}

function isAborted(thrown: unknown): boolean {
  return isRenderError(thrown) && thrown.code === "aborted";
}

/** The one failure after which another plan may be tried in the same browser. */
function isDistrust(thrown: unknown): thrown is RenderError {
  return isRenderError(thrown) && thrown.code === "capture-distrusted";
}

/** A page knows its own limit, unless its server or its scripts hang; then it is given up this much later, in milliseconds. */
const OPEN_GRACE_MS = 2_000;

/** One render from start to end: the values that its steps share. */
class Rendering {
  readonly #startedAt: number = performance.now();
  readonly #warnings: string[] = [];
  readonly #emit: RenderListener;
  /** What the page is opened with: what the job says, and what the page does where it has been heard. */
  #asked: Pick<Video, "size" | "frameRate">;
  /** Known once the page is ready. */
  #video!: Video;
  #comparisons = 0;
  #largestDifference = 0;

  readonly #job: ParsedJob;
  readonly #parts: RenderParts;
  readonly #host: RenderHost;
  /** A strict render ends itself. */
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;

  constructor(job: ParsedJob, parts: RenderParts, host: RenderHost, stop: AbortController, onEvent: RenderListener | undefined) {
    this.#job = job;
    this.#asked = videoAsked(job);
    this.#parts = parts;
    this.#host = host;
    this.#stop = stop;
    this.#signal = stop.signal;
    this.#emit = protectedListener(onEvent, (reason) => {
      this.#warnings.push(reason);
    });
  }

  async run(): Promise<RenderResult> {
    // The sink comes first: an output that cannot be written is said before a browser is started.
    const sink: OutputSink = await this.#host.openSink(this.#job.output);
    try {
      await using address = await this.#host.openPage(this.#job.page, this.#job.network);
      await using browsers = this.#browsers(address);
      await using ender = endOnAbort(this.#signal, browsers);
      void ender;
      const result: RenderResult = await this.#renderIn(browsers, address.url, sink);
      this.#throwIfAborted();
      await sink.commit();
      return result;
    } finally {
      await sink.discard();
    }
  }

  #browsers(address: PageAddress): Browsers {
    return new Browsers([this.#parts.reference, ...this.#parts.captures], async (flags) => {
      this.#throwIfAborted();
      const origin: string = new URL(address.url).origin;
      const { crossOrigin, network, timeZone, locale } = this.#job;
      const warn = (reason: string): void => this.#warn(reason);
      const browser: Browser = await this.#host.launchBrowser({
        flags,
        origin,
        crossOrigin,
        network,
        timeZone,
        locale,
        signal: this.#signal,
        warn,
      });
      this.#warnUnconfined(browser);
      return browser;
    });
  }

  #warnUnconfined({ sandbox }: Browser): void {
    if (sandbox.enabled || !isFromNetwork(this.#job.page)) return;
    this.#warn(`The page comes from the network, and the browser runs without its sandbox: ${sandbox.reason}`);
  }

  async #renderIn(browsers: Browsers, url: string, sink: OutputSink): Promise<RenderResult> {
    const browser: Browser = await browsers.shared();
    const probes = this.#probe(browser, url);
    // Heard below; the page's own fault is the better answer where both fail.
    probes.catch(() => {});
    const reference: CaptureSession = await this.#openFirst(browser, url);
    const { facts } = reference;
    const { frameCount } = this.#video;
    for (const warning of facts.warnings) this.#warn(warning);
    this.#emit({ type: "page-ready", url: facts.url, video: this.#video });
    // Parts take the end of the browser for a lack of their own.
    const support = await Promise.race([probes, reference.page.lost]);
    const input: Omit<PolicyInput, "struckOut"> = { job: this.#job, page: facts, frameCount, ...support };
    const planner = new Planner(this.#parts.policy ?? defaultPolicy, input, (name) => this.#tryCapture(name, browsers, url));

    let plan: Plan = await planner.plan();
    for (let openReference: CaptureSession | null = reference; ; openReference = null) {
      this.#emit({ type: "plan-ready", plan });
      const { fallbacks } = planner;
      try {
        return await this.#follow(plan, { browsers, page: facts, frameCount, reference: openReference, sink, fallbacks });
      } catch (thrown) {
        this.#throwIfAborted();
        const failed: Plan = plan;
        // What was started is in an unknown state, unless the capture merely painted wrongly.
        await (isDistrust(thrown) ? browsers.endOwn({ name: failed.capture }) : browsers.endAll());
        plan = await planner.replan(failed, thrown);
        await sink.clear();
        this.#giveUp(failed.capture, thrown as RenderError);
      }
    }
  }

  /**
   * Tries the parts, all at once. A capture that needs a browser of its own, or is made for few pages, is tried only when it
   * is chosen: an ordinary render does not pay for it.
   */
  async #probe(browser: Browser, url: string): Promise<Pick<PolicyInput, "captures" | "encoders">> {
    const request: EncodeRequest = this.#encodeRequest("RGBA", null);
    const context = { browser, origin: new URL(url).origin, signal: this.#signal };
    const { capture, encoder } = this.#job;
    const isAsked = (part: { readonly name: string }, name: string | null): boolean => name === null || part.name === name;
    const captures = this.#parts.captures.map(async (part): Promise<Candidate<CaptureTraits>> => {
      if (!isAsked(part, capture)) return passedOver(part);
      if (part.traits.browser === "own" || part.traits.needsSingleCanvas) return untried(part);
      return { name: part.name, traits: part.traits, support: await tried(this.#trialLimitMs(), () => part.probe(context)) };
    });
    const encoders = this.#parts.encoders.map(async (part): Promise<PolicyInput["encoders"][number]> => {
      if (!isAsked(part, encoder)) return passedOver(part);
      const probe = () => part.probe({ ...request, frameFormat: part.traits.accepts[0]! }, context);
      return { name: part.name, traits: part.traits, support: await tried(this.#trialLimitMs(), probe) };
    });
    return { captures: await Promise.all(captures), encoders: await Promise.all(encoders) };
  }

  async #tryCapture(name: string, browsers: Browsers, url: string): Promise<Support> {
    const capture: Capture = named(this.#parts.captures, name);
    const support: Support = await tried(this.#trialLimitMs(), async () =>
      capture.probe({ browser: await browsers.of(capture), origin: new URL(url).origin, signal: this.#signal }),
    );
    this.#throwIfAborted();
    if (!support.ok) await browsers.endOwn(capture);
    return support;
  }

  /** A trial opens a page and captures a frame or two of it. */
  #trialLimitMs(): number {
    return this.#job.readinessTimeoutMs + this.#job.captureTimeoutMs;
  }

  #giveUp(capture: string, failure: RenderError): void {
    const { index, box } = failure.details;
    this.#emit({
      type: "capture-given-up",
      capture,
      code: failure.code,
      reason: reasonFor(failure),
      index: (index as number | undefined) ?? null,
      box: (box as Extract<RenderEvent, { type: "capture-given-up" }>["box"] | undefined) ?? null,
    });
  }

  /** Carries out one plan, beside which the reference takes the pictures to compare with. */
  async #follow(plan: Plan, { reference, ...stage }: Stage): Promise<RenderResult> {
    const { browsers, page } = stage;
    const size: Size = this.#asked.size.value;
    const capture: Capture = named(this.#parts.captures, plan.capture);
    const encoder: Encoder = named(this.#parts.encoders, plan.encoder);
    const check = new CaptureCheck(
      {
        capture: capture.name,
        size,
        contrastShare: movesLayers(page) ? RESAMPLED_SHARE : 0,
        indices: plan.checkAt,
        onChecked: (index, largest) => this.#onChecked(capture.name, index, largest),
      },
      reference ?? (plan.checkAt.length === 0 ? null : await this.#openReference(await browsers.shared(), page.url)),
    );
    try {
      return await this.#capture(plan, capture, encoder, check, stage);
    } catch (thrown) {
      if (!isDistrust(thrown)) browsers.endSoon();
      throw thrown;
    } finally {
      await check.close();
    }
  }

  /** From the first frame to the checked file. A failure leaves nothing of it in the sink. */
  async #capture(
    plan: Plan,
    capture: Capture,
    encoder: Encoder,
    check: CaptureCheck,
    stage: Omit<Stage, "reference">,
  ): Promise<RenderResult> {
    const { browsers, page, frameCount, sink, fallbacks } = stage;
    const [size, frameRate] = [this.#asked.size.value, this.#asked.frameRate.value];
    const browser: Browser = await browsers.of(capture);
    const { sandbox } = browser;
    await using session = await this.#open(capture, browser, page.url, plan.frameFormat);
    this.#emit({ type: "capture-opened", capture: capture.name, transport: session.transport });
    await this.#checkFirst(check, session);
    if (capture.traits.needsCheck && this.#comparisons === 0)
      this.#warn(`The capture "${capture.name}" was not compared with a screenshot: the plan named no frame`);

    const request: EncodeRequest = this.#encodeRequest(plan.frameFormat, frameCount);
    this.#throwIfAborted();
    const encoding: EncoderSession = await encoder.open(request, {
      output: sink,
      signal: this.#signal,
      browser: await browsers.shared(),
      page: plan.frameFormat === "page" ? session.page : null,
      inactivityTimeoutMs: this.#job.inactivityTimeoutMs,
      warn: (reason) => this.#warn(reason),
    });
    try {
      const framesAt: number = performance.now();
      const source = pageSource(session, { frameCount, frameRate, size, check });
      const pumped: PumpResult = await Promise.race([
        pump(source, { start: 0, end: frameCount }, encoding, {
          signal: this.#signal,
          captureTimeoutMs: this.#job.captureTimeoutMs,
          onFrame: ({ index, repeats }) => this.#emit({ type: "frame-encoded", index, frameCount, repeats }),
        }),
        session.page.lost,
      ]);
      const finishAt: number = performance.now();
      this.#emit({ type: "finishing" });
      await encoding.finish();
      const facts: OutputFacts = await checkOutput(sink, { frameCount, frameRate, size, codec: request.codec });
      const endAt: number = performance.now();
      return {
        output: this.#job.output,
        video: this.#video,
        seed: this.#job.composition.seed,
        facts,
        plan,
        ...pumped,
        sandbox,
        transport: session.transport,
        checks: { comparisons: this.#comparisons, largestDifference: this.#largestDifference },
        fallbacks: [...fallbacks],
        warnings: [...this.#warnings],
        timings: {
          startMs: framesAt - this.#startedAt,
          framesMs: finishAt - framesAt,
          finishMs: endAt - finishAt,
          totalMs: endAt - this.#startedAt,
        },
      };
    } catch (thrown) {
      if (!isDistrust(thrown)) browsers.endSoon();
      await encoding.abort(thrown);
      throw thrown;
    }
  }

  /** Compares the first frame before anything is encoded. */
  #checkFirst(check: CaptureCheck, session: CaptureSession): Promise<void> {
    const { captureTimeoutMs } = this.#job;
    const supervisor = new Supervisor(captureTimeoutMs, this.#signal);
    return supervisor.run(check.first(session), () => captureStalled(check.indices[0] ?? 0, captureTimeoutMs));
  }

  /** Opens the reference and learns from the page what the video will be; opens it again where the page says another size or rate. */
  async #openFirst(browser: Browser, url: string): Promise<CaptureSession> {
    const first: CaptureSession = await this.#openReference(browser, url);
    const asked = this.#asked;
    try {
      this.#video = videoOf(this.#job, first.facts);
    } catch (thrown) {
      await first.close();
      throw thrown;
    }
    const { size, frameRate } = this.#video;
    this.#asked = { size, frameRate };
    if (isEqual(asked.size.value, size.value) && isEqual(asked.frameRate.value, frameRate.value)) return first;
    await first.close();
    return this.#openReference(browser, first.facts.url);
  }

  #openReference(browser: Browser, url: string): Promise<CaptureSession> {
    const { reference } = this.#parts;
    return this.#open(reference, browser, url, reference.traits.gives[0]!);
  }

  #open(capture: Capture, browser: Browser, url: string, frameFormat: EncodeRequest["frameFormat"]): Promise<CaptureSession> {
    this.#throwIfAborted();
    const { composition, readinessTimeoutMs } = this.#job;
    const { size, frameRate } = this.#asked;
    const context: CaptureContext = { browser, signal: this.#signal, warn: (reason) => this.#warn(reason) };
    const opening = capture.open(
      { url, size: size.value, frameRate: frameRate.value, frameFormat, composition, readinessTimeoutMs },
      context,
    );
    return within(readinessTimeoutMs + OPEN_GRACE_MS, opening, () =>
      pageNotReady(url, "its server to answer and its scripts to end", readinessTimeoutMs),
    );
  }

  #encodeRequest(frameFormat: EncodeRequest["frameFormat"], frameCount: number | null): EncodeRequest {
    const { container, quality } = this.#job;
    const { size, frameRate } = this.#asked;
    return { size: size.value, frameRate: frameRate.value, frameCount, frameFormat, container, codec: "h264", quality };
  }

  #onChecked(capture: string, index: number, largest: number): void {
    this.#comparisons++;
    this.#largestDifference = Math.max(this.#largestDifference, largest);
    this.#emit({ type: "capture-checked", capture, index, largest });
  }

  /** The reference and the capture load the same page: what both say is said once. */
  #warn(reason: string): void {
    if (this.#warnings.includes(reason)) return;
    this.#warnings.push(reason);
    this.#emit({ type: "warning", reason });
    if (this.#job.strict) this.#stop.abort(warningRaised(reason));
  }

  #throwIfAborted(): void {
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
  }
}

/** Ends the browsers the moment the render is stopped, so that whatever waits for one hears of it. */
function endOnAbort(signal: AbortSignal, browsers: Browsers): AsyncDisposable {
  const end = (): void => browsers.endSoon();
  signal.addEventListener("abort", end, { once: true });
  return {
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener("abort", end);
    },
  };
}

/** Whether the compositor may show layers of the page resampled: what moves by animations, or by scripts of its own. */
function movesLayers({ access, adapters }: PageFacts): boolean {
  return access === "sequential" || adapters.length > 0;
}

function isEqual<Value extends object>(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function named<Part extends { name: string }>(parts: readonly Part[], name: string): Part {
  const part: Part | undefined = parts.find((one) => one.name === name);
  if (!part) throw new TypeError(`The policy chose "${name}", which is not among the parts: ${parts.map((one) => one.name).join(", ")}`);
  return part;
}
