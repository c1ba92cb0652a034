import type { Browser } from "../core/browser.ts";
import type { Encoder } from "../core/encoder.ts";
import type { VideoCodec } from "../core/formats.ts";
import type { FrameFormat, HostPixels } from "../core/frame.ts";
import type { RenderHost } from "../core/host.ts";
import type { FrameInjector } from "../core/injector.ts";
import type { InjectorCost } from "../core/policy/costs.ts";
import type { Support } from "../core/support.ts";
import type { Amounts } from "./amounts.ts";
import { casesOf, requestOf, type EncoderToMeasure } from "./encoder-costs.ts";
import { runBare, runFed, type FedRun, type FilmStage, type PageRun, type Refusal } from "./film-runs.ts";
import { injectorCostOf, pageBytesOf } from "./injector-costs.ts";
import type { KeptFrames } from "./kept-frames.ts";
import { makeFilm } from "./make-film.ts";

export interface InjectorBenchOptions {
  readonly stage: FilmStage;
  readonly host: Pick<RenderHost, "openSink">;
  readonly amounts: Amounts;
  /** The first of these that writes a codec makes the film. */
  readonly encoders: readonly Encoder[];
  /** Formats that `framesOf` gives. */
  readonly formats: readonly HostPixels["format"][];
  framesOf(format: FrameFormat): Promise<KeptFrames>;
  /** The one that runs, or a new one. */
  browser(): Promise<Browser>;
  /** One that nothing ran in yet: what it takes is that of the page. */
  freshBrowser(): Promise<Browser>;
  tried(probe: () => Promise<Support>): Promise<Support>;
}

/** Measures those who feed videos. Films are made, and the bare page is captured, when they are first needed. */
export class InjectorBench {
  readonly #options: InjectorBenchOptions;
  readonly #films = new Map<VideoCodec, string | Refusal>();
  readonly #pageBytes = new Map<string, number>();
  /** The quickest of each, by injector and codec. */
  readonly #fed = new Map<string, FedRun>();
  /** What each run found, by injector and codec: memory varies from browser to browser. */
  readonly #decoderBytes = new Map<string, number[]>();
  #bare: PageRun | null = null;

  constructor(options: InjectorBenchOptions) {
    this.#options = options;
  }

  /**
   * Captures a page while its films are fed, and takes off what the same page costs without. Whoever asks again has both done again,
   * and the quickest of each counts, for what else the machine does only ever adds; of memory it is the median.
   *
   * @throws RenderError what the parts throw
   */
  async measure(injector: FrameInjector, codec: VideoCodec): Promise<InjectorCost | Refusal> {
    const { amounts, stage, freshBrowser } = this.#options;
    const { count, frames } = amounts.videos;
    const film: string | Refusal = this.#films.get(codec) ?? (await this.#makeFilm(codec));
    this.#films.set(codec, film);
    if (typeof film !== "string") return film;
    const key = `${injector.name} ${codec}`;
    const before: FedRun | undefined = this.#fed.get(key);
    if (this.#bare === null || before !== undefined) this.#bare = quickest(await runBare(frames, await freshBrowser(), stage), this.#bare);
    const run = async (times: number): Promise<FedRun | Refusal> =>
      runFed(
        injector,
        Array.from({ length: times }, () => film),
        frames,
        await freshBrowser(),
        stage,
      );
    const again: FedRun | Refusal = await run(count);
    if ("ok" in again) return again;
    const [bare, fed]: [PageRun, FedRun] = [this.#bare, quickest(again, before ?? null)];
    this.#fed.set(key, fed);
    const known: number | undefined = this.#pageBytes.get(injector.name);
    const one: FedRun | Refusal | null = known === undefined && count > 1 ? await run(1) : null;
    if (one !== null && "ok" in one) return one;
    const pageBytes: number = one === null ? (known ?? 0) : pageBytesOf(one, fed, bare, count);
    this.#pageBytes.set(injector.name, pageBytes);
    const cost: InjectorCost = injectorCostOf(injector.name, { bare, fed, count, frames, pageBytes });
    const found: readonly number[] = [...(this.#decoderBytes.get(key) ?? []), cost.decoderBytes];
    this.#decoderBytes.set(key, [...found]);
    return { ...cost, decoderBytes: medianOf(found) };
  }

  async #makeFilm(codec: VideoCodec): Promise<string | Refusal> {
    const encoding: EncoderToMeasure | Refusal = await this.#encodingOf(codec);
    if ("ok" in encoding) return encoding;
    const { host, stage, amounts, framesOf, browser } = this.#options;
    const frames: KeptFrames = await framesOf(encoding.frameFormat);
    const { folder, signal } = stage;
    return makeFilm(encoding, frames, amounts.videos.frames, { browser: await browser(), host, folder, signal });
  }

  /** The first way to encode to it that works here. */
  async #encodingOf(codec: VideoCodec): Promise<EncoderToMeasure | Refusal> {
    const { encoders, formats, amounts, stage, tried, browser } = this.#options;
    const reasons: string[] = [];
    for (const encoder of encoders) {
      const encoding = casesOf(encoder, formats).find((one) => one.codec === codec && one.level === "standard");
      if (encoding === undefined) continue;
      const support: Support = await tried(async () =>
        encoder.probe(requestOf(encoding, amounts), { browser: await browser(), signal: stage.signal }),
      );
      if (support.ok) return encoding;
      reasons.push(...support.reasons.map((reason) => `${encoder.name}: ${reason}`));
    }
    return { ok: false, reasons: [`no video in ${codec} can be made to measure with: ${reasons.join("; ") || "no encoder writes it"}`] };
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

/** With the memory of the later one. */
function quickest<Run extends PageRun>(run: Run, before: PageRun | null): Run {
  return before === null ? run : { ...run, wallMs: Math.min(run.wallMs, before.wallMs), cpuMs: Math.min(run.cpuMs, before.cpuMs) };
}
