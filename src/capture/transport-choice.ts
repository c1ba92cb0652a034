import type { Browser, BrowserPage } from "../core/browser.ts";
import type { Support } from "../core/support.ts";
import type { PixelTransport } from "../core/transport.ts";

export interface ChosenTransport {
  readonly transport: PixelTransport | null;
  readonly refusals: readonly string[];
}

/** Tries the transports once a browser. */
export class TransportChoice {
  readonly #transports: readonly PixelTransport[];
  readonly #chosen = new WeakMap<Browser, Promise<ChosenTransport>>();

  constructor(transports: readonly PixelTransport[]) {
    this.#transports = transports;
  }

  get isEmpty(): boolean {
    return this.#transports.length === 0;
  }

  /** @param page A page with the shell in it */
  in(browser: Browser, page: BrowserPage): Promise<ChosenTransport> {
    const known = this.#chosen.get(browser) ?? this.#choose(browser, page);
    this.#chosen.set(browser, known);
    return known;
  }

  /** Whether the pixels can leave the page. */
  async support(browser: Browser, page: BrowserPage): Promise<Support> {
    if (this.isEmpty) return { ok: true };
    const { transport, refusals } = await this.in(browser, page);
    return transport ? { ok: true, details: { transport: transport.name } } : { ok: false, reasons: refusals };
  }

  async #choose(browser: Browser, page: BrowserPage): Promise<ChosenTransport> {
    const refusals: string[] = [];
    for (const transport of this.#transports) {
      const support: Support = await transport.probe(browser, page);
      if (support.ok) return { transport, refusals };
      refusals.push(...support.reasons.map((reason) => `${transport.name}: ${reason}`));
    }
    return { transport: null, refusals };
  }
}
