import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { PageException, type BrowserPage, type CdpParams, type PageBinding, type PageRealm, type ReadPageValue } from "../core/browser.ts";
import { browserClosed, isRenderError, messageOf, pageMessageInvalid, type RenderError } from "../core/errors.ts";
import type { Size } from "../core/frame.ts";
import { within } from "../core/pipeline/watchdog.ts";
import type { PageFaults } from "./page-faults.ts";

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
export async function openBrowserPage(context: BrowserContext, size: Size, faults: PageFaults): Promise<BrowserPage> {
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
    return new ConnectedPage(context, page, session, faults);
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

/** Longest text of an error of a page that is kept, in characters. */
const EXCEPTION_CHARACTERS = 1_000;
const ISOLATED_WORLD = "framewright";
/** What `ProtocolPipe` answers in place of an answer that is too large. */
const OVERSIZED = /it has \d+ bytes, and at most \d+ are read/;

class ConnectedPage implements BrowserPage {
  readonly lost: Promise<never>;
  readonly #page: Page;
  readonly #session: CDPSession;
  readonly #bindings = new Map<string, (payload: string) => void>();
  readonly #forgetFaults: () => void;
  #lose: (failure: RenderError) => void = () => {};
  #failure: RenderError | null = null;
  #isClosing = false;

  constructor(context: BrowserContext, page: Page, session: CDPSession, faults: PageFaults) {
    this.#page = page;
    this.#session = session;
    this.lost = new Promise((_, reject) => {
      this.#lose = (failure) => {
        if (this.#failure !== null) return;
        this.#failure = failure;
        this.#forgetFaults();
        if (!this.#isClosing) reject(failure);
      };
    });
    // Waiters race with it; a page without waiters is not an error.
    this.lost.catch(() => {});
    context.once("close", () => this.#lose(browserClosed("the browser ended")));
    page.once("crash", () => this.#lose(browserClosed("the page crashed")));
    page.once("close", () => this.#lose(browserClosed("the page was closed")));
    this.#forgetFaults = faults.listen((what) => void this.refuse("a message of the protocol", what));
    // One listener for all bindings, which pages may call as often as they like.
    this.on<{ name: string; payload: string }>("Runtime.bindingCalled", ({ name, payload }) => this.#bindings.get(name)?.(payload));
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
      const [oversized] = OVERSIZED.exec(messageOf(thrown)) ?? [];
      throw oversized === undefined ? thrown : this.refuse(`the answer to ${method}`, oversized);
    }
  }

  on<Params>(event: string, listener: (params: Params) => void): () => void {
    const session = this.#session;
    // An exception of a listener would end the process: no caller catches it.
    const guarded = (params: Params): void => {
      try {
        if (this.#failure === null) listener(params);
      } catch (thrown) {
        this.refuse(`the event ${event}`, messageOf(thrown));
      }
    };
    (session.on as unknown as RawListen).call(session, event, guarded);
    return () => {
      (session.off as unknown as RawListen).call(session, event, guarded);
    };
  }

  evaluate<Value>(expression: string, read: ReadPageValue<Value>): Promise<Value> {
    return this.#evaluate(expression, read, {});
  }

  run(expression: string): Promise<void> {
    return this.#run(expression, {});
  }

  bind<Value>(message: PageBinding<Value>, listener: (value: Value) => void): Promise<void> {
    return this.#bind(message, listener, {});
  }

  async isolated(): Promise<PageRealm> {
    const { frameTree } = await this.send<{ frameTree: { frame: { id: string } } }>("Page.getFrameTree");
    const { executionContextId: contextId } = await this.send<{ executionContextId: number }>("Page.createIsolatedWorld", {
      frameId: frameTree.frame.id,
      worldName: ISOLATED_WORLD,
    });
    return {
      evaluate: (expression, read) => this.#evaluate(expression, read, { contextId }),
      run: (expression) => this.#run(expression, { contextId }),
      bind: (message, listener) => this.#bind(message, listener, { executionContextName: ISOLATED_WORLD }),
    };
  }

  refuse(message: string, why: string): RenderError {
    const failure: RenderError = this.#failure ?? pageMessageInvalid(message, why);
    this.#lose(failure);
    // Whoever waits for an answer of the page is rejected with the failure.
    void this.close();
    return failure;
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#forgetFaults();
    this.#bindings.clear();
    // A page whose browser is gone is closed.
    const closed: Promise<void> = this.#page.close().catch(() => {});
    // Chromium forgets to close a page that is told so in the very moment in which another document arrives in it.
    for (let tries = 0; tries < CLOSE_TRIES && !(await isOver(closed)); tries++) void this.#session.send("Page.close").catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #evaluate<Value>(expression: string, read: ReadPageValue<Value>, where: CdpParams): Promise<Value> {
    const { result } = await this.#answerTo(expression, { ...where, returnByValue: true });
    try {
      return read(result.value);
    } catch (thrown) {
      throw this.refuse(`the answer to ${nameOf(expression)}`, messageOf(thrown));
    }
  }

  /** The value stays in the page; what comes is a handle of it. */
  async #run(expression: string, where: CdpParams): Promise<void> {
    await this.#answerTo(expression, { ...where, returnByValue: false });
  }

  async #answerTo(expression: string, params: CdpParams): Promise<EvaluateAnswer> {
    const answer = await this.send<EvaluateAnswer>("Runtime.evaluate", { expression, awaitPromise: true, ...params });
    if (answer.exceptionDetails) throw new PageException(describeException(answer.exceptionDetails));
    return answer;
  }

  async #bind<Value>(message: PageBinding<Value>, listener: (value: Value) => void, where: CdpParams): Promise<void> {
    const { name, limitCharacters, isText = false, read } = message;
    this.#bindings.set(name, (payload) => {
      if (this.#failure !== null || this.#isClosing) return;
      if (payload.length > limitCharacters)
        return void this.refuse(`a call of ${name}`, `it has ${payload.length} characters, and at most ${limitCharacters} are read`);
      let value: Value;
      try {
        value = read(isText ? payload : JSON.parse(payload));
      } catch (thrown) {
        return void this.refuse(`a call of ${name}`, messageOf(thrown));
      }
      listener(value);
    });
    await this.send("Runtime.addBinding", { name, ...where });
  }
}

/** What was called, without its arguments: "__framewright.seek". */
function nameOf(expression: string): string {
  return /^[\w.$?]{1,60}/.exec(expression.trim())?.[0] ?? "an expression";
}

/** First line and first place of what the page threw. */
export function describeException({ text, exception }: ExceptionDetails): string {
  const whole: string = exception?.description ?? (exception?.value === undefined ? text : messageOf(exception.value));
  const [first = "", second = ""] = whole.slice(0, EXCEPTION_CHARACTERS).split("\n");
  return exception?.description === undefined ? first : `${first.trim()} ${second.trim()}`.trim();
}
