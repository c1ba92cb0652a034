import type { Browser, BrowserPage } from "../browser.ts";
import { injectionFailed, isRenderError, mediaUnreadable, type RenderError } from "../errors.ts";
import type { FrameCache, FrameCacheStatistics } from "../frame-cache.ts";
import type { FrameInjector, InjectedVideo, InjectorSession } from "../injector.ts";
import { lruFrameCache } from "../lru-frame-cache.ts";
import type { MediaFacts, MediaFiles } from "../media.ts";
import type { ChosenFeed, MediaAnswers, MediaHost, PageLink } from "../media-link.ts";
import { injectorFor } from "../policy/choose-injectors.ts";
import type { InjectorCandidate, Plan, PolicyInput } from "../policy/plan.ts";
import { named, tried } from "./candidate.ts";
import { within } from "./watchdog.ts";

export interface MediaDirectorOptions {
  readonly injectors: readonly FrameInjector[];
  readonly host: MediaHost;
  readonly files: MediaFiles;
  readonly signal: AbortSignal;
  /** Longest wait in milliseconds for an injector that is tried. */
  readonly trialLimitMs: number;
  /** Longest wait in milliseconds for bytes that a page reads. */
  readonly readLimitMs: number;
  warn(reason: string): void;
}

/**
 * Of the bytes that a job may keep, the share of the host where pictures come from it; and where none do, for videos that come
 * later. The rest is the pages', whoever feeds them: together they never hold more than the job may.
 */
const [HOST_SHARE, HOST_RESERVE] = [1 / 2, 1 / 8];
/** Longest wait for what a page kept, in milliseconds: a render that is done does not fail for it. */
const STATISTICS_MS = 2_000;
/** The page that pictures are compared with is fed as well. */
const REFERENCES = 1;

/** Files that the pages of a job may name. */
const MOST_SOURCES = 10_000;

/** A page that asks, and what was made ready for it, by injector. */
interface AskingPage {
  readonly page: BrowserPage;
  readonly browser: Browser;
  readonly read: PageLink["read"];
  readonly prepared: Map<string, Promise<void>>;
  /** The injector that feeds each source here: a page may ask no other. */
  readonly feeds: Map<string, string>;
}

/** The media of a job: what is known of each file, who feeds each video, and the one budget for pictures. */
export class MediaDirector implements AsyncDisposable {
  readonly #options: MediaDirectorOptions;
  readonly #facts = new Map<string, MediaFacts>();
  readonly #links: PageLink[] = [];
  readonly #sessions = new Map<string, Promise<InjectorSession>>();
  #cache: FrameCache | null = null;
  #hostShare: number = HOST_SHARE;
  #input: PolicyInput | null = null;
  #plan: Pick<Plan, "videos" | "cacheBytes" | "workers"> | null = null;
  #failure: RenderError | null = null;

  constructor(options: MediaDirectorOptions) {
    this.#options = options;
  }

  /** What went wrong in feeding since the last plan: the cause of a seek that failed. */
  get failure(): RenderError | null {
    return this.#failure;
  }

  /** Lets a page ask, before it loads the composition. */
  async attach(page: BrowserPage, browser: Browser): Promise<void> {
    const asking: AskingPage = {
      page,
      browser,
      read: (source, start, end) => link.read(source, start, end),
      prepared: new Map(),
      feeds: new Map(),
    };
    const link: PageLink = await this.#options.host.link(page, this.#answersFor(asking));
    this.#links.push(link);
  }

  /** Each injector, with what it answers for each video. */
  async candidates(videos: readonly MediaFacts[]): Promise<InjectorCandidate[]> {
    const { injectors, signal, trialLimitMs } = this.#options;
    return Promise.all(
      injectors.map(async (injector) => {
        const answers = videos.map(
          async (facts) => [facts.source, await tried(trialLimitMs, () => injector.probe(facts, { signal }))] as const,
        );
        return { name: injector.name, traits: injector.traits, support: Object.fromEntries(await Promise.all(answers)) };
      }),
    );
  }

  /** Follows a plan from here on. */
  follow(plan: Plan, input: PolicyInput): void {
    // Pages of an earlier plan are gone, or in an unknown state.
    if (this.#plan !== null) this.#links.length = 0;
    this.#plan = plan;
    this.#input = input;
    this.#failure = null;
    // A plan that takes another's place keeps what is there.
    if (this.#cache !== null) return;
    this.#hostShare = plan.videos.some(({ injector }) => injector !== null && this.#isCarried(injector)) ? HOST_SHARE : HOST_RESERVE;
    this.#cache = lruFrameCache(Math.max(1, Math.floor(plan.cacheBytes * this.#hostShare)));
  }

  /** The whole file of a source on this host. @throws RenderError `media-unreadable` */
  path(source: string): Promise<string> {
    return this.#pathBy(source, (...range) => this.#links.at(-1)!.read(...range));
  }

  /** What is known of a source; null where nobody read it. */
  factsOf(source: string): MediaFacts | null {
    return this.#facts.get(source) ?? null;
  }

  /** What was kept over all pages and the host; null where no video was fed. To be asked while the pages are open. */
  async statistics(): Promise<FrameCacheStatistics | null> {
    const late = (): Error => new Error("a page does not say what it kept");
    const ofPages = await Promise.all(this.#links.map((link) => within(STATISTICS_MS, link.statistics(), late).catch(() => null)));
    const all = [...(this.#sessions.size > 0 && this.#cache ? [this.#cache.statistics] : []), ...ofPages.filter((one) => one !== null)];
    if (all.length === 0) return null;
    const sum = (count: (one: FrameCacheStatistics) => number): number => all.reduce((total, one) => total + count(one), 0);
    return {
      budgetBytes: this.#plan!.cacheBytes,
      entries: sum(({ entries }) => entries),
      bytes: sum(({ bytes }) => bytes),
      peakBytes: sum(({ peakBytes }) => peakBytes),
      hits: sum(({ hits }) => hits),
      misses: sum(({ misses }) => misses),
      evictions: sum(({ evictions }) => evictions),
      rejections: sum(({ rejections }) => rejections),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    await Promise.all(sessions.map((one) => (one.status === "fulfilled" ? one.value.close() : null)));
    this.#cache?.clear();
  }

  #answersFor(asking: AskingPage): MediaAnswers {
    return {
      facts: (source) => this.factsOf(source),
      learned: (facts) => this.#learn(facts, asking),
      feed: async (facts) => {
        try {
          return await this.#feed(facts, asking);
        } catch (thrown) {
          if (isRenderError(thrown)) this.#fail(thrown);
          throw thrown;
        }
      },
      failed: (injector, source, why) => {
        assertFeeds(asking, injector, source);
        this.#fail(injectionFailed(injector, source, why));
      },
      ask: async (injector, source, question) => {
        assertFeeds(asking, injector, source);
        const facts: MediaFacts | undefined = this.#facts.get(source);
        if (facts === undefined) throw new TypeError(`Unknown media source "${source}"`);
        const video: InjectedVideo = { facts, path: () => this.#pathBy(source, asking.read) };
        try {
          return await (await this.#session(injector)).answer(question, video);
        } catch (thrown) {
          this.#fail(isRenderError(thrown) ? thrown : injectionFailed(injector, source, String(thrown), thrown));
          throw thrown;
        }
      },
    };
  }

  #learn(facts: MediaFacts, { page }: AskingPage): void {
    if (!this.#facts.has(facts.source) && this.#facts.size >= MOST_SOURCES)
      throw page.refuse("a media source", `${MOST_SOURCES} others are known already`);
    this.#facts.set(facts.source, facts);
  }

  async #feed(facts: MediaFacts, asking: AskingPage): Promise<ChosenFeed | null> {
    const { page, browser, prepared, feeds } = asking;
    if (this.#plan === null) throw new TypeError("No injector has been chosen yet");
    this.#learn(facts, asking);
    const name: string | null = await this.#injectorOf(facts);
    if (name === null) return null;
    feeds.set(facts.source, name);
    const session: InjectorSession = await this.#session(name);
    const preparing: Promise<void> = prepared.get(name) ?? Promise.resolve(session.prepare?.(page, browser));
    prepared.set(name, preparing);
    await preparing;
    const { cacheBytes, workers } = this.#plan!;
    const ofPages: number = cacheBytes * (1 - this.#hostShare);
    return { injector: name, pageScript: session.pageScript, cacheBytes: Math.floor(ofPages / (workers + REFERENCES)) };
  }

  /** Whether its pictures come from the host. */
  #isCarried(name: string): boolean {
    return named(this.#options.injectors, name).traits.pictures !== "none";
  }

  /** As planned, or, for a video that came later, by the same rules. */
  async #injectorOf(facts: MediaFacts): Promise<string | null> {
    const planned = this.#plan!.videos.find(({ source }) => source === facts.source);
    if (planned !== undefined) return planned.injector;
    const late: readonly InjectorCandidate[] = await this.candidates([facts]);
    const injectors: InjectorCandidate[] = [];
    for (const [at, { name, traits, support }] of this.#input!.injectors.entries())
      injectors.push({ name, traits, support: { ...support, ...late[at]?.support } });
    return injectorFor({ ...this.#input!, injectors }, facts).injector;
  }

  #session(name: string): Promise<InjectorSession> {
    const { injectors, signal, warn } = this.#options;
    const open = (): Promise<InjectorSession> => named(injectors, name).open({ cache: this.#cache!, signal, warn });
    const session: Promise<InjectorSession> = this.#sessions.get(name) ?? open();
    this.#sessions.set(name, session);
    return session;
  }

  #pathBy(source: string, read: PageLink["read"]): Promise<string> {
    const { files, readLimitMs } = this.#options;
    const late = (): Error => mediaUnreadable(source, `the page gave no bytes of it for ${readLimitMs} ms`);
    return files.pathOf(source, (start, end) => within(readLimitMs, read(source, start, end), late));
  }

  #fail(failure: RenderError): void {
    this.#failure ??= failure;
  }
}

/** @throws RenderError `page-failed` where a page asks an injector that does not feed this source in it */
function assertFeeds({ feeds, page }: AskingPage, injector: string, source: string): void {
  if (feeds.get(source) !== injector)
    throw page.refuse("a question about media", `the injector "${injector.slice(0, 100)}" does not feed "${source.slice(0, 200)}" here`);
}
