import { fromBase64 } from "../core/base64.ts";
import type { BrowserPage } from "../core/browser.ts";
import { messageOf } from "../core/errors.ts";
import type { FrameCacheStatistics } from "../core/frame-cache.ts";
import type { MediaAnswers, PageLink } from "../core/media-link.ts";
import { mediaReaderScript } from "./generated/media-reader-script.ts";
import { MEDIA_ANSWER, MEDIA_BINDING, type AskedOfHost, type FeedChoice, type MediaAnswer, type MediaQuestion } from "./messages.ts";
import { FEEDS_KEY, READER_KEY } from "./page/media/reader.ts";

/** Lets a page ask the host about its media. Its scripts come only when they are needed. */
export async function linkMedia(page: BrowserPage, answers: MediaAnswers): Promise<PageLink> {
  const answering = new MediaLink(page, answers);
  await page.bind(MEDIA_BINDING, (asked) => void answering.answer(JSON.parse(asked) as AskedOfHost));
  return {
    read: async (source, start, end) => {
      await answering.openReader();
      return fromBase64(await page.evaluate<string>(`${READER_KEY}.bytes(${JSON.stringify(source)}, ${start}, ${end})`));
    },
    // A page that is gone keeps nothing.
    statistics: () => page.evaluate<FrameCacheStatistics | null>(`globalThis.__framewrightMediaStatistics?.() ?? null`).catch(() => null),
  };
}

class MediaLink {
  readonly #page: BrowserPage;
  readonly #answers: MediaAnswers;

  constructor(page: BrowserPage, answers: MediaAnswers) {
    this.#page = page;
    this.#answers = answers;
  }

  async answer({ id, question }: AskedOfHost): Promise<void> {
    let answer: MediaAnswer;
    try {
      answer = { value: (await this.#answerTo(question)) ?? null };
    } catch (thrown) {
      answer = { fault: messageOf(thrown) };
    }
    // A document that asked and is gone waits for nothing, nor does a page that has closed.
    const expression = `globalThis.${MEDIA_ANSWER}?.(${JSON.stringify(id)}, ${JSON.stringify(answer)})`;
    await this.#page.send("Runtime.evaluate", { expression }).catch(() => {});
  }

  /** Once a document: one that took its place has lost what was there. */
  async openReader(): Promise<void> {
    await this.#page.evaluate(`if (globalThis.${READER_KEY} === undefined) { ${mediaReaderScript} }`);
  }

  async #answerTo(question: MediaQuestion): Promise<unknown> {
    switch (question.ask) {
      case "reader":
        return this.openReader();
      case "facts":
        return this.#answers.facts(question.source);
      case "learned":
        return this.#answers.learned(question.facts);
      case "feed":
        return this.#openFeed(question);
      case "failed":
        return this.#answers.failed(question.injector, question.source, question.why);
      case "injector":
        return this.#answers.ask(question.injector, question.source, question.question);
    }
  }

  async #openFeed({ facts }: Extract<MediaQuestion, { ask: "feed" }>): Promise<FeedChoice> {
    const chosen = await this.#answers.feed(facts);
    if (chosen === null) return { injector: null, cacheBytes: 0 };
    const { injector, pageScript, cacheBytes } = chosen;
    const feeds = `(globalThis.${FEEDS_KEY} ??= {})`;
    await this.#page.evaluate(`${feeds}[${JSON.stringify(injector)}] ??= (${pageScript}\n), null`);
    return { injector, cacheBytes };
  }
}
