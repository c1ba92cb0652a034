import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { PageException, type BrowserPage, type CdpParams } from "../core/browser.ts";
import { browserClosed, isRenderError, messageOf, type RenderError } from "../core/errors.ts";
import type { Size } from "../core/frame.ts";
import { within } from "../core/pipeline/watchdog.ts";

type RawSend = (method: string, params?: CdpParams) => Promise<unknown>;
type RawListen = (event: string, listener: (params: never) => void) => void;

interface EvaluateAnswer {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: ExceptionDetails;
}

interface ExceptionDetails {
  readonly text: string;
  readonly exception?: { readonly description?: string; readonly value?: unknown };
}

/** Opens a page of the given size in CSS pixels, one device pixel each. */
export async function openBrowserPage(context: BrowserContext, size: Size): Promise<BrowserPage> {
  let onClose: () => void = () => {};
  const closed: Promise<never> = new Promise((_, reject) => {
    onClose = () => reject(browserClosed("opening a page"));
  });
  closed.catch(() => {});
  context.once("close", onClose);
  try {
    // Playwright leaves these calls without an answer where the browser ends meanwhile.
    const page: Page = await Promise.race([context.newPage(), closed]);
    const session: CDPSession = await Promise.race([context.newCDPSession(page), closed]);
    await session.send("Page.enable");
    // Before any binding: one that is added earlier is lost at the next navigation.
    await session.send("Runtime.enable");
    await session.send("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 1, mobile: false });
    return new ConnectedPage(context, page, session);
  } catch (thrown) {
    throw isRenderError(thrown) ? thrown : browserClosed("opening a page", thrown);
  } finally {
    context.off("close", onClose);
  }
}

/** How long a page may take to close before it is told again, in milliseconds; and how often it is. */
const CLOSE_MS = 1_000;
const CLOSE_TRIES = 5;

/** Whether a page has closed before it is to be told again. */
function isOver(closed: Promise<void>): Promise<boolean> {
  const stillOpen = (): Error => new Error("The page is still open");
  return within(CLOSE_MS, closed, stillOpen).then(
    () => true,
    () => false,
  );
}

class ConnectedPage implements BrowserPage {
  readonly lost: Promise<never>;
  readonly #page: Page;
  readonly #session: CDPSession;
  #failure: RenderError | null = null;
  #isClosing = false;

  constructor(context: BrowserContext, page: Page, session: CDPSession) {
    this.#page = page;
    this.#session = session;
    this.lost = new Promise((_, reject) => {
      const lose = (what: string): void => {
        if (this.#failure !== null) return;
        this.#failure = browserClosed(what);
        if (!this.#isClosing) reject(this.#failure);
      };
      context.once("close", () => lose("the browser ended"));
      page.once("crash", () => lose("the page crashed"));
      page.once("close", () => lose("the page was closed"));
    });
    // Whoever waits for the page races with it; that nobody waits is no fault.
    this.lost.catch(() => {});
  }

  async send<Result>(method: string, params?: CdpParams): Promise<Result> {
    if (this.#failure !== null) throw this.#failure;
    try {
      // Playwright types each protocol command; this contract takes them by name. What is pending when the page goes
      // is rejected by Playwright: no race with `lost`, which would keep a closure of every call for the page's life.
      return (await (this.#session.send as unknown as RawSend).call(this.#session, method, params)) as Result;
    } catch (thrown) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#isClosing || this.#page.isClosed()) throw browserClosed(method, thrown);
      throw thrown;
    }
  }

  on<Params>(event: string, listener: (params: Params) => void): () => void {
    const session = this.#session;
    (session.on as unknown as RawListen).call(session, event, listener);
    return () => {
      (session.off as unknown as RawListen).call(session, event, listener);
    };
  }

  async evaluate<Result>(expression: string): Promise<Result> {
    const answer = await this.send<EvaluateAnswer>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) throw new PageException(describeException(answer.exceptionDetails));
    return answer.result.value as Result;
  }

  async bind(name: string, listener: (payload: string) => void): Promise<void> {
    this.on<{ name: string; payload: string }>("Runtime.bindingCalled", (call) => {
      if (call.name === name) listener(call.payload);
    });
    await this.send("Runtime.addBinding", { name });
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    // A page whose browser is gone is closed.
    const closed: Promise<void> = this.#page.close().catch(() => {});
    // Chromium forgets to close a page that is told so in the very moment in which another document arrives in it.
    for (let tries = 0; tries < CLOSE_TRIES && !(await isOver(closed)); tries++) void this.#session.send("Page.close").catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** First line and first place of what the page threw. */
export function describeException({ text, exception }: ExceptionDetails): string {
  if (exception?.description !== undefined) {
    return exception.description
      .split("\n")
      .slice(0, 2)
      .map((line) => line.trim())
      .join(" ");
  }
  return exception?.value === undefined ? text : messageOf(exception.value);
}
