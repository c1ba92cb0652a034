import type { Browser } from "../core/browser.ts";
import type { Capture } from "../core/capture.ts";
import { aborted, messageOf } from "../core/errors.ts";
import type { FrameFormat, HostPixels } from "../core/frame.ts";
import type { PageAddress, RenderHost, RenderParts } from "../core/host.ts";
import { Browsers } from "../core/pipeline/browsers.ts";
import { tried } from "../core/pipeline/candidate.ts";
import { within } from "../core/pipeline/watchdog.ts";
import type { CaptureCost, ContentClass, EncoderCost, InjectorCost, MeasuredCosts } from "../core/policy/costs.ts";
import type { VideoCodec } from "../core/formats.ts";
import type { FrameInjector } from "../core/injector.ts";
import type { Support } from "../core/support.ts";
import { quick, thorough, type Amounts } from "./amounts.ts";
import { measureCapture, type CaptureToMeasure } from "./capture-costs.ts";
import { casesOf, measureEncoder, requestOf, type EncoderInput, type EncoderToMeasure } from "./encoder-costs.ts";
import { InjectorBench } from "./injector-bench.ts";
import { withOthers } from "./injector-costs.ts";
import { keepFrames, type KeptFrames } from "./kept-frames.ts";
import type { PagePlace } from "./page-frames.ts";
import { startedProcesses, tellsUse } from "./usage-meter.ts";

/** What `measureCosts` works on. */
export interface MeasureOptions {
  readonly parts: Pick<RenderParts, "captures" | "encoders" | "injectors">;
  readonly host: RenderHost;
  /** The page that stands for each kind of content: a path or a URL. */
  readonly pages: Readonly<Record<ContentClass, string>>;
  /** Processor and ffmpeg, in words; the browser says itself what it is. */
  readonly machine: string;
  readonly basis: MeasuredCosts["basis"];
  /** An empty folder for what the encoders write, and for pages with videos. */
  readonly folder: string;
  /** What is measured; all of it unless said. */
  readonly roles?: readonly MeasuredRole[];
  /** How often injectors are measured, of which the quickest counts; once unless said. */
  readonly injectorRounds?: number;
  /** A few frames of each, to see that everything works: the figures are not to be believed. */
  readonly quick?: boolean;
  readonly onStep?: (step: MeasureStep) => void;
  readonly signal?: AbortSignal;
}

export type MeasuredRole = "capture" | "encoder" | "injector";

/** One part in one role, once it has been measured or given up. */
export interface MeasureStep {
  /** How many were done, this one among them, and how many there will be at most. */
  readonly done: number;
  readonly total: number;
  /** Such as "html-in-canvas I420, motion", "ffmpeg-pipe h264 standard, I420" or "webcodecs, a video in h264". */
  readonly about: string;
  /** Null where it was not measured. */
  readonly cost: PartCost | null;
  /** Why it was not measured; null where it was. */
  readonly reason: string | null;
}

export type PartCost = CaptureCost | EncoderCost | InjectorCost;

/** Nothing that is measured takes so long, in milliseconds: what does hangs, and must not hold up the rest. */
const LONGEST_MS = 60_000;
/** The same of an injector, for which a video is made and up to three pages are captured. */
const LONGEST_INJECTOR_MS = 240_000;

/** Pages that are one canvas which fills them. */
const singleCanvases: ReadonlySet<ContentClass> = new Set(["canvas", "webgl"]);

/**
 * Measures what each part costs on this machine, in about five minutes on two cores, while nothing else should run.
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
  /** By what was measured: that of the last round. */
  readonly #injectorCosts = new Map<string, InjectorCost>();
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
    this.#total = this.#most();
    if (this.#measures("capture")) for (const capture of parts.captures) await this.#measureCapture(capture);
    if (this.#measures("encoder")) await this.#measureEncoders();
    if (this.#measures("injector")) await this.#measureInjectors();
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
      ...(this.#injectorCosts.size > 0 && { injectors: withOthers([...this.#injectorCosts.values()]) }),
    };
  }

  async end(): Promise<void> {
    await this.#browsers?.endAll();
    for (const address of Object.values(this.#addresses ?? {})) await address[Symbol.asyncDispose]();
  }

  #measures(role: MeasuredRole): boolean {
    return this.#options.roles?.includes(role) ?? true;
  }

  /** How many steps there are, if everything works. */
  #most(): number {
    const { captures, encoders, injectors } = this.#options.parts;
    const possible: readonly FrameFormat[] = captures.flatMap(({ traits }) => traits.gives);
    const counts: Readonly<Record<MeasuredRole, number>> = {
      capture: captures.flatMap(capturesOf).length,
      encoder: encoders.flatMap((encoder) => casesOf(encoder, possible)).length,
      injector: injectors.length * this.#amounts.videos.codecs.length * this.#rounds,
    };
    return (Object.keys(counts) as MeasuredRole[]).reduce((sum, role) => sum + (this.#measures(role) ? counts[role] : 0), 0);
  }

  async #launch(flags: readonly string[]): Promise<Browser> {
    const origin: string = new URL(this.#addresses.motion.url).origin;
    const settings = { crossOrigin: "omit", network: "all", timeZone: "UTC", locale: "en-US" } as const;
    return this.#options.host.launchBrowser({ flags, origin, ...settings, warn: () => {}, signal: this.#signal });
  }

  async #measureCapture(capture: Capture): Promise<void> {
    const support: Support = await this.#tryCapture(capture);
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

  #tryCapture(capture: Capture): Promise<Support> {
    return this.#trial(async () =>
      capture.probe({
        browser: await this.#browsers.of(capture),
        origin: new URL(this.#addresses.motion.url).origin,
        signal: this.#signal,
      }),
    );
  }

  async #measureEncoders(): Promise<void> {
    const available: readonly FrameFormat[] = [...new Set(this.#moving().map(({ frameFormat }) => frameFormat))];
    for (const encoder of this.#options.parts.encoders)
      for (const one of casesOf(encoder, available)) await this.#step(aboutEncoder(one), () => this.#measureEncoder(one));
  }

  async #measureInjectors(): Promise<void> {
    const { injectors } = this.#options.parts;
    if (injectors.length === 0) return;
    const bench: InjectorBench | Refusal = await this.#injectorBench();
    const pairs = this.#amounts.videos.codecs.flatMap((codec) => injectors.map((injector) => [injector, codec] as const));
    for (let round = 0; round < this.#rounds; round++) {
      for (const [injector, codec] of pairs) {
        const about: string = aboutInjector(injector, codec);
        await this.#step(
          about,
          async () => {
            const cost: InjectorCost | Refusal = "ok" in bench ? bench : await bench.measure(injector, codec);
            if (!("ok" in cost)) this.#injectorCosts.set(about, cost);
            return cost;
          },
          LONGEST_INJECTOR_MS,
        );
      }
    }
  }

  get #rounds(): number {
    return this.#options.injectorRounds ?? 1;
  }

  /** Pages with videos are captured by the first capture that works here on any page, and gives frames that encoders take from memory. */
  async #injectorBench(): Promise<InjectorBench | Refusal> {
    const { host, folder, parts } = this.#options;
    const { media } = host;
    if (media === undefined) return { ok: false, reasons: ["videos are left to the browser here"] };
    for (const capture of parts.captures) {
      const formats = capture.traits.gives.filter((format) => format !== "page");
      if (capture.traits.needsSingleCanvas || formats.length === 0 || !(await this.#tryCapture(capture)).ok) continue;
      const { size } = this.#amounts;
      const browser = (): Promise<Browser> => this.#browsers.of(capture);
      return new InjectorBench({
        stage: {
          ...{ host: { openPage: (page, network) => host.openPage(page, network), media }, capture, frameFormat: formats[0]!, size },
          ...{ folder, signal: this.#signal, others: this.#others },
        },
        ...{ host, amounts: this.#amounts, encoders: parts.encoders, formats, browser },
        framesOf: async (format) => this.#framesOf(format as HostPixels["format"], capture),
        freshBrowser: async () => {
          await this.#browsers.endAll();
          return browser();
        },
        tried: (probe) => this.#trial(probe),
      });
    }
    return { ok: false, reasons: ["no capture of any page works here"] };
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
    return { from: "memory", frames: await this.#framesOf(format, capture) };
  }

  async #framesOf(format: HostPixels["format"], capture: Capture): Promise<KeptFrames> {
    const frames: KeptFrames = this.#kept.get(format) ?? (await this.#keep(capture, format));
    this.#kept.set(format, frames);
    return frames;
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

  async #step(about: string, measure: () => Promise<PartCost | Refusal>, limitMs: number = LONGEST_MS): Promise<void> {
    this.#throwIfAborted();
    const outcome = await this.#outcome(measure, limitMs);
    this.#throwIfAborted();
    this.#done++;
    const [cost, reason] = "ok" in outcome ? [null, outcome.reasons.join("; ")] : [outcome, null];
    this.#options.onStep?.({ done: this.#done, total: this.#total, about, cost, reason });
  }

  /** A part that fails or hangs is left out; the browser that it may have spoilt is ended. */
  async #outcome(measure: () => Promise<PartCost | Refusal>, limitMs: number): Promise<PartCost | Refusal> {
    try {
      return await within(limitMs, measure(), () => new Error(`it took longer than ${limitMs / 1000} s`));
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

function aboutInjector({ name }: FrameInjector, codec: VideoCodec): string {
  return `${name}, a video in ${codec}`;
}
