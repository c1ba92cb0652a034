import type { Browser, BrowserPage } from "../core/browser.ts";
import type { FrameCache, FrameCacheStatistics } from "../core/frame-cache.ts";
import type { FrameInjector, InjectorSession } from "../core/injector.ts";
import { lruFrameCache } from "../core/lru-frame-cache.ts";
import type { MediaFacts, MediaFiles } from "../core/media.ts";
import type { MediaAnswers, MediaHost, PageLink } from "../core/media-link.ts";

/** Room for pictures, in bytes: more than any injector has ready ahead for a few videos. */
const ROOM_BYTES = 512e6;

/** What was kept of the pictures of a page. */
export interface KeptOfPage {
  /** Null where the page kept none. */
  readonly page: FrameCacheStatistics | null;
  readonly host: FrameCacheStatistics;
}

/** One injector that feeds all videos of one page, as a render has it do. */
export class PageFeeding implements AsyncDisposable {
  readonly #injector: FrameInjector;
  readonly #host: MediaHost;
  readonly #files: MediaFiles;
  readonly #signal: AbortSignal;
  readonly #cache: FrameCache = lruFrameCache(ROOM_BYTES);
  readonly #facts = new Map<string, MediaFacts>();
  #session: Promise<InjectorSession> | null = null;
  #prepared: Promise<void> | null = null;
  #link: PageLink | null = null;
  #fault: Error | null = null;

  constructor(injector: FrameInjector, host: MediaHost, files: MediaFiles, signal: AbortSignal) {
    [this.#injector, this.#host, this.#files, this.#signal] = [injector, host, files, signal];
  }

  /** What went wrong in feeding: the cause of a seek that failed. */
  get fault(): Error | null {
    return this.#fault;
  }

  /** Before the page loads the composition. */
  async attach(page: BrowserPage, browser: Browser): Promise<void> {
    this.#link = await this.#host.link(page, this.#answers(page, browser));
  }

  /** While the page is open. */
  async kept(): Promise<KeptOfPage> {
    return { page: (await this.#link?.statistics()) ?? null, host: this.#cache.statistics };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.then(
      (session) => session.close(),
      () => {},
    );
    this.#cache.clear();
  }

  #answers(page: BrowserPage, browser: Browser): MediaAnswers {
    const { name } = this.#injector;
    return {
      facts: (source) => this.#facts.get(source) ?? null,
      learned: (facts) => void this.#facts.set(facts.source, facts),
      feed: () =>
        this.#noting(async () => {
          const session: InjectorSession = await this.#opened();
          await (this.#prepared ??= Promise.resolve(session.prepare?.(page, browser)));
          return { injector: name, pageScript: session.pageScript, cacheBytes: ROOM_BYTES };
        }),
      failed: (_, source, why) => {
        this.#fault ??= new Error(`it gave no picture of "${source}": ${why}`);
      },
      ask: (_, source, question) =>
        this.#noting(async () => {
          const facts: MediaFacts = this.#facts.get(source)!;
          const path = (): Promise<string> => this.#files.pathOf(source, (start, end) => this.#link!.read(source, start, end));
          return (await this.#opened()).answer(question, { facts, path });
        }),
    };
  }

  #opened(): Promise<InjectorSession> {
    return (this.#session ??= this.#injector.open({ cache: this.#cache, signal: this.#signal, warn: () => {} }));
  }

  async #noting<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (thrown) {
      this.#fault ??= thrown instanceof Error ? thrown : new Error(String(thrown));
      throw thrown;
    }
  }
}
