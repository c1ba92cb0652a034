import type { Browser } from "../browser.ts";
import type { Capture, CaptureTraits } from "../capture.ts";
import { aborted } from "../errors.ts";
import type { RenderParts } from "../host.ts";
import type { ParsedJob } from "../job.ts";
import type { Candidate, PolicyInput } from "../policy/plan.ts";
import type { Support } from "../support.ts";
import type { Timeline } from "../timeline.ts";
import { videoAsked } from "../video.ts";
import type { Browsers } from "./browsers.ts";
import { named, tried, untried } from "./candidate.ts";
import { encodeRequest } from "./encode-request.ts";

export interface PartTrialsOptions {
  readonly job: ParsedJob;
  readonly parts: Pick<RenderParts, "captures" | "encoders" | "mixers">;
  readonly browsers: Browsers;
  /** Of the page. */
  readonly url: string;
  readonly timeline: Timeline;
  readonly signal: AbortSignal;
}

/** Longest wait in milliseconds for one part: its trial opens a page and captures a frame or two of it. */
export function trialLimitMs({ readinessTimeoutMs, captureTimeoutMs }: ParsedJob): number {
  return readinessTimeoutMs + captureTimeoutMs;
}

/** Tries the parts that may do a job, each where it would work. */
export class PartTrials {
  readonly #options: PartTrialsOptions;

  constructor(options: PartTrialsOptions) {
    this.#options = options;
  }

  /**
   * Tries them all at once. A capture that needs a browser of its own, or is made for few pages, is tried only when it is
   * chosen: an ordinary render does not pay for it.
   */
  all(browser: Browser): Promise<Pick<PolicyInput, "captures" | "encoders" | "mixers">> {
    return this.#options.timeline.span("probe", "render", async () => {
      const [captures, encoders] = [this.#captures(browser), this.#encoders(browser)];
      return { captures: await captures, encoders: await encoders, mixers: await this.#mixers() };
    });
  }

  /** One that was left untried, in the browser that it would have. @throws RenderError `aborted` */
  async capture(name: string): Promise<Support> {
    const { parts, browsers, signal } = this.#options;
    const capture: Capture = named(parts.captures, name);
    const support: Support = await this.#try(async () => capture.probe(this.#place(await browsers.of(capture))));
    if (signal.aborted) throw aborted(signal.reason);
    if (!support.ok) await browsers.endOwn(capture);
    return support;
  }

  #captures(browser: Browser): Promise<Candidate<CaptureTraits>[]> {
    const { job, parts } = this.#options;
    return Promise.all(
      parts.captures.map(async (part): Promise<Candidate<CaptureTraits>> => {
        const { name, traits } = part;
        if (!isAsked(part, job.capture) || traits.browser === "own" || traits.needsSingleCanvas) return untried(part);
        return { name, traits, support: await this.#try(() => part.probe(this.#place(browser))) };
      }),
    );
  }

  #encoders(browser: Browser): Promise<PolicyInput["encoders"]> {
    const { job, parts } = this.#options;
    return Promise.all(
      parts.encoders.map(async (part): Promise<PolicyInput["encoders"][number]> => {
        const { name, traits } = part;
        if (!isAsked(part, job.encoder) || traits.writes[job.container]?.includes(job.codec) !== true) return untried(part);
        const request = encodeRequest(job, videoAsked(job), traits.accepts[0]!, null);
        return { name, traits, support: await this.#try(() => part.probe(request, this.#place(browser))) };
      }),
    );
  }

  #mixers(): Promise<PolicyInput["mixers"]> {
    const { parts, signal } = this.#options;
    return Promise.all(
      parts.mixers.map(async (mixer) => {
        const { name, traits } = mixer;
        return { name, traits, support: await this.#try(() => mixer.probe({ signal })) };
      }),
    );
  }

  #place(browser: Browser): { browser: Browser; origin: string; signal: AbortSignal } {
    const { url, signal } = this.#options;
    return { browser, origin: new URL(url).origin, signal };
  }

  #try(probe: () => Promise<Support>): Promise<Support> {
    return tried(trialLimitMs(this.#options.job), probe);
  }
}

function isAsked(part: { readonly name: string }, name: string | null): boolean {
  return name === null || part.name === name;
}
