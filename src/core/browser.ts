import type { RenderError } from "./errors.ts";
import type { Size } from "./frame.ts";

/** JSON that a DevTools call takes. */
export type CdpParams = Readonly<Record<string, unknown>>;

/**
 * Checks a value that came from a page, and gives it as the type that it must have. Every page is untrusted: it shares its
 * JavaScript with our scripts and can answer in their place.
 *
 * @throws Error that says what is wrong with the value, such as "index is -1; must be 0 or more"
 */
export type ReadPageValue<Value> = (value: unknown) => Value;

/** A JavaScript world of a page, in which expressions are evaluated. */
export interface PageRealm {
  /**
   * Evaluates an expression, awaits a promise, and brings the value back as JSON.
   *
   * @param read Checks the value. Where it throws, the page is ended with `page-failed`
   * @throws PageException when the expression throws
   * @throws RenderError `page-failed`, `browser-closed`
   */
  evaluate<Value>(expression: string, read: ReadPageValue<Value>): Promise<Value>;
  /** Evaluates an expression and awaits a promise. No value leaves the page. Throws as `evaluate` does. */
  run(expression: string): Promise<void>;
  /**
   * Makes `globalThis[name](text)` call `listener` on the host, as long as the page lives.
   *
   * @param read Checks what was said: the JSON of `text`, or `text` itself where `message.isText` is set. Where it throws, or the
   * text is too long, the page is ended with `page-failed`
   */
  bind<Value>(message: PageBinding<Value>, listener: (value: Value) => void): Promise<void>;
}

/** A function of the host that a page can call. */
export interface PageBinding<Value> {
  readonly name: string;
  /** Longest text, in characters: it is compared before the text is parsed. */
  readonly limitCharacters: number;
  /** The text is not JSON. */
  readonly isText?: boolean;
  readonly read: ReadPageValue<Value>;
}

/** One page of a browser, spoken to in Chrome DevTools Protocol. Whoever opened it closes it. Its own realm is the main world of its top document. */
export interface BrowserPage extends PageRealm, AsyncDisposable {
  /**
   * Sends one protocol command to this page.
   *
   * @throws RenderError `browser-closed` when the page or its browser is gone, before or during the call
   */
  send<Result = unknown>(method: string, params?: CdpParams): Promise<Result>;
  /** Calls the listener for each protocol event; the answer stops it. */
  on<Params = Record<string, unknown>>(event: string, listener: (params: Params) => void): () => void;
  /**
   * A world of its own in the top document: it shares the DOM, and none of the JavaScript, with the page's scripts, which can neither
   * see nor replace what is there. It lasts as long as the document.
   */
  isolated(): Promise<PageRealm>;
  /**
   * Ends the page because of a message that breaks the rules; `lost` and all calls that wait reject with the answer.
   *
   * @param message What came, such as "a frame notice"
   * @param why What is wrong with it
   * @returns RenderError `page-failed`
   */
  refuse(message: string, why: string): RenderError;
  /** Rejects with `browser-closed` or `page-failed` when the page is gone for another reason than `close`. Never resolves. */
  readonly lost: Promise<never>;
  close(): Promise<void>;
}

/** What the page's own code threw: its words, not ours. */
export class PageException extends Error {
  override readonly name: string = "PageException";
}

/** Whether the operating system confines what runs in pages. */
export interface BrowserSandbox {
  readonly enabled: boolean;
  /** Why it is off; null where it is on. */
  readonly reason: string | null;
}

/** A running browser, owned by whoever launched it. */
export interface Browser extends AsyncDisposable {
  /** Name and version as the browser gives them, such as "HeadlessChrome/156.0.8078.79". */
  readonly product: string;
  /** The folder of the profile where it lies on this host: files that pages write may be read there. */
  readonly profileFolder: string | null;
  readonly sandbox: BrowserSandbox;
  newPage(size: Size): Promise<BrowserPage>;
  /** Lets a page reach a port of this host that the job's `network`, or the browser, would forbid: that of a server of ours. */
  admit(port: number, page: BrowserPage): Promise<void>;
  close(): Promise<void>;
}
