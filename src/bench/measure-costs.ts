import type { Browser } from "../core/browser.ts";
import type { Capture } from "../core/capture.ts";
import { aborted, messageOf } from "../core/errors.ts";
import type { FrameFormat, HostPixels } from "../core/frame.ts";
import type { PageAddress, RenderHost, RenderParts } from "../core/host.ts";
import { Browsers } from "../core/pipeline/browsers.ts";
import { tried } from "../core/pipeline/candidate.ts";
import { within } from "../core/pipeline/watchdog.ts";
import type { CaptureCost, ContentClass, EncoderCost, MeasuredCosts } from "../core/policy/costs.ts";
import type { Support } from "../core/support.ts";
import { quick, thorough, type Amounts } from "./amounts.ts";
import { measureCapture, type CaptureToMeasure } from "./capture-costs.ts";
import { casesOf, measureEncoder, requestOf, type EncoderInput, type EncoderToMeasure } from "./encoder-costs.ts";
import { keepFrames, type KeptFrames } from "./kept-frames.ts";
import type { PagePlace } from "./page-frames.ts";
import { startedProcesses, tellsUse } from "./usage-meter.ts";

/** What `measureCosts` works on. */
export interface MeasureOptions {
  readonly parts: Pick<RenderParts, "captures" | "encoders">;
  readonly host: RenderHost;
  /** The page that stands for each kind of content: a path or a URL. */
  readonly pages: Readonly<Record<ContentClass, string>>;
  /** Processor and ffmpeg, in words; the browser says itself what it is. */
  readonly machine: string;
  readonly basis: MeasuredCosts["basis"];
  /** An empty folder for what the encoders write. */
  readonly folder: string;
  /** A few frames of each, to see that everything works: the figures are not to be believed. */
  readonly quick?: boolean;
  readonly onStep?: (step: MeasureStep) => void;
  readonly signal?: AbortSignal;
}

/** One part in one role, once it has been measured or given up. */
export interface MeasureStep {
  /** How many were done, this one among them, and how many there will be at most. */
  readonly done: number;
  readonly total: number;
  /** Such as "html-in-canvas I420, motion" or "ffmpeg-pipe h264 standard, I420". */
  readonly about: string;
  /** Null where it was not measured. */
  readonly cost: CaptureCost | EncoderCost | null;
  /** Why it was not measured; null where it was. */
  readonly reason: string | null;
}

/** Nothing that is measured takes so long, in milliseconds: what does hangs, and must not hold up the rest. */
const LONGEST_MS = 60_000;

/** Pages that are one canvas which fills them. */
const singleCanvases: ReadonlySet<ContentClass> = new Set(["canvas", "webgl"]);

/**
 * Measures what each part costs on this machine, in about three minutes on two cores, while nothing else should run.
 * What does not work here is left out; `onStep` hears why.
 *
 * @throws RenderError `aborted`, and what opening pages and launching browsers throw
 */
export async function measureCosts(options: MeasureOptions): Promise<MeasuredCosts> {
  const measuring = new Measuring(options);
  try {
    return await measuring.run();
  } catch (thrown) {
    throw options.signal?.aborted === true ? aborted(options.signal.reason) : thrown;
  } finally {
    await measuring.end();
  }
}

class Measuring {
  readonly #options: MeasureOptions;
  readonly #amounts: Amounts;
  readonly #signal: AbortSignal;
  readonly #captureCosts: CaptureCost[] = [];
  readonly #encoderCosts: EncoderCost[] = [];
  readonly #kept = new Map<FrameFormat, KeptFrames>();
  #addresses!: Readonly<Record<ContentClass, PageAddress>>;
  #browsers!: Browsers;
  #others: ReadonlySet<number> = new Set();
  #done = 0;
  #total = 0;

  constructor(options: MeasureOptions) {
    this.#options = options;
    this.#amounts = options.quick === true ? quick : thorough;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  async run(): Promise<MeasuredCosts> {
    const { parts, host, pages, machine, basis, folder } = this.#options;
    this.#others = await startedProcesses();
    const opened = Object.entries(pages).map(async ([content, page]) => [content, await host.openPage(page, "all")] as const);
    this.#addresses = Object.fromEntries(await Promise.all(opened)) as Record<ContentClass, PageAddress>;
    this.#browsers = new Browsers(parts.captures, (flags) => this.#launch(flags));
    const captures: readonly CaptureToMeasure[] = parts.captures.flatMap(capturesOf);
    const possible: readonly FrameFormat[] = parts.captures.flatMap(({ traits }) => traits.gives);
    this.#total = captures.length + parts.encoders.flatMap((encoder) => casesOf(encoder, possible)).length;
    for (const capture of parts.captures) await this.#measureCapture(capture);
    const available: readonly FrameFormat[] = [...new Set(this.#moving().map(({ frameFormat }) => frameFormat))];
    for (const encoder of parts.encoders)
      for (const one of casesOf(encoder, available)) await this.#step(aboutEncoder(one), () => this.#measureEncoder(one));
    const { product } = await this.#browsers.shared();
    const { cores } = await host.facts(folder);
    return {
      version: 1,
      basis,
      machine: `${machine}, ${product}`,
      cores,
      usage: (await tellsUse()) ? "measured" : "assumed",
      captures: this.#captureCosts,
      encoders: this.#encoderCosts,
    };
  }

  async end(): Promise<void> {
    await this.#browsers?.endAll();
    for (const address of Object.values(this.#addresses ?? {})) await address[Symbol.asyncDispose]();
  }

  async #launch(flags: readonly string[]): Promise<Browser> {
    const origin: string = new URL(this.#addresses.motion.url).origin;
    const settings = { crossOrigin: "omit", network: "all", timeZone: "UTC", locale: "en-US" } as const;
    return this.#options.host.launchBrowser({ flags, origin, ...settings, warn: () => {}, signal: this.#signal });
  }

  async #measureCapture(capture: Capture): Promise<void> {
    const support: Support = await this.#trial(async () =>
      capture.probe({
        browser: await this.#browsers.of(capture),
        origin: new URL(this.#addresses.motion.url).origin,
        signal: this.#signal,
      }),
    );
    for (const one of capturesOf(capture)) {
      await this.#step(aboutCapture(one), async () => {
        if (!support.ok) return support;
        const place: PagePlace = this.#place(one.content, await this.#browsers.of(capture));
        const cost: CaptureCost = await measureCapture(one, place, this.#amounts, this.#others);
        this.#captureCosts.push(cost);
        return cost;
      });
    }
    // What the next capture's worker takes must not have this one's browser in it.
    await this.#browsers.endAll();
  }

  async #measureEncoder(one: EncoderToMeasure): Promise<EncoderCost | Refusal> {
    const { encoder } = one;
    const browser: Browser = await this.#browsers.shared();
    const support: Support = await this.#trial(() => encoder.probe(requestOf(one, this.#amounts), { browser, signal: this.#signal }));
    if (!support.ok) return support;
    const { host, folder } = this.#options;
    const page: PagePlace = this.#place("motion", browser);
    const cost: EncoderCost = await measureEncoder(one, await this.#input(one.frameFormat), { page, browser, host, folder }, this.#amounts);
    this.#encoderCosts.push(cost);
    return cost;
  }

  async #input(format: FrameFormat): Promise<EncoderInput> {
    const measured: CaptureCost = this.#moving().find(({ frameFormat }) => frameFormat === format)!;
    const capture: Capture = this.#options.parts.captures.find(({ name }) => name === measured.capture)!;
    if (format === "page") return { from: "page", capture, captureCpuMsPerMegapixel: measured.cpuMsPerMegapixel };
    const frames: KeptFrames = this.#kept.get(format) ?? (await this.#keep(capture, format));
    this.#kept.set(format, frames);
    return { from: "memory", frames };
  }

  async #keep(capture: Capture, format: HostPixels["format"]): Promise<KeptFrames> {
    return keepFrames(capture, format, this.#place("motion", await this.#browsers.of(capture)), this.#amounts.keptFrames);
  }

  /** The captures that gave frames of the page that moves. */
  #moving(): readonly CaptureCost[] {
    return this.#captureCosts.filter(({ content }) => content === "motion");
  }

  #place(content: ContentClass, browser: Browser): PagePlace {
    return { browser, url: this.#addresses[content].url, size: this.#amounts.size, signal: this.#signal };
  }

  async #trial(probe: () => Promise<Support>): Promise<Support> {
    this.#throwIfAborted();
    return tried(LONGEST_MS, probe);
  }

  async #step(about: string, measure: () => Promise<CaptureCost | EncoderCost | Refusal>): Promise<void> {
    this.#throwIfAborted();
    const outcome = await this.#outcome(measure);
    this.#throwIfAborted();
    this.#done++;
    const [cost, reason] = "ok" in outcome ? [null, outcome.reasons.join("; ")] : [outcome, null];
    this.#options.onStep?.({ done: this.#done, total: this.#total, about, cost, reason });
  }

  /** A part that fails or hangs is left out; the browser that it may have spoilt is ended. */
  async #outcome(measure: () => Promise<CaptureCost | EncoderCost | Refusal>): Promise<CaptureCost | EncoderCost | Refusal> {
    try {
      return await within(LONGEST_MS, measure(), () => new Error(`it took longer than ${LONGEST_MS / 1000} s`));
    } catch (thrown) {
      await this.#browsers.endAll();
      return { ok: false, reasons: [messageOf(thrown)] };
    }
  }

  #throwIfAborted(): void {
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
  }
}

type Refusal = Extract<Support, { readonly ok: false }>;

function capturesOf(capture: Capture): CaptureToMeasure[] {
  const contents: readonly ContentClass[] = ["motion", "canvas", "webgl", "text", "static"];
  return contents
    .filter((content) => !capture.traits.needsSingleCanvas || singleCanvases.has(content))
    .flatMap((content) => capture.traits.gives.map((frameFormat): CaptureToMeasure => ({ capture, frameFormat, content })));
}

function aboutCapture({ capture, frameFormat, content }: CaptureToMeasure): string {
  return `${capture.name} ${frameFormat}, ${content}`;
}

function aboutEncoder({ encoder, codec, level, frameFormat }: EncoderToMeasure): string {
  return `${encoder.name} ${codec} ${level}, ${frameFormat}`;
}
