import type { BrowserPage } from "./browser.ts";
import type { FrameCacheStatistics } from "./frame-cache.ts";
import type { PageAddress } from "./host.ts";
import type { MediaFacts, MediaFiles } from "./media.ts";

/** How a runtime reaches the media of pages. */
export interface MediaHost {
  /** The files, for parts that run on this host. */
  openFiles(address: PageAddress, options: MediaFilesOptions): Promise<MediaFiles & AsyncDisposable>;
  /** Lets a page ask, before it loads the composition. The link ends with the page. */
  link(page: BrowserPage, answers: MediaAnswers): Promise<PageLink>;
}

export interface MediaFilesOptions {
  /** Ends what is being copied. */
  readonly signal: AbortSignal;
  /** Most bytes of all copies together. */
  readonly mediaBytes: number;
}

/** A page that may ask. */
export interface PageLink {
  /** At least one of the bytes `[start, end)` of a source that the page may read, from `start` on; none at its end. */
  read(source: string, start: number, end: number): Promise<Uint8Array>;
  /** What the page kept of pictures; null where it was fed none, or is gone. */
  statistics(): Promise<FrameCacheStatistics | null>;
}

/** What a page is answered. Rejections reach it as their words. */
export interface MediaAnswers {
  /** What another page of the job learned; null where nobody did. */
  facts(source: string): MediaFacts | null;
  learned(facts: MediaFacts): void;
  /** Who feeds a video; null leaves it to the browser. */
  feed(facts: MediaFacts): Promise<ChosenFeed | null>;
  /** No picture comes from a feed in the page any more. */
  failed(injector: string, source: string, why: string): void;
  /** What a feed in the page asks of the injector's session. */
  ask(injector: string, source: string, question: unknown): Promise<unknown>;
}

export interface ChosenFeed {
  readonly injector: string;
  readonly pageScript: string;
  /** Bytes of pictures that this page may keep, over all videos. */
  readonly cacheBytes: number;
}
