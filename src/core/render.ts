import type { Browser } from "./browser.ts";
import type { Capture, CaptureSession, CaptureTraits, PageFacts } from "./capture.ts";
import { aborted, isRenderError, mediaUnreadable, warningRaised, type RenderError } from "./errors.ts";
import { protectedListener, type RenderEvent, type RenderListener } from "./events.ts";
import type { PageAddress, RenderHost, RenderParts } from "./host.ts";
import type { ParsedJob, RenderJob } from "./job.ts";
import type { MediaFacts, MediaFiles } from "./media.ts";
import { isFromNetwork } from "./network.ts";
import { parseJob } from "./parse-job.ts";
import { Browsers } from "./pipeline/browsers.ts";
import { named, tried, untried } from "./pipeline/candidate.ts";
import { carryOut, encodeRequest, isDistrust, type Outcome, type Stage } from "./pipeline/carry-out.ts";
import { MediaDirector } from "./pipeline/media-director.ts";
import { PageOpener } from "./pipeline/page-opener.ts";
import { Planner } from "./pipeline/planner.ts";
import { SoundMaker } from "./pipeline/sound-maker.ts";
import { NATIVE } from "./policy/choose-injectors.ts";
import { defaultPolicy } from "./policy/default-policy.ts";
import { measuredCosts } from "./policy/measured.ts";
import type { Candidate, InjectorCandidate, Plan, PolicyInput } from "./policy/plan.ts";
import { reasonFor } from "./policy/remedy.ts";
import type { RenderResult, RenderTimings } from "./result.ts";
import type { FileSink, OutputSink } from "./sink.ts";
import type { Support } from "./support.ts";
import { Timeline, type SpanListener } from "./timeline.ts";
import { rateWarnings, videoAsked, videoOf, type Video } from "./video.ts";

export interface RenderOptions {
  /** Stops the render at any stage; the call then rejects with `aborted` once everything is ended. */
  readonly signal?: AbortSignal;
  readonly onEvent?: RenderListener;
  /** Hears of each stretch of work as it ends: a frame that was captured, waited for room, or was written. For `chromeTrace`. */
  readonly onSpan?: SpanListener;
}

/** Renders one page into one checked output: probe, plan, open, pump, finish, check, publish. */
export function renderWith(job: RenderJob, parts: RenderParts, host: RenderHost, options: RenderOptions = {}): Promise<RenderResult> {
  return stoppable(options, (stop) => new Rendering(parseJob(job), parts, host, stop, options).run());
}

/** Says how the job would be rendered: opens the page and tries the parts, and writes nothing. */
export function planWith(job: RenderJob, parts: RenderParts, host: RenderHost, options: RenderOptions = {}): Promise<PlannedRender> {
  return stoppable(options, (stop) => new Rendering(parseJob(job), parts, host, stop, options).planOnly());
}

/** A plan, and what it was made from. JSON. */
export interface PlannedRender {
  readonly plan: Plan;
  readonly video: Video;
  readonly input: PolicyInput;
  readonly warnings: readonly string[];
}

async function stoppable<Value>({ signal }: RenderOptions, work: (stop: AbortController) => Promise<Value>): Promise<Value> {
  const stop = new AbortController();
  const onAbort = (): void => {
    stop.abort(signal?.reason);
  };
  if (signal?.aborted === true) throw aborted(signal.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await work(stop);
  } catch (thrown) {
    if (isRenderError(stop.signal.reason) && stop.signal.reason.code === "warning-raised") throw stop.signal.reason;
    throw stop.signal.aborted && !isAborted(thrown) ? aborted(stop.signal.reason) : thrown;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function isAborted(thrown: unknown): boolean {
  return isRenderError(thrown) && thrown.code === "aborted";
}

/** A page that is open, and the parts that were tried on it. */
interface Prepared {
  readonly reference: CaptureSession;
  readonly planner: Planner;
  readonly plan: Plan;
}

/** One render from start to end: the values that its steps share. */
class Rendering {
  readonly #timeline: Timeline;
  readonly #warnings: string[] = [];
  readonly #emit: RenderListener;
  /** Set before the first page is opened. */
  #opener!: PageOpener;
  #media: MediaDirector | null = null;
  /** What the page is opened with: what the job says, and what the page does where it has been heard. */
  #asked: Pick<Video, "size" | "frameRate">;
  /** Known once the page is ready. */
  #video!: Video;

  readonly #job: ParsedJob;
  readonly #parts: RenderParts;
  readonly #host: RenderHost;
  /** A strict render ends itself. */
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;

  constructor(job: ParsedJob, parts: RenderParts, host: RenderHost, stop: AbortController, { onEvent, onSpan }: RenderOptions) {
    this.#job = job;
    this.#asked = videoAsked(job);
    this.#parts = parts;
    this.#host = host;
    this.#stop = stop;
    this.#signal = stop.signal;
    const heardLate = (reason: string): void => void this.#warnings.push(reason);
    this.#emit = protectedListener(onEvent, "onEvent", heardLate);
    this.#timeline = new Timeline(protectedListener(onSpan, "onSpan", heardLate));
  }

  async run(): Promise<RenderResult> {
    // The sink comes first: an output that cannot be written is said before a browser is started.
    const sink: OutputSink = await this.#host.openSink(this.#job.output, this.#job.container);
    try {
      const result: RenderResult = await this.#inBrowsers((browsers, url) => this.#renderIn(browsers, url, sink));
      this.#throwIfAborted();
      await sink.commit();
      return result;
    } finally {
      await sink.discard();
    }
  }

  planOnly(): Promise<PlannedRender> {
    return this.#inBrowsers(async (browsers, url) => {
      const { planner, plan } = await this.#prepare(browsers, url);
      return { plan, video: this.#video, input: planner.input, warnings: [...this.#warnings] };
    });
  }

  async #inBrowsers<Value>(work: (browsers: Browsers, url: string) => Promise<Value>): Promise<Value> {
    await using address = await this.#host.openPage(this.#job.page, this.#job.network);
    await using files = await this.#openMediaFiles(address);
    await using media = files && this.#directMedia(files);
    this.#media = media;
    this.#opener = new PageOpener({
      ...{ job: this.#job, signal: this.#signal, timeline: this.#timeline, warn: (reason) => this.#warn(reason) },
      attachMedia: media && ((page, browser) => media.attach(page, browser)),
    });
    await using browsers = this.#browsers(address);
    await using ender = endOnAbort(this.#signal, browsers);
    void ender;
    return await work(browsers, address.url);
  }

  /** Null where the runtime leaves all media to the browser. */
  async #openMediaFiles(address: PageAddress): Promise<(MediaFiles & AsyncDisposable) | null> {
    const { media } = this.#host;
    return media === undefined ? null : media.openFiles(address, this.#job.network);
  }

  #directMedia(files: MediaFiles): MediaDirector {
    return new MediaDirector({
      ...{ injectors: this.#parts.injectors, host: this.#host.media!, files, signal: this.#signal, trialLimitMs: this.#trialLimitMs() },
      warn: (reason) => this.#warn(reason),
    });
  }

  #browsers(address: PageAddress): Browsers {
    return new Browsers([this.#parts.reference, ...this.#parts.captures], async (flags) => {
      this.#throwIfAborted();
      const origin: string = new URL(address.url).origin;
      const { crossOrigin, network, timeZone, locale } = this.#job;
      const warn = (reason: string): void => this.#warn(reason);
      const browser: Browser = await this.#timeline.span("launch", "render", () =>
        this.#host.launchBrowser({ flags, origin, crossOrigin, network, timeZone, locale, signal: this.#signal, warn }),
      );
      this.#warnUnconfined(browser);
      return browser;
    });
  }

  #warnUnconfined({ sandbox }: Browser): void {
    if (sandbox.enabled || !isFromNetwork(this.#job.page)) return;
    this.#warn(`The page comes from the network, and the browser runs without its sandbox: ${sandbox.reason}`);
  }

  /** Opens the page, tries the parts, and asks the policy. */
  async #prepare(browsers: Browsers, url: string): Promise<Prepared> {
    const browser: Browser = await browsers.shared();
    const probes = this.#probe(browser, url);
    // Heard below; the page's own fault is the better answer where both fail.
    probes.catch(() => {});
    const [host, costs] = await Promise.all([this.#host.facts(this.#job.output), this.#host.costs?.() ?? null]);
    const reference: CaptureSession = await this.#openFirst(browser, url);
    const { facts } = reference;
    const { size, frameCount, durationSeconds } = this.#video;
    for (const warning of [...facts.warnings, ...rateWarnings(this.#job, this.#video)]) this.#warn(warning);
    this.#emit({ type: "page-ready", url: facts.url, video: this.#video });
    this.#refuseUnreadable(facts);
    // Parts take the end of the browser for a lack of their own.
    const support = await Promise.race([probes, reference.page.lost]);
    const injectors: InjectorCandidate[] = (await this.#media?.candidates(videosOf(facts))) ?? [];
    const input: Omit<PolicyInput, "struckOut"> = {
      ...{ job: this.#job, page: facts, size: size.value, frameCount, durationSeconds: durationSeconds.value, host },
      ...{ costs: costs ?? measuredCosts, injectors, ...support },
    };
    const planner = new Planner(this.#parts.policy ?? defaultPolicy, input, (name) => this.#tryCapture(name, browsers, url));
    return { reference, planner, plan: await planner.plan() };
  }

  async #renderIn(browsers: Browsers, url: string, sink: OutputSink): Promise<RenderResult> {
    const { reference, planner, plan: first } = await this.#prepare(browsers, url);
    await using soundMaker = new SoundMaker({
      ...{ job: this.#job, mixers: this.#parts.mixers, video: this.#video, timeline: this.#timeline, signal: this.#signal },
      path: (source) => this.#media!.path(source),
      facts: (source) => this.#media!.factsOf(source),
      warn: (reason) => this.#warn(reason),
    });
    const stage: Stage = {
      ...{ media: this.#media, soundMaker },
      ...{ job: this.#job, parts: this.#parts, browsers, opener: this.#opener, page: reference.facts, video: this.#video, sink },
      ...{ timeline: this.#timeline, signal: this.#signal, emit: this.#emit },
      warn: (reason) => this.#warn(reason),
      openSegment: async (index) => (await this.#host.openSink(segmentName(this.#job.output, index), this.#job.container)) as FileSink,
    };
    let plan: Plan = first;
    for (let openReference: CaptureSession | null = reference; ; openReference = null) {
      this.#media?.follow(plan, planner.input);
      this.#warnOfNative(plan);
      this.#emit({ type: "plan-ready", plan });
      this.#emit({ type: "streaming-decided", ...plan.streaming });
      try {
        return this.#result(plan, planner, await carryOut(plan, { ...stage, page: planner.input.page }, openReference));
      } catch (fault) {
        this.#throwIfAborted();
        // A seek fails where pictures of a video do not come, and then they are the cause.
        const thrown: unknown = this.#media?.failure ?? fault;
        const failed: Plan = plan;
        // What was started is in an unknown state, unless the capture merely painted wrongly.
        await (isDistrust(thrown) ? browsers.endOwn({ name: failed.capture }) : browsers.endAll());
        plan = await planner.replan(failed, thrown);
        await sink.clear();
        this.#beginAgain(planner, thrown as RenderError);
      }
    }
  }

  #result(plan: Plan, planner: Planner, outcome: Outcome): RenderResult {
    const { facts, pumped, encoded, transport, sandbox, checks, cache, sound } = outcome;
    return {
      output: this.#job.output,
      video: this.#video,
      seed: this.#job.composition.seed,
      facts,
      plan,
      frames: pumped.frames,
      repeats: pumped.repeats,
      encoded: encoded.framesOut,
      window: pumped.window,
      workers: pumped.workers,
      cache,
      sound,
      sandbox,
      transport,
      checks,
      fallbacks: [...planner.fallbacks],
      warnings: [...this.#warnings],
      timings: this.#timings(outcome),
    };
  }

  #timings({ framesMs, finishMs }: Outcome): RenderTimings {
    const totalMs: number = this.#timeline.elapsedMs();
    const total = (name: string): number => this.#timeline.total(name);
    return {
      startMs: totalMs - framesMs - finishMs,
      framesMs,
      finishMs,
      totalMs,
      phases: {
        launchMs: total("launch"),
        openMs: total("open"),
        probeMs: total("probe"),
        soundMs: total("listen") + total("mix"),
        checkMs: total("check"),
        captureMs: total("capture"),
        windowMs: total("window"),
        writeMs: total("write"),
        finishMs: total("finish") + total("join"),
        verifyMs: total("verify"),
      },
    };
  }

  /**
   * Tries the parts, all at once. A capture that needs a browser of its own, or is made for few pages, is tried only when it
   * is chosen: an ordinary render does not pay for it.
   */
  #probe(browser: Browser, url: string): Promise<Pick<PolicyInput, "captures" | "encoders" | "mixers">> {
    const context = { browser, origin: new URL(url).origin, signal: this.#signal };
    const { capture, encoder, container, codec } = this.#job;
    const isAsked = (part: { readonly name: string }, name: string | null): boolean => name === null || part.name === name;
    return this.#timeline.span("probe", "render", async () => {
      const captures = this.#parts.captures.map(async (part): Promise<Candidate<CaptureTraits>> => {
        if (!isAsked(part, capture) || part.traits.browser === "own" || part.traits.needsSingleCanvas) return untried(part);
        return { name: part.name, traits: part.traits, support: await tried(this.#trialLimitMs(), () => part.probe(context)) };
      });
      const encoders = this.#parts.encoders.map(async (part): Promise<PolicyInput["encoders"][number]> => {
        const { name, traits } = part;
        if (!isAsked(part, encoder) || traits.writes[container]?.includes(codec) !== true) return untried(part);
        const request = encodeRequest(this.#job, this.#asked, traits.accepts[0]!, null);
        return { name, traits, support: await tried(this.#trialLimitMs(), () => part.probe(request, context)) };
      });
      return { captures: await Promise.all(captures), encoders: await Promise.all(encoders), mixers: await this.#tryMixers() };
    });
  }

  /** Without a way to the media of pages nothing is heard. */
  #tryMixers(): Promise<PolicyInput["mixers"]> {
    const mixers = this.#media !== null && this.#job.sound.enabled ? this.#parts.mixers : [];
    const signal: AbortSignal = this.#signal;
    return Promise.all(
      mixers.map(async (mixer) => {
        const support: Support = await tried(this.#trialLimitMs(), () => mixer.probe({ signal }));
        return { name: mixer.name, traits: mixer.traits, support };
      }),
    );
  }

  /** Slow, and of what nobody asked for. */
  #warnOfNative({ videos }: Plan): void {
    if (this.#job.media.injector === NATIVE) return;
    for (const { source, injector, reason } of videos)
      if (injector === null) this.#warn(`The video "${source}" is left to the browser, which seeks it frame by frame: ${reason}`);
  }

  /** What plays and cannot be read would be missing in the video. */
  #refuseUnreadable({ media }: PageFacts): void {
    for (const { kind, source, fault, isUsed } of media) {
      if (fault === null) continue;
      if (isUsed) throw mediaUnreadable(source, fault);
      this.#warn(`The ${kind} "${source}" cannot be played, and nothing plays it: ${fault}`);
    }
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

  #beginAgain(planner: Planner, failure: RenderError): void {
    // No part is to blame where the page itself was not what it said.
    if (failure.code === "sound-unplanned") this.#warn(failure.message);
    else this.#giveUp(planner, failure);
  }

  #giveUp(planner: Planner, failure: RenderError): void {
    const { part, code } = planner.fallbacks.at(-1)!;
    const { index, box } = failure.details;
    this.#emit({
      type: "part-given-up",
      part,
      code,
      reason: reasonFor(failure),
      index: (index as number | undefined) ?? null,
      box: (box as Extract<RenderEvent, { type: "part-given-up" }>["box"] | undefined) ?? null,
    });
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
    const frameFormat = reference.traits.gives[0]!;
    return this.#opener.open({ capture: reference, browser, url, frameFormat, video: this.#asked, track: "render" });
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

/** The videos that somebody has to feed, each once. */
function videosOf({ media }: PageFacts): MediaFacts[] {
  const facts: MediaFacts[] = media.flatMap((one) => (one.kind === "video" && one.facts?.video ? [one.facts] : []));
  return [...new Map(facts.map((one) => [one.source, one])).values()];
}

/** A file beside the output, of the same kind. */
function segmentName(output: string, index: number): string {
  return output.replace(/(\.\w+)?$/, (extension) => `.segment-${index + 1}${extension}`);
}

function isEqual<Value extends object>(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
