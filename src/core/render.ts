import type { Browser } from "./browser.ts";
import type { CaptureSession, PageFacts } from "./capture.ts";
import { aborted, isRenderError, mediaUnreadable, warningRaised, type RenderError, type RenderErrorCode } from "./errors.ts";
import { protectedListener, type RenderEvent, type RenderListener } from "./events.ts";
import type { PageAddress, RenderHost, RenderParts } from "./host.ts";
import type { ParsedJob, RenderJob } from "./job.ts";
import type { MediaFacts, MediaFiles } from "./media.ts";
import { parseJob } from "./parse-job.ts";
import { Browsers } from "./pipeline/browsers.ts";
import { carryOut, type Outcome } from "./pipeline/carry-out.ts";
import { isDistrust } from "./pipeline/check-capture.ts";
import { openFirstPage } from "./pipeline/first-page.ts";
import { MediaDirector } from "./pipeline/media-director.ts";
import { PageOpener } from "./pipeline/page-opener.ts";
import { PartTrials, trialLimitMs } from "./pipeline/part-trials.ts";
import { Planner } from "./pipeline/planner.ts";
import { SoundMaker } from "./pipeline/sound-maker.ts";
import type { Stage } from "./pipeline/stage.ts";
import { timingsOf } from "./pipeline/timings.ts";
import { NATIVE } from "./policy/choose-injectors.ts";
import { defaultPolicy } from "./policy/default-policy.ts";
import { measuredCosts } from "./policy/measured.ts";
import type { InjectorCandidate, Plan, PolicyInput } from "./policy/plan.ts";
import { reasonFor } from "./policy/remedy.ts";
import type { RenderResult } from "./result.ts";
import { segmentName } from "./segment-name.ts";
import type { FileSink, OutputSink } from "./sink.ts";
import { Timeline, type SpanListener } from "./timeline.ts";
import { startTotalTimeout } from "./total-timeout.ts";
import { rateWarnings, type Video } from "./video.ts";
import { WarningLog } from "./warning-log.ts";

export interface RenderOptions {
  /** Stops the render at any stage; the call then rejects with `aborted` once everything is ended. */
  readonly signal?: AbortSignal;
  readonly onEvent?: RenderListener;
  /** Hears of each stretch of work as it ends: a frame that was captured, waited for room, or was written. For `chromeTrace`. */
  readonly onSpan?: SpanListener;
}

/** Renders one page into one checked output: probe, plan, open, pump, finish, check, publish. */
export function renderWith(job: RenderJob, parts: RenderParts, host: RenderHost, options: RenderOptions = {}): Promise<RenderResult> {
  return stoppable(job, options, (parsed, stop) => new Rendering(parsed, parts, host, stop, options).run());
}

/** Says how the job would be rendered: opens the page and tries the parts, and writes nothing. */
export function planWith(job: RenderJob, parts: RenderParts, host: RenderHost, options: RenderOptions = {}): Promise<PlannedRender> {
  return stoppable(job, options, (parsed, stop) => new Rendering(parsed, parts, host, stop, options).planOnly());
}

/** A plan, and what it was made from. JSON. */
export interface PlannedRender {
  readonly plan: Plan;
  readonly video: Video;
  readonly input: PolicyInput;
  readonly warnings: readonly string[];
}

/** What a render stops itself with: thrown as it is, while the reason of a caller becomes `aborted`. */
const ownReasons: ReadonlySet<RenderErrorCode> = new Set(["warning-raised", "limit-exceeded"]);

/** Runs work that the caller's signal, the render itself and its total timeout may stop. */
async function stoppable<Value>(
  input: RenderJob,
  { signal }: RenderOptions,
  work: (job: ParsedJob, stop: AbortController) => Promise<Value>,
): Promise<Value> {
  const stop = new AbortController();
  const onAbort = (): void => {
    stop.abort(signal?.reason);
  };
  if (signal?.aborted === true) throw aborted(signal.reason);
  const job: ParsedJob = parseJob(input);
  signal?.addEventListener("abort", onAbort, { once: true });
  const endTimeout: () => void = startTotalTimeout(job.limits.maxSeconds, stop);
  try {
    return await work(job, stop);
  } catch (thrown) {
    const { reason } = stop.signal;
    // The signal of a caller may carry such an error too: then it is that of another render.
    if (isRenderError(reason) && ownReasons.has(reason.code) && signal?.reason !== reason) throw reason;
    throw stop.signal.aborted && !isAborted(thrown) ? aborted(stop.signal.reason) : thrown;
  } finally {
    endTimeout();
    signal?.removeEventListener("abort", onAbort);
  }
}

function isAborted(thrown: unknown): boolean {
  return isRenderError(thrown) && thrown.code === "aborted";
}

/** What is open for one render, from before its page to its end. */
interface Opened {
  readonly address: PageAddress;
  readonly browsers: Browsers;
  readonly opener: PageOpener;
  /** Null where all media is left to the browser. */
  readonly media: MediaDirector | null;
}

/** A page that is open, and the parts that were tried on it. */
interface Prepared {
  readonly reference: CaptureSession;
  readonly video: Video;
  readonly planner: Planner;
  readonly plan: Plan;
}

/** One render from start to end: the values that its steps share. */
class Rendering {
  readonly #timeline: Timeline;
  readonly #warnings = new WarningLog();
  readonly #emit: RenderListener;
  readonly #job: ParsedJob;
  readonly #parts: RenderParts;
  readonly #host: RenderHost;
  /** A strict render ends itself. */
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;

  constructor(job: ParsedJob, parts: RenderParts, host: RenderHost, stop: AbortController, { onEvent, onSpan }: RenderOptions) {
    this.#job = job;
    this.#parts = parts;
    this.#host = host;
    this.#stop = stop;
    this.#signal = stop.signal;
    const heardLate = (reason: string): void => void this.#warnings.add(reason);
    this.#emit = protectedListener(onEvent, "onEvent", heardLate);
    this.#timeline = new Timeline(protectedListener(onSpan, "onSpan", heardLate));
  }

  async run(): Promise<RenderResult> {
    // The sink comes first: an output that cannot be written is said before a browser is started.
    const sink: OutputSink = await this.#host.openSink(this.#job.output, this.#job.container);
    try {
      const { result, address } = await this.#inBrowsers(async (opened) => {
        await keepOwnFiles(sink, opened.address);
        return { result: await this.#renderIn(opened, sink), address: opened.address };
      });
      // The page may have loaded more files since.
      await keepOwnFiles(sink, address);
      this.#throwIfAborted();
      this.#warnOfMore();
      await sink.commit();
      return result;
    } finally {
      await sink.discard();
    }
  }

  planOnly(): Promise<PlannedRender> {
    return this.#inBrowsers(async (opened) => {
      const { planner, plan, video } = await this.#prepare(opened);
      return { plan, video, input: planner.input, warnings: this.#warnings.all };
    });
  }

  async #inBrowsers<Value>(work: (opened: Opened) => Promise<Value>): Promise<Value> {
    await using address = await this.#host.openPage(this.#job.page, this.#job.network, this.#signal);
    const copying = new AbortController();
    await using files = await this.#openMediaFiles(address, AbortSignal.any([this.#signal, copying.signal]));
    await using media = files && this.#directMedia(files);
    const opener = new PageOpener({
      ...{ job: this.#job, reference: this.#parts.reference, signal: this.#signal, timeline: this.#timeline },
      warn: (reason) => this.#warn(reason),
      attachMedia: media && ((page, browser) => media.attach(page, browser)),
    });
    await using browsers = this.#browsers(address);
    await using ender = endOnAbort(this.#signal, browsers);
    void ender;
    // Closed first: what is closed later may wait for a file that is being copied.
    using copies = { [Symbol.dispose]: () => copying.abort(new Error("the render has ended")) };
    void copies;
    return await work({ address, browsers, opener, media });
  }

  /** Null where the runtime leaves all media to the browser. */
  async #openMediaFiles(address: PageAddress, signal: AbortSignal): Promise<(MediaFiles & AsyncDisposable) | null> {
    const { media } = this.#host;
    return media === undefined ? null : media.openFiles(address, { signal, mediaBytes: this.#job.limits.mediaBytes });
  }

  #directMedia(files: MediaFiles): MediaDirector {
    return new MediaDirector({
      ...{ injectors: this.#parts.injectors, host: this.#host.media!, files, signal: this.#signal },
      ...{ trialLimitMs: trialLimitMs(this.#job), readLimitMs: this.#job.captureTimeoutMs },
      warn: (reason) => this.#warn(reason),
    });
  }

  #browsers(address: PageAddress): Browsers {
    return new Browsers([this.#parts.reference, ...this.#parts.captures], async (flags) => {
      this.#throwIfAborted();
      const origin: string = new URL(address.url).origin;
      const { crossOrigin, network, timeZone, locale } = this.#job;
      const warn = (reason: string): void => this.#warn(reason);
      const fail = (fault: RenderError): void => this.#stop.abort(fault);
      const browser: Browser = await this.#timeline.span("launch", "render", () =>
        this.#host.launchBrowser({ flags, origin, crossOrigin, network, timeZone, locale, signal: this.#signal, warn, fail }),
      );
      this.#warnUnconfined(browser, address);
      return browser;
    });
  }

  /** A page without a sandbox may do to this host whatever a fault of the browser lets it do. */
  #warnUnconfined({ sandbox }: Browser, { foreign = "nothing says whose it is" }: PageAddress): void {
    if (sandbox.enabled || foreign === null) return;
    this.#warn(
      `The page is not your own local file (${foreign}), and the browser has no sandbox: ${sandbox.reason}. Render pages that you do not trust with a sandbox only`,
    );
  }

  /** Opens the page, tries the parts, and asks the policy. */
  async #prepare({ address: { url }, browsers, opener, media }: Opened): Promise<Prepared> {
    const browser: Browser = await browsers.shared();
    const trials: PartTrials = this.#trials(url, browsers, media !== null);
    const probes = trials.all(browser);
    // Heard below; the page's own fault is the better answer where both fail.
    probes.catch(() => {});
    const [host, costs] = await Promise.all([this.#host.facts(this.#job.output), this.#host.costs?.() ?? null]);
    const { reference, video } = await openFirstPage(this.#job, opener, browser, url);
    const { facts } = reference;
    const { size, frameCount, durationSeconds } = video;
    for (const warning of [...facts.warnings, ...rateWarnings(this.#job, video)]) this.#warn(warning);
    this.#emit({ type: "page-ready", url: facts.url, video });
    this.#refuseUnreadable(facts);
    // Parts take the end of the browser for a lack of their own.
    const support = await Promise.race([probes, reference.page.lost]);
    const injectors: InjectorCandidate[] = (await media?.candidates(videosOf(facts))) ?? [];
    const input: Omit<PolicyInput, "struckOut"> = {
      ...{ job: this.#job, page: facts, size: size.value, frameCount, durationSeconds: durationSeconds.value, host },
      ...{ costs: costs ?? measuredCosts, injectors, ...support },
    };
    const planner = new Planner(this.#parts.policy ?? defaultPolicy, input, (name) => trials.capture(name));
    return { reference, video, planner, plan: await planner.plan() };
  }

  /** Without a way to the media of pages nothing is heard. */
  #trials(url: string, browsers: Browsers, hasMedia: boolean): PartTrials {
    const { captures, encoders, mixers } = this.#parts;
    const parts = { captures, encoders, mixers: hasMedia && this.#job.sound.enabled ? mixers : [] };
    return new PartTrials({ job: this.#job, parts, browsers, url, timeline: this.#timeline, signal: this.#signal });
  }

  async #renderIn(opened: Opened, sink: OutputSink): Promise<RenderResult> {
    const { browsers, opener, media } = opened;
    const { reference, video, planner, plan: first } = await this.#prepare(opened);
    // Before anything is encoded: by now the page has asked for most of its files.
    await keepOwnFiles(sink, opened.address);
    await using soundMaker = new SoundMaker({
      ...{ job: this.#job, mixers: this.#parts.mixers, video, timeline: this.#timeline, signal: this.#signal },
      path: (source) => media!.path(source),
      facts: (source) => media!.factsOf(source),
      warn: (reason) => this.#warn(reason),
    });
    const stage: Stage = {
      ...{ job: this.#job, parts: this.#parts, browsers, opener, page: reference.facts, video, sink, media, soundMaker },
      ...{ timeline: this.#timeline, signal: this.#signal, emit: this.#emit },
      warn: (reason) => this.#warn(reason),
      openSegment: async (index) => (await this.#host.openSink(segmentName(this.#job.output, index), this.#job.container)) as FileSink,
    };
    let plan: Plan = first;
    for (let openReference: CaptureSession | null = reference; ; openReference = null) {
      media?.follow(plan, planner.input);
      this.#warnOfNative(plan);
      this.#emit({ type: "plan-ready", plan });
      this.#emit({ type: "streaming-decided", ...plan.streaming });
      try {
        return this.#result(plan, video, planner, await carryOut(plan, { ...stage, page: planner.input.page }, openReference));
      } catch (fault) {
        this.#throwIfAborted();
        // A seek fails where pictures of a video do not come, and then they are the cause.
        const thrown: unknown = media?.failure ?? fault;
        const failed: Plan = plan;
        // What was started is in an unknown state, unless the capture merely painted wrongly.
        await (isDistrust(thrown) ? browsers.endOwn({ name: failed.capture }) : browsers.endAll());
        plan = await planner.replan(failed, thrown);
        await sink.clear();
        this.#beginAgain(planner, thrown as RenderError);
      }
    }
  }

  #result(plan: Plan, video: Video, planner: Planner, outcome: Outcome): RenderResult {
    const { facts, pumped, encoded, transport, sandbox, checks, cache, sound } = outcome;
    return {
      output: this.#job.output,
      video,
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
      warnings: this.#warnings.all,
      timings: timingsOf(this.#timeline, outcome),
    };
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

  /** The reference and the capture load the same page: what both say is said once. */
  #warn(reason: string): void {
    const kept: string | null = this.#warnings.add(reason);
    if (kept === null) return;
    this.#emit({ type: "warning", reason: kept });
    if (this.#job.strict) this.#stop.abort(warningRaised(kept));
  }

  /** Those that were only counted come last. */
  #warnOfMore(): void {
    const { summary } = this.#warnings;
    if (summary !== null) this.#emit({ type: "warning", reason: summary });
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

/** An output replaces no file of the page. @throws RenderError `output-not-writable` */
async function keepOwnFiles(sink: OutputSink, { ownFiles }: PageAddress): Promise<void> {
  if (ownFiles) await sink.refuseReplacing?.(() => ownFiles());
}

/** The videos that somebody has to feed, each once. */
function videosOf({ media }: PageFacts): MediaFacts[] {
  const facts: MediaFacts[] = media.flatMap((one) => (one.kind === "video" && one.facts?.video ? [one.facts] : []));
  return [...new Map(facts.map((one) => [one.source, one])).values()];
}
