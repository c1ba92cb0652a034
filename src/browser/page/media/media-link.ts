import type { MediaFacts } from "../../../core/media.ts";
import { MEDIA_ANSWER, MEDIA_BINDING, type AskedOfHost, type FeedChoice, type MediaAnswer, type MediaQuestion } from "../../messages.ts";
import { describe } from "../words.ts";
import { FEEDS_KEY, READER_KEY, type MediaReader } from "./reader.ts";
import type { FeedHost, OpenFeed, PictureFeed } from "./feed.ts";
import { CountedMemory } from "./picture-memory.ts";

interface Asking {
  resolve(value: unknown): void;
  reject(reason: Error): void;
}

/** An open feed, and who gives it. */
export interface OpenedFeed {
  readonly feed: PictureFeed;
  readonly injector: string;
}

/** What this page asks of the host and of what the host puts into its top window. */
export class MediaLink {
  readonly #view: Window;
  readonly #asking = new Map<string, Asking>();
  readonly #facts = new Map<string, Promise<MediaFacts>>();
  readonly #choices = new Map<string, Promise<FeedChoice>>();
  /** Of this document: answers to one that is gone find nobody. Taken before the page's random numbers are ours. */
  readonly #document: string = Math.random().toString(36).slice(2);
  #asked = 0;
  #reader: Promise<MediaReader> | undefined;
  #memory: CountedMemory | undefined;

  constructor(view: Window) {
    this.#view = view;
  }

  /** What a file is: as another page has learned it, or as it is read here. Rejects with why it cannot be read. */
  facts(url: string): Promise<MediaFacts> {
    const known: Promise<MediaFacts> | undefined = this.#facts.get(url);
    if (known) return known;
    const facts: Promise<MediaFacts> = this.#learn(url);
    this.#facts.set(url, facts);
    // One that is told to load again is read again.
    facts.catch(() => this.#facts.delete(url));
    return facts;
  }

  /** Which injector feeds a video; asked once a source. */
  choice(facts: MediaFacts): Promise<FeedChoice> {
    const choice: Promise<FeedChoice> = this.#choices.get(facts.source) ?? this.#ask<FeedChoice>({ ask: "feed", facts });
    this.#choices.set(facts.source, choice);
    return choice;
  }

  /** Opens the pictures of a video. The caller closes them. Null where the browser itself is to play it. */
  async open(facts: MediaFacts, url: string): Promise<OpenedFeed | null> {
    const { injector, cacheBytes } = await this.choice(facts);
    if (injector === null) return null;
    const memory: CountedMemory = (this.#memory ??= new CountedMemory(this.#top));
    memory.budgetBytes = cacheBytes;
    const host: FeedHost = {
      ask: (question) => this.#ask({ ask: "injector", injector, source: facts.source, question }),
      memory,
    };
    const { [FEEDS_KEY]: feeds } = this.#top as unknown as { readonly [FEEDS_KEY]: Readonly<Record<string, OpenFeed>> };
    try {
      return { feed: await feeds[injector]!({ facts, url }, host), injector };
    } catch (thrown) {
      return this.fail(injector, facts.source, thrown);
    }
  }

  /** Tells the host that no picture comes of a feed; rejects with why. */
  async fail(injector: string, source: string, thrown: unknown): Promise<never> {
    const why: string = describe(thrown);
    await this.#ask({ ask: "failed", injector, source, why });
    throw new Error(`The injector "${injector}" gave no picture of ${source}: ${why}`, { cause: thrown });
  }

  async #learn(url: string): Promise<MediaFacts> {
    const source: string = /^https?:/.test(url) ? withoutFragment(url) : await (await this.#openReader()).sourceOf(url);
    const learned: MediaFacts | null = await this.#ask<MediaFacts | null>({ ask: "facts", source });
    if (learned) return learned;
    const reader: MediaReader = await this.#openReader();
    const facts: MediaFacts = await reader.read(url);
    await this.#ask({ ask: "learned", facts });
    return facts;
  }

  #openReader(): Promise<MediaReader> {
    return (this.#reader ??= this.#ask({ ask: "reader" }).then(
      () => (this.#top as unknown as { readonly [READER_KEY]: MediaReader })[READER_KEY],
    ));
  }

  get #top(): Window {
    return this.#view.top!;
  }

  #ask<Answer = unknown>(question: MediaQuestion): Promise<Answer> {
    if (this.#asked === 0) this.#hear();
    const asked: AskedOfHost = { id: `${this.#document}-${++this.#asked}`, question };
    const { [MEDIA_BINDING]: tell } = this.#view as unknown as { readonly [MEDIA_BINDING]: (asked: string) => void };
    return new Promise<Answer>((resolve, reject) => {
      this.#asking.set(asked.id, { resolve: resolve as (value: unknown) => void, reject });
      tell(JSON.stringify(asked));
    });
  }

  #hear(): void {
    const answer = (id: string, said: MediaAnswer): void => {
      const asking: Asking | undefined = this.#asking.get(id);
      this.#asking.delete(id);
      if ("fault" in said) asking?.reject(new Error(said.fault));
      else asking?.resolve(said.value);
    };
    Object.defineProperty(this.#top, MEDIA_ANSWER, { value: answer, configurable: true });
  }
}

function withoutFragment(url: string): string {
  const { href, hash } = new URL(url);
  return href.slice(0, href.length - hash.length);
}
