import type { Browser } from "./browser.ts";
import type { Capture, CaptureContext, CaptureSession } from "./capture.ts";
import type { EncodeRequest, Encoder, EncoderSession } from "./encoder.ts";
import { aborted, captureStalled, durationMissing, isRenderError, pageNotReady, type RenderError } from "./errors.ts";
import { protectedListener, type RenderEvent, type RenderListener } from "./events.ts";
import { frameCountOf } from "./frame-rate.ts";
import type { PageAddress, RenderHost, RenderParts } from "./host.ts";
import { checkedDuration, parseJob, type ParsedJob, type RenderJob } from "./job.ts";
import { CaptureCheck } from "./pipeline/check-capture.ts";
import { checkOutput, type OutputFacts } from "./pipeline/check-output.ts";
import { pageSource } from "./pipeline/page-source.ts";
import { pump, type PumpResult } from "./pipeline/pump.ts";
import { Supervisor } from "./pipeline/supervisor.ts";
import { within } from "./pipeline/watchdog.ts";
import { defaultPolicy, type Candidate, type Plan, type PlanFailure, type PolicyInput } from "./policy/plan.ts";
import type { RenderResult } from "./result.ts";
import type { OutputSink } from "./sink.ts";
import type { Support } from "./support.ts";

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
    return await new Rendering(parseJob(job), parts, host, stop.signal, options.onEvent).run();
  } catch (thrown) {
    throw stop.signal.aborted && !isAborted(thrown) ? aborted(stop.signal.reason) : thrown;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** What a plan is carried out on. */
interface Stage {
  readonly browser: Browser;
  /** Where the page ended up, after redirects. */
  readonly url: string;
  readonly frameCount: number;
  /** An open reference, where there is one already. */
  readonly reference: CaptureSession | null;
  readonly sink: OutputSink;
}

function isAborted(thrown: unknown): boolean {
  return isRenderError(thrown) && thrown.code === "aborted";
}

/** The one failure after which another plan is tried in the same browser. */
function isDistrust(thrown: unknown): thrown is RenderError {
  return isRenderError(thrown) && thrown.code === "capture-distrusted";
}

/** A page knows its own limit, unless its server or its scripts hang; then it is given up this much later, in milliseconds. */
const OPEN_GRACE_MS = 2_000;

/** One render from start to end: the values that its steps share. */
class Rendering {
  readonly #startedAt: number = performance.now();
  readonly #warnings: string[] = [];
  readonly #struckOut: PlanFailure[] = [];
  readonly #emit: RenderListener;
  #comparisons = 0;
  #largestDifference = 0;

  readonly #job: ParsedJob;
  readonly #parts: RenderParts;
  readonly #host: RenderHost;
  readonly #signal: AbortSignal;

  constructor(job: ParsedJob, parts: RenderParts, host: RenderHost, signal: AbortSignal, onEvent: RenderListener | undefined) {
    this.#job = job;
    this.#parts = parts;
    this.#host = host;
    this.#signal = signal;
    this.#emit = protectedListener(onEvent, (reason) => {
      this.#warnings.push(reason);
    });
  }

  async run(): Promise<RenderResult> {
    // The sink comes first: an output that cannot be written is said before a browser is started.
    const sink: OutputSink = await this.#host.openSink(this.#job.output);
    try {
      await using address = await this.#host.openPage(this.#job.page);
      await using browser = await this.#launch(address);
      await using closer = closeOnAbort(this.#signal, browser);
      void closer;
      const result: RenderResult = await this.#renderIn(browser, address.url, sink);
      this.#throwIfAborted();
      await sink.commit();
      return result;
    } finally {
      await sink.discard();
    }
  }

  #launch(address: PageAddress): Promise<Browser> {
    this.#throwIfAborted();
    const flags: string[] = [this.#parts.reference, ...this.#parts.captures].flatMap((capture) => capture.traits.browserFlags);
    return this.#host.launchBrowser({
      flags: [...new Set(flags)],
      origin: new URL(address.url).origin,
      crossOrigin: this.#job.crossOrigin,
      signal: this.#signal,
    });
  }

  async #renderIn(browser: Browser, url: string, sink: OutputSink): Promise<RenderResult> {
    const probes = this.#probe(browser, url);
    // Heard below; the page's own fault is the better answer where both fail.
    probes.catch(() => {});
    const reference: CaptureSession = await this.#openReference(browser, url);
    const { facts } = reference;
    for (const warning of facts.warnings) this.#warn(warning);
    const durationSeconds: number = this.#duration(facts.durationSeconds, facts.url);
    const frameCount: number = frameCountOf(durationSeconds, this.#job.frameRate);
    this.#emit({ type: "page-ready", url: facts.url, durationSeconds, frameCount });
    // Parts take the end of the browser for a lack of their own.
    const support = await Promise.race([probes, reference.page.lost]);
    const input: Omit<PolicyInput, "struckOut"> = { job: this.#job, page: facts, frameCount, ...support };

    let plan: Plan = this.#plan(input);
    for (let openReference: CaptureSession | null = reference; ; openReference = null) {
      try {
        return await this.#follow(plan, { browser, url: facts.url, frameCount, reference: openReference, sink });
      } catch (thrown) {
        if (!isDistrust(thrown)) throw thrown;
        this.#distrust(plan, thrown);
        plan = this.#replan(input, thrown);
      }
    }
  }

  async #probe(browser: Browser, url: string): Promise<Pick<PolicyInput, "captures" | "encoders">> {
    const request: EncodeRequest = this.#encodeRequest("RGBA", null);
    const context = { browser, origin: new URL(url).origin, signal: this.#signal };
    const [captures, encoders] = await Promise.all([
      Promise.all(this.#parts.captures.map((part) => candidate(part, this.#job.capture, () => part.probe(context)))),
      Promise.all(
        this.#parts.encoders.map((part) =>
          candidate(part, this.#job.encoder, () => part.probe({ ...request, frameFormat: part.traits.accepts[0]! }, context)),
        ),
      ),
    ]);
    return { captures, encoders };
  }

  #plan(input: Omit<PolicyInput, "struckOut">): Plan {
    // A part that was asked for by name and is lacking has a better message of its own than "no plan".
    for (const { name, support } of [...input.captures, ...input.encoders]) {
      const asked: boolean = name === this.#job.capture || name === this.#job.encoder;
      if (asked && !support.ok && support.error) throw support.error;
    }
    const plan: Plan = (this.#parts.policy ?? defaultPolicy)({ ...input, struckOut: this.#struckOut });
    this.#emit({ type: "plan-ready", plan });
    return plan;
  }

  #replan(input: Omit<PolicyInput, "struckOut">, failure: RenderError): Plan {
    try {
      return this.#plan(input);
    } catch (thrown) {
      // Nothing else may do it: then what failed is the answer.
      throw isRenderError(thrown) && thrown.code === "plan-impossible" ? failure : thrown;
    }
  }

  #distrust(plan: Plan, failure: RenderError): void {
    const { index, box, reason } = failure.details;
    this.#struckOut.push({ part: plan.capture, reason: `it was distrusted: ${String(reason)}` });
    this.#emit({
      type: "capture-distrusted",
      capture: plan.capture,
      reason: String(reason),
      index: (index as number | undefined) ?? null,
      box: (box as Extract<RenderEvent, { type: "capture-distrusted" }>["box"] | undefined) ?? null,
    });
  }

  /** Carries out one plan, beside which the reference takes the pictures to compare with. */
  async #follow(plan: Plan, { browser, url, frameCount, reference, sink }: Stage): Promise<RenderResult> {
    const { size } = this.#job;
    const capture: Capture = named(this.#parts.captures, plan.capture);
    const encoder: Encoder = named(this.#parts.encoders, plan.encoder);
    const check = new CaptureCheck(
      {
        capture: capture.name,
        size,
        indices: plan.checkAt,
        onChecked: (index, largest) => this.#onChecked(capture.name, index, largest),
      },
      reference ?? (plan.checkAt.length === 0 ? null : await this.#openReference(browser, url)),
    );
    try {
      return await this.#capture(plan, capture, encoder, check, { browser, url, frameCount, sink });
    } catch (thrown) {
      if (!isDistrust(thrown)) endSoon(browser);
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
    const { browser, url, frameCount, sink } = stage;
    const { size, frameRate } = this.#job;
    await using session = await this.#open(capture, browser, url, plan.frameFormat);
    this.#emit({ type: "capture-opened", capture: capture.name, transport: session.transport });
    await this.#checkFirst(check, session);
    if (capture.traits.needsCheck && this.#comparisons === 0)
      this.#warn(`The capture "${capture.name}" was not compared with a screenshot: the plan named no frame`);

    const request: EncodeRequest = this.#encodeRequest(plan.frameFormat, frameCount);
    this.#throwIfAborted();
    const encoding: EncoderSession = await encoder.open(request, {
      output: sink,
      signal: this.#signal,
      browser,
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
        facts,
        plan,
        ...pumped,
        transport: session.transport,
        checks: { comparisons: this.#comparisons, largestDifference: this.#largestDifference },
        distrusted: [...this.#struckOut],
        warnings: [...this.#warnings],
        timings: {
          startMs: framesAt - this.#startedAt,
          framesMs: finishAt - framesAt,
          finishMs: endAt - finishAt,
          totalMs: endAt - this.#startedAt,
        },
      };
    } catch (thrown) {
      if (!isDistrust(thrown)) endSoon(browser);
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

  #openReference(browser: Browser, url: string): Promise<CaptureSession> {
    const { reference } = this.#parts;
    return this.#open(reference, browser, url, reference.traits.gives[0]!);
  }

  #open(capture: Capture, browser: Browser, url: string, frameFormat: EncodeRequest["frameFormat"]): Promise<CaptureSession> {
    this.#throwIfAborted();
    const { size, frameRate, readinessTimeoutMs } = this.#job;
    const context: CaptureContext = { browser, signal: this.#signal, warn: (reason) => this.#warn(reason) };
    const opening = capture.open({ url, size, frameRate, frameFormat, readinessTimeoutMs }, context);
    return within(readinessTimeoutMs + OPEN_GRACE_MS, opening, () =>
      pageNotReady(url, "its server to answer and its scripts to end", readinessTimeoutMs),
    );
  }

  #encodeRequest(frameFormat: EncodeRequest["frameFormat"], frameCount: number | null): EncodeRequest {
    const { size, frameRate, container, quality } = this.#job;
    return { size, frameRate, frameCount, frameFormat, container, codec: "h264", quality };
  }

  #duration(ofPage: number | null, url: string): number {
    if (this.#job.duration !== null) return this.#job.duration;
    if (ofPage === null) throw durationMissing(url);
    return checkedDuration(ofPage, "page");
  }

  #onChecked(capture: string, index: number, largest: number): void {
    this.#comparisons++;
    this.#largestDifference = Math.max(this.#largestDifference, largest);
    this.#emit({ type: "capture-checked", capture, index, largest });
  }

  #warn(reason: string): void {
    this.#warnings.push(reason);
    this.#emit({ type: "warning", reason });
  }

  #throwIfAborted(): void {
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
  }
}

/** Begins to end the browser: nothing waits any longer for a page of it that hangs. Whoever owns it awaits the end. */
function endSoon(browser: Browser): void {
  browser.close().catch(() => {});
}

/** Closes the browser the moment the render is stopped, so that whatever waits for it hears of it. */
function closeOnAbort(signal: AbortSignal, browser: Browser): AsyncDisposable {
  const close = (): void => endSoon(browser);
  if (signal.aborted) close();
  signal.addEventListener("abort", close, { once: true });
  return {
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener("abort", close);
    },
  };
}

/** Tries a part, unless the job asks for another by name. */
async function candidate<Traits>(
  part: { name: string; traits: Traits },
  asked: string | null,
  probe: () => Promise<Support>,
): Promise<Candidate<Traits>> {
  const { name, traits } = part;
  if (asked !== null && asked !== name) return { name, traits, support: { ok: false, reasons: ["it was not tried"] } };
  return { name, traits, support: await probe() };
}

function named<Part extends { name: string }>(parts: readonly Part[], name: string): Part {
  const part: Part | undefined = parts.find((one) => one.name === name);
  if (!part) throw new TypeError(`The policy chose "${name}", which is not among the parts: ${parts.map((one) => one.name).join(", ")}`);
  return part;
}
