import { EventEmitter } from "node:events";
import type { BrowserContext } from "playwright-core";
import { openBrowserPage } from "../../src/browser/page.ts";
import { PageFaults } from "../../src/browser/page-faults.ts";
import type { Browser } from "../../src/core/browser.ts";

/** The value of an evaluated expression, or the exception that it threw. */
export type Evaluated = { readonly value: unknown } | { readonly exceptionDetails: unknown };

/** One page of the double, from its own side. */
export interface FakePage {
  readonly url: string;
  /** Calls a binding, as scripts of the page do. */
  call(name: string, payload: string): void;
  /** Sends an event of the protocol. */
  emit(event: string, params: unknown): void;
  /** Ends as a page that crashed does. */
  crash(): void;
}

/** What a page of the double does. */
export interface PageModel {
  /** The answer to an expression in the page's own world; it may never come. */
  evaluate(expression: string, page: FakePage): Promise<Evaluated>;
  /** A picture as base64. */
  screenshot(page: FakePage): string;
}

const FRAME = "top";

class FakeSession extends EventEmitter implements FakePage {
  url = "about:blank";
  #isClosed = false;
  readonly #model: PageModel;
  readonly #page: EventEmitter;
  readonly #pending = new Set<(reason: Error) => void>();

  constructor(model: PageModel, page: EventEmitter) {
    super();
    this.setMaxListeners(50);
    this.#model = model;
    this.#page = page;
  }

  /** As Playwright does: what is pending when the page goes is rejected. */
  send(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new Error("Target page, context or browser has been closed"));
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      this.#answer(method, params)
        .then(resolve, reject)
        .finally(() => this.#pending.delete(reject));
    });
  }

  call(name: string, payload: string): void {
    this.emit("Runtime.bindingCalled", { name, payload, executionContextId: 1 });
  }

  crash(): void {
    this.#page.emit("crash");
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const reject of this.#pending) reject(new Error("Target closed"));
    this.#page.emit("close");
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async #answer(method: string, params: Record<string, unknown>): Promise<unknown> {
    switch (method) {
      case "Page.getFrameTree":
        return { frameTree: { frame: { id: FRAME } } };
      case "Page.createIsolatedWorld":
        return { executionContextId: 7 };
      case "Page.navigate":
        this.url = String(params["url"]);
        this.emit("Page.frameNavigated", { frame: { id: FRAME, url: this.url } });
        return { frameId: FRAME };
      case "Page.captureScreenshot":
        return { data: this.#model.screenshot(this) };
      case "HeadlessExperimental.beginFrame":
        return params["screenshot"] === undefined ? {} : { screenshotData: this.#model.screenshot(this) };
      case "Runtime.evaluate": {
        const answer: Evaluated = await this.#model.evaluate(String(params["expression"]), this);
        return "value" in answer ? { result: { value: answer.value } } : { result: {}, ...answer };
      }
      default:
        return {};
    }
  }
}

/** A browser without a process: real pages of the product over a connection that a model answers. */
export function fakeBrowser(model: PageModel): Browser {
  const context = new EventEmitter();
  context.setMaxListeners(50);
  const sessions = new Map<unknown, FakeSession>();
  const playwright = Object.assign(context, {
    async newPage() {
      const page = new EventEmitter();
      const session = new FakeSession(model, page);
      sessions.set(page, session);
      return Object.assign(page, { isClosed: () => session.isClosed, close: async () => session.end() });
    },
    newCDPSession: async (page: unknown) => sessions.get(page),
  });
  const close = async (): Promise<void> => {
    for (const session of sessions.values()) session.end();
  };
  const faults = new PageFaults();
  return {
    product: "FakeChrome/1",
    profileFolder: null,
    sandbox: { enabled: true, reason: null },
    newPage: (size) => openBrowserPage(playwright as unknown as BrowserContext, size, faults),
    admit: async () => {},
    close,
    [Symbol.asyncDispose]: close,
  };
}
