import type { Browser, BrowserPage } from "./browser.ts";
import type { FrameCache } from "./frame-cache.ts";
import type { MediaFacts } from "./media.ts";
import type { Support } from "./support.ts";

/** Puts the right picture of each video into the page at each time. A plain object, made by a factory. */
export interface FrameInjector {
  readonly contract: 1;
  readonly name: string;
  readonly traits: InjectorTraits;
  /** Whether it can feed this video here. Never rejects for a lack; says it. */
  probe(video: MediaFacts, context: InjectorProbeContext): Promise<Support>;
  /** Once a job, whichever number of pages and videos it feeds. */
  open(context: InjectorContext): Promise<InjectorSession>;
}

/** What an injector is, as plain JSON. */
export interface InjectorTraits {
  /** Where pictures are decoded: by the page itself, or by a process of this host. */
  readonly decodesIn: "page" | "process";
  /** How they come into the page: `none` are carried, each is `pushed` by the host, or `fetched` by the page from a server. */
  readonly pictures: "none" | "pushed" | "fetched";
  /** They come from the server that gives page and media, and wait behind these. */
  readonly sharesPageServer: boolean;
  /** It needs a page of https or of this host. */
  readonly needsSecureContext: boolean;
}

export interface InjectorProbeContext {
  readonly signal?: AbortSignal;
}

export interface InjectorContext {
  /** Of the job: one for all injectors and workers. */
  readonly cache: FrameCache;
  readonly signal: AbortSignal;
  warn(reason: string): void;
}

/** An open video of which pictures are asked for. */
export interface InjectedVideo {
  readonly facts: MediaFacts;
  /** The whole file on this host. @throws RenderError `media-unreadable` */
  path(): Promise<string>;
}

export interface InjectorSession extends AsyncDisposable {
  /**
   * What runs in the page: a JavaScript expression that gives an `OpenFeed` of `framewright/page`. It is evaluated once in
   * each page that needs it.
   */
  readonly pageScript: string;
  /** Makes a page ready for `pageScript`, once before it is evaluated there, such as by letting it reach a server of ours. */
  prepare?(page: BrowserPage, browser: Browser): Promise<void>;
  /**
   * Answers what the feed in the page asks: JSON both ways.
   *
   * @throws RenderError `media-unreadable`, `aborted`
   */
  answer(question: unknown, video: InjectedVideo): Promise<unknown>;
  /** Ends everything that the session started. May be called twice, never rejects. */
  close(): Promise<void>;
}
