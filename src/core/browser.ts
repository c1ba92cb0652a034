import type { Size } from "./frame.ts";

/** JSON that a DevTools call takes. */
export type CdpParams = Readonly<Record<string, unknown>>;

/** One page of a browser, spoken to in Chrome DevTools Protocol. Whoever opened it closes it. */
export interface BrowserPage extends AsyncDisposable {
  /**
   * Sends one protocol command to this page.
   *
   * @throws RenderError `browser-closed` when the page or its browser is gone, before or during the call
   */
  send<Result = unknown>(method: string, params?: CdpParams): Promise<Result>;
  /** Hears one protocol event; the answer stops it. */
  on<Params = Record<string, unknown>>(event: string, listener: (params: Params) => void): () => void;
  /**
   * Evaluates an expression in the page's main world, awaits a promise, and brings the value back as JSON.
   *
   * @throws PageException when the expression throws
   */
  evaluate<Result = unknown>(expression: string): Promise<Result>;
  /** Makes `globalThis[name](text)` in the page call `listener` on the host. Lasts as long as the page. */
  bind(name: string, listener: (payload: string) => void): Promise<void>;
  /** Rejects with `browser-closed` when the page is gone for another reason than `close`. Never resolves. */
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
